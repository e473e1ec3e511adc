"""What every channel does, on each of them against its fake platform."""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from service.channels.account_state import problem_of
from service.channels.message import Choice, Kind, Outbound, Sent
from service.channels.port import Channel
from service.errors import BadInput, NotAllowed
from tests.fakes import messenger, zalo_bot, zalo_oa
from tests.fakes.desk import FakeDesk
from tests.fakes.platform import Faults
from tests.fixtures.channels import KITS, Kit, OpenHub, channel_of

BODY_MESSENGER = (
    rb'{"object":"page","entry":[{"id":"1001","time":1767225600123,"messaging":[{"sender":{"id":'
    rb'"2002"},"recipient":{"id":"1001"},"timestamp":1767225600000,"message":{"mid":"m_test1",'
    rb'"text":"Xin ch\u00e0o"}}]}]}'
)
BODY_ZALO = (
    '{"app_id":"360000000000000001","sender":{"id":"246000000000000002"},"user_id_by_app":'
    '"552000000000000003","recipient":{"id":"388000000000000004"},"event_name":"user_send_text",'
    '"message":{"text":"Giờ mở cửa?","msg_id":"96d3cdf3af150460909"},"timestamp":"1767225600000"}'
).encode()
MAC_MESSENGER = "5d17088cb0eac14241872643be781a4666632cc5f2e184cbe4ace30c7d05ccb7"
MAC_ZALO = "f4ea9d5c1997c560d13aa70480de3ccadf167cd5bf44a5c1a643568e560b5327"


@pytest.fixture
def channel(kit: Kit, sqlite_engine: Engine, open_hub: OpenHub) -> Channel:
    hub = open_hub(sqlite_engine, FakeDesk(), kit.platform, channel_timeout_s=2)
    return channel_of(hub, kit.name)


@pytest.fixture
def others(sqlite_engine: Engine, open_hub: OpenHub) -> dict[str, Channel]:
    """All three at once; nobody listens at the platforms' addresses."""
    platforms = [make() for make, _ in KITS.values()]
    for platform in platforms:
        platform.stop_listening()
    hub = open_hub(sqlite_engine, FakeDesk(), *platforms)
    return {account.channel.name: account.channel for account in hub.accounts}


class TestParse:
    def test_a_text_says_who_wrote_what_when(self, kit: Kit, channel: Channel) -> None:
        (event,) = channel.parse(kit.text("u1", "Giờ mở cửa?", "m1", 1_767_225_600_000))
        assert (event.channel, event.account_id) == (kit.name, kit.account_id)
        assert (event.user_id, event.kind, event.text) == ("u1", Kind.TEXT, "Giờ mở cửa?")
        assert event.sent_at == datetime(2026, 1, 1, tzinfo=UTC)

    def test_a_retry_has_the_same_key_and_nothing_else_has(
        self, kit: Kit, channel: Channel
    ) -> None:
        def key(*arguments: object) -> str:
            return channel.parse(kit.text(*arguments))[0].key

        assert key("u1", "A", "m1", 1_767_225_600_000) == key("u1", "A", "m1", 1_767_225_600_000)
        assert key("u1", "A", "m1") != key("u1", "A", "m2")

    @pytest.mark.parametrize("body", [b"", b"no", b"[]", b'"x"', b"[" * 100_000, b"\xff\xfe"])
    def test_what_is_no_event_is_refused(self, channel: Channel, body: bytes) -> None:
        with pytest.raises(BadInput):
            channel.parse(body)

    @pytest.mark.parametrize(
        "junk", [{"message": 7}, {"message": []}, {"message": {"text": ["x"]}}]
    )
    def test_an_unreadable_event_is_left_out(
        self, kit: Kit, channel: Channel, junk: dict[str, object]
    ) -> None:
        body = json.loads(kit.text("u1", "A", "m1"))
        inner = body["entry"][0]["messaging"][0] if kit.name == "messenger" else body
        inner = inner["result"] if kit.name == "zalo_bot" else inner
        inner.update(junk)
        assert channel.parse(json.dumps(body).encode()) == []

    def test_every_event_of_a_batch(self, others: dict[str, Channel]) -> None:
        events = [messenger.text("u1", f"câu {n}", f"m{n}") for n in range(1000)]
        parsed = others["messenger"].parse(messenger.batch(*events))
        assert [event.text for event in parsed] == [f"câu {n}" for n in range(1000)]

    @pytest.mark.parametrize(
        ("name", "body"),
        [
            ("messenger", messenger.batch(messenger.text("u", "A", "m"), page="77")),
            ("messenger", b'{"object":"page","entry":[]}'),
            (
                "messenger",
                b'{"entry":[{"id":"1001","standby":[{"message":{"mid":"m"}}],"changes":[{}]}]}',
            ),
            ("messenger", messenger.batch(messenger.event("u", delivery={"watermark": 1}))),
            ("messenger", messenger.batch(messenger.event("u", read={"watermark": 1}))),
            ("messenger", messenger.batch(messenger.event("u", reaction={"emoji": "x"}))),
            ("zalo_oa", zalo_oa.from_user("u", {"text": "A", "msg_id": "1"}, oa="77")),
            ("zalo_oa", zalo_oa.event("user_seen_message", recipient={"id": zalo_oa.OA})),
            ("zalo_oa", zalo_oa.event("something_new", sender={"id": "u"})),
            ("zalo_oa", zalo_oa.event("anonymous_send_text", sender={"id": "u"})),
            ("zalo_bot", zalo_bot.body(zalo_bot.update("u", "A", "1", name="bot.renamed"))),
            ("zalo_bot", zalo_bot.body(zalo_bot.update("g", "A", "1", chat_type="GROUP"))),
        ],
    )
    def test_not_for_us(self, others: dict[str, Channel], name: str, body: bytes) -> None:
        assert others[name].parse(body) == []

    @pytest.mark.parametrize(
        ("name", "body", "kind"),
        [
            ("messenger", messenger.batch(messenger.echo("u", "A", "m")), Kind.ECHO),
            ("messenger", messenger.batch(messenger.echo("u", "A", "m", app="9")), Kind.TAKEOVER),
            ("messenger", messenger.batch(messenger.echo("u", "A", "m", app=None)), Kind.TAKEOVER),
            ("messenger", messenger.batch(messenger.tap("u", "A", "faq:x", "m")), Kind.TAP),
            (
                "messenger",
                messenger.batch(messenger.event("u", postback={"payload": "faq:x"})),
                Kind.TAP,
            ),
            (
                "messenger",
                messenger.batch(messenger.event("u", postback={"payload": "GET_STARTED"})),
                Kind.FOLLOW,
            ),
            (
                "messenger",
                messenger.batch(
                    messenger.event("u", message={"mid": "m", "attachments": [{"type": "image"}]})
                ),
                Kind.MEDIA,
            ),
            (
                "messenger",
                messenger.batch(
                    messenger.event(
                        "u",
                        message={
                            "mid": "m",
                            "attachments": [{"type": "image", "payload": {"sticker_id": 369}}],
                        },
                    )
                ),
                Kind.STICKER,
            ),
            ("zalo_oa", zalo_oa.echo("u", "A", "1"), Kind.ECHO),
            ("zalo_oa", zalo_oa.echo("u", "A", "1", admin="9"), Kind.TAKEOVER),
            ("zalo_oa", zalo_oa.follow("u"), Kind.FOLLOW),
            ("zalo_oa", zalo_oa.follow("u", "unfollow"), Kind.UNFOLLOW),
            ("zalo_oa", zalo_oa.withdraw("u"), Kind.WITHDRAW),
            ("zalo_oa", zalo_oa.text("u", "#faq_x", "1"), Kind.TAP),
            ("zalo_oa", zalo_oa.from_user("u", {"msg_id": "1"}, "user_send_image"), Kind.MEDIA),
            ("zalo_oa", zalo_oa.from_user("u", {"msg_id": "1"}, "user_send_sticker"), Kind.STICKER),
            (
                "zalo_bot",
                zalo_bot.body(zalo_bot.update("u", "A", "1"), wrapped=False),
                Kind.TEXT,
            ),
            (
                "zalo_bot",
                zalo_bot.body(zalo_bot.update("u", "", "1", name="message.sticker.received")),
                Kind.STICKER,
            ),
        ],
    )
    def test_kinds(self, others: dict[str, Channel], name: str, body: bytes, kind: Kind) -> None:
        (event,) = others[name].parse(body)
        assert (event.kind, event.user_id) == (kind, "u")

    def test_time_stamps_come_as_numbers_and_as_strings(self, others: dict[str, Channel]) -> None:
        content = messenger.text("u", "A", "m") | {"timestamp": "1767225600000"}
        (event,) = others["messenger"].parse(messenger.batch(content))
        assert event.sent_at == datetime(2026, 1, 1, tzinfo=UTC)


class TestSend:
    def test_it_arrives(self, kit: Kit, channel: Channel) -> None:
        delivery = channel.send("u1", Outbound("Chào bạn"), ref="r1")
        assert (delivery.state, delivery.message_id) == (Sent.OK, "out-1")
        assert kit.platform.texts("u1") == ["Chào bạn"]

    def test_the_longest_text_is_taken(self, kit: Kit, channel: Channel) -> None:
        text = "ệ" * channel.limits.text_chars
        assert channel.send("u1", Outbound(text), ref="r1").state is Sent.OK
        assert channel.send("u1", Outbound(text + "."), ref="r2").state is Sent.REFUSED

    def test_a_tapped_button_comes_back(self, kit: Kit, channel: Channel) -> None:
        if not kit.buttons:
            assert channel.limits.choices == 0
            return
        channel.send("u1", Outbound("Chọn", (Choice("1. Giờ", "faq:hours"),)), ref="r1")
        ((title, sent_back),) = kit.platform.delivered[0].buttons
        if kit.name == "messenger":
            body = messenger.batch(messenger.tap("u1", title, sent_back, "m1"))
        else:
            body = zalo_oa.text("u1", sent_back, "m1")
        (event,) = channel.parse(body)
        assert (title, event.kind, event.payload) == ("1. Giờ", Kind.TAP, "faq:hours")

    @pytest.mark.parametrize(
        ("mishap", "state", "delivered"),
        [
            ("fail", Sent.RETRY, 0),
            ("drop_before", Sent.UNSURE, 0),
            ("drop_after", Sent.UNSURE, 1),
            ("slow_after", Sent.UNSURE, 1),
        ],
    )
    def test_mishaps(
        self, kit: Kit, channel: Channel, mishap: str, state: Sent, delivered: int
    ) -> None:
        kit.platform.faults = Faults(**{mishap: 1.0}, slow_s=4.0)
        assert channel.send("u1", Outbound("A"), ref="r1").state is state
        assert len(kit.platform.delivered) == delivered

    @pytest.mark.parametrize("kit_name", list(KITS))
    def test_nobody_listens(self, others: dict[str, Channel], kit_name: str) -> None:
        assert others[kit_name].send("u1", Outbound("A"), ref="r1").state is Sent.RETRY

    def test_a_person_out_of_reach_is_final(self, kit: Kit, channel: Channel) -> None:
        kit.platform.blocked = {"u1"}
        delivery = channel.send("u1", Outbound("A"), ref="r1")
        assert delivery.state is Sent.REFUSED
        assert delivery.reason

    def test_too_many_calls_are_retried_later(self, kit: Kit, channel: Channel) -> None:
        kit.platform.error = {"messenger": (613, 0), "zalo_oa": -32, "zalo_bot": 429}[kit.name]
        delivery = channel.send("u1", Outbound("A"), ref="r1")
        assert delivery.state is Sent.RETRY
        assert delivery.retry_after_s
        assert delivery.retry_after_s >= 30

    def test_a_dead_token_is_the_operators_business(self, kit: Kit, channel: Channel) -> None:
        kit.platform.token = "another"
        if kit.name == "zalo_oa":
            kit.platform.refresh_tokens = set()
        assert channel.send("u1", Outbound("A"), ref="r1").state is Sent.NO_ACCESS
        with pytest.raises(NotAllowed, match=kit.account_id):
            channel.probe()

    def test_tokens_stay_out_of_the_logs(
        self, kit: Kit, channel: Channel, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        caplog.set_level(logging.DEBUG, logger="httpx")  # the service's own logging turns it down
        channel.send("u1", Outbound("A"), ref="r1")
        kit.platform.faults = Faults(drop_before=1.0)
        delivery = channel.send("u1", Outbound("A"), ref="r1")
        written = caplog.text + str(delivery.reason)
        assert "HTTP Request: POST" in caplog.text
        secrets = (messenger.PAGE_TOKEN, "access-1", "refresh-", zalo_bot.TOKEN, "bot-token")
        assert [secret for secret in secrets if secret in written] == []

    def test_the_platform_says_who_we_are(self, channel: Channel) -> None:
        assert channel.probe()


MESSENGER_ERRORS = {
    **dict.fromkeys([(1, 0), (2, 0), (4, 0), (613, 0)], Sent.RETRY),
    **dict.fromkeys([(10, 2018278), (551, 0), (100, 2018001)], Sent.REFUSED),
    **dict.fromkeys([(200, 0), (230, 0), (368, 0)], Sent.REFUSED),
    (190, 0): Sent.NO_ACCESS,
}
ZALO_REFUSED = (-201, -210, -211, -213, -218, -224, -227, -230, -232, -244)
ZALO_ERRORS = {**dict.fromkeys(ZALO_REFUSED, Sent.REFUSED), -32: Sent.RETRY, -99: Sent.RETRY}


def test_error_codes_of_messenger(
    messenger_platform: messenger.FakeMessenger, sqlite_engine: Engine, open_hub: OpenHub
) -> None:
    channel = channel_of(open_hub(sqlite_engine, FakeDesk(), messenger_platform), "messenger")
    results = {}
    for error in MESSENGER_ERRORS:
        messenger_platform.error = error
        results[error] = channel.send("u1", Outbound("A"), ref="r1").state
    assert results == MESSENGER_ERRORS


def test_error_codes_of_zalo(
    oa_platform: zalo_oa.FakeZaloOa, sqlite_engine: Engine, open_hub: OpenHub
) -> None:
    channel = channel_of(open_hub(sqlite_engine, FakeDesk(), oa_platform), "zalo_oa")
    results = {}
    for error in ZALO_ERRORS:
        oa_platform.error = error
        results[error] = channel.send("u1", Outbound("A"), ref="r1").state
    assert results == ZALO_ERRORS


class TestSecurity:
    """The same attacks on each channel."""

    def test_the_platforms_own_requests_pass(self, kit: Kit, channel: Channel) -> None:
        body = kit.text("u1", "Học phí?", "m1")
        assert channel.verify(kit.sign(body), body)

    def test_no_signature(self, kit: Kit, channel: Channel) -> None:
        body = kit.text("u1", "A", "m1")
        assert not channel.verify({}, body)
        assert not channel.verify(dict.fromkeys(kit.sign(body), ""), body)

    def test_forged(self, kit: Kit, channel: Channel) -> None:
        body = kit.text("u1", "A", "m1")
        assert not channel.verify(kit.sign(body, "another secret"), body)
        assert not channel.verify(dict.fromkeys(kit.sign(body), "ế"), body)

    @pytest.mark.parametrize(
        "change",
        [
            lambda body: body[:-1],
            lambda body: body + b" ",
            lambda body: json.dumps(json.loads(body), indent=1).encode(),
            lambda body: body.replace(b"A", b"B"),
        ],
    )
    def test_a_changed_body(self, kit: Kit, channel: Channel, change: object) -> None:
        if not kit.signs_body:
            pytest.skip("this platform sends a shared secret and signs nothing")
        body = kit.text("u1", "A", "m1")
        changed = change(body)  # type: ignore[operator]
        assert changed != body
        assert not channel.verify(kit.sign(body), changed)

    @pytest.mark.parametrize("body", [b"", b"{}", b"not json", b"[" * 100_000, b"\xff"])
    def test_nonsense(self, channel: Channel, body: bytes) -> None:
        headers = {"x-hub-signature-256": "sha256=", "x-zevent-signature": ""}
        assert not channel.verify(headers, body)


class TestVectors:
    def test_messenger(self, others: dict[str, Channel]) -> None:
        headers = {"x-hub-signature-256": f"sha256={MAC_MESSENGER}"}
        assert others["messenger"].verify(headers, BODY_MESSENGER)
        (event,) = others["messenger"].parse(BODY_MESSENGER)
        assert (event.user_id, event.text) == ("2002", "Xin chào")
        readable = BODY_MESSENGER.decode().replace("\\u00e0", "à").encode()
        assert not others["messenger"].verify(headers, readable)

    @pytest.mark.parametrize("header", [f"mac={MAC_ZALO}", MAC_ZALO, f"mac={MAC_ZALO.upper()}"])
    def test_zalo_oa(self, others: dict[str, Channel], header: str) -> None:
        assert others["zalo_oa"].verify({"x-zevent-signature": header}, BODY_ZALO)
        (event,) = others["zalo_oa"].parse(BODY_ZALO)
        assert (event.user_id, event.text) == ("246000000000000002", "Giờ mở cửa?")

    def test_appsecret_proof(
        self, messenger_platform: messenger.FakeMessenger, sqlite_engine: Engine, open_hub: OpenHub
    ) -> None:
        hub = open_hub(sqlite_engine, FakeDesk(), messenger_platform)
        channel_of(hub, "messenger").send("u1", Outbound("A"), ref="r1")
        assert messenger_platform.calls[0].query["appsecret_proof"] == (
            "ae6dfd59dd0134f0409f6321f8629a69b0c79085bd50777546941af92eb17366"
        )


class TestZaloTokens:
    def test_a_refused_token_is_renewed_once_and_the_message_sent(
        self, oa_platform: zalo_oa.FakeZaloOa, sqlite_engine: Engine, open_hub: OpenHub
    ) -> None:
        channel = channel_of(open_hub(sqlite_engine, FakeDesk(), oa_platform), "zalo_oa")
        assert channel.send("u1", Outbound("1"), ref="r1").state is Sent.OK
        oa_platform.expire()
        assert channel.send("u1", Outbound("2"), ref="r2").state is Sent.OK
        assert oa_platform.refreshes == 2
        assert oa_platform.texts("u1") == ["1", "2"]

    def test_it_is_renewed_before_it_expires(
        self, oa_platform: zalo_oa.FakeZaloOa, sqlite_engine: Engine, open_hub: OpenHub
    ) -> None:
        oa_platform.expires_in = "0"
        channel = channel_of(open_hub(sqlite_engine, FakeDesk(), oa_platform), "zalo_oa")
        for ref in "abc":
            assert channel.send("u1", Outbound("A"), ref=ref).state is Sent.OK
        assert oa_platform.refreshes == 3
        assert not any(
            call.path.endswith("cs") and "nobody" in str(call.headers) for call in oa_platform.calls
        )

    def test_tokens_are_encrypted_at_rest(
        self, oa_platform: zalo_oa.FakeZaloOa, sqlite_engine: Engine, open_hub: OpenHub
    ) -> None:
        channel = channel_of(open_hub(sqlite_engine, FakeDesk(), oa_platform), "zalo_oa")
        channel.send("u1", Outbound("A"), ref="r1")
        folder = Path(str(sqlite_engine.url.database)).parent
        stored = b"".join(path.read_bytes() for path in folder.iterdir())
        assert b"zalo_oa" in stored
        assert b"access-1" not in stored
        assert b"refresh-" not in stored

    def test_a_dead_chain_begins_anew_with_the_token_in_the_settings(
        self, oa_platform: zalo_oa.FakeZaloOa, sqlite_engine: Engine, open_hub: OpenHub
    ) -> None:
        channel = channel_of(open_hub(sqlite_engine, FakeDesk(), oa_platform), "zalo_oa")
        channel.send("u1", Outbound("1"), ref="r1")
        oa_platform.expire()
        oa_platform.refresh_tokens = {"from-the-console"}
        assert channel.send("u1", Outbound("2"), ref="r2").state is Sent.NO_ACCESS
        assert "refresh_token" in str(problem_of(sqlite_engine, "zalo_oa", zalo_oa.OA))
        mended = [oa_platform.account(refresh_token="from-the-console")]
        after = channel_of(open_hub(sqlite_engine, FakeDesk(), accounts=mended), "zalo_oa")
        assert after.send("u1", Outbound("3"), ref="r3").state is Sent.OK
        assert problem_of(sqlite_engine, "zalo_oa", zalo_oa.OA) is None
        # The process with the old settings goes on with the new chain instead of breaking it.
        assert channel.send("u1", Outbound("4"), ref="r4").state is Sent.OK
