"""Conversations from webhook to reply, with the worker inside, on both databases."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update

from service.channels import outbox
from service.channels.account_state import problem_of
from service.channels.forget import forget_older_than
from service.channels.hub import ChannelHub
from service.channels.message import Outbound, Sent
from service.channels.zalo_bot import ZaloBot
from service.db.session import reading, writing
from service.db.tables import conversation, inbox
from service.db.tables import outbox as outbox_table
from service.errors import Conflict, NotFound
from service.settings import Settings
from tests.fakes import messenger, zalo_bot, zalo_oa
from tests.fakes.desk import FakeDesk
from tests.fakes.platform import Delivered, Faults
from tests.fixtures.channels import (
    KITS,
    Kit,
    OpenHub,
    channel_of,
    messenger_kit,
    zalo_oa_kit,
)

DEFAULTS = Settings(_env_file=None)


def until(condition: Callable[[], Any], *, patience_s: float = 15.0) -> None:
    """Wait for it; fails when it does not come."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@dataclass
class Bench:
    """One channel with its worker running."""

    kit: Kit
    hub: ChannelHub
    desk: FakeDesk
    engine: Engine
    sent: int = 0

    def receive(self, body: bytes) -> int:
        return self.hub.gateway.receive(self.kit.name, self.kit.sign(body), body)

    def say(self, words: str, user: str = "u1", at_ms: int | None = None) -> None:
        self.sent += 1
        self.receive(self.kit.text(user, words, f"in-{self.sent}", at_ms))

    def hear(self, number: int, user: str = "u1") -> list[str]:
        """The first so many messages that a person got."""
        until(lambda: len(self.kit.platform.texts(user)) >= number)
        return self.kit.platform.texts(user)

    def settled(self) -> None:
        """Wait until nothing is left to do."""
        until(lambda: not _pending(self.engine))

    def statuses(self) -> list[str]:
        with reading(self.engine) as connection:
            query = select(outbox_table.c.status).order_by(outbox_table.c.id)
            return list(connection.execute(query).scalars())


def _pending(engine: Engine) -> int:
    with reading(engine) as connection:
        return sum(
            connection.execute(
                select(func.count()).where(table.c.status.in_(["pending", "sending"]))
            ).scalar_one()
            for table in (inbox, outbox_table)
        )


@pytest.fixture(
    params=[
        ("messenger", "sqlite_engine"),
        pytest.param(("messenger", "postgres_engine"), marks=pytest.mark.postgres),
        pytest.param(("zalo_oa", "postgres_engine"), marks=pytest.mark.postgres),
        ("zalo_bot", "sqlite_engine"),
    ],
    ids="-".join,
)
def bench(request: pytest.FixtureRequest, open_hub: OpenHub) -> Iterator[Bench]:
    """Every channel, every database, and one channel on both."""
    name, engine = request.param
    make_platform, make_kit = KITS[name]
    with make_platform() as platform:
        started = _start(make_kit(platform), request.getfixturevalue(engine), open_hub)
        yield started
        started.hub.stop()  # before the database goes


@pytest.fixture
def talk(
    messenger_platform: messenger.FakeMessenger, sqlite_engine: Engine, open_hub: OpenHub
) -> Bench:
    """Messenger on SQLite, for what is the same everywhere."""
    return _start(messenger_kit(messenger_platform), sqlite_engine, open_hub)


@pytest.fixture
def oa(oa_platform: zalo_oa.FakeZaloOa, sqlite_engine: Engine, open_hub: OpenHub) -> Bench:
    return _start(zalo_oa_kit(oa_platform), sqlite_engine, open_hub)


def _start(kit: Kit, engine: Engine, open_hub: OpenHub, **settings: Any) -> Bench:
    desk = FakeDesk()
    hub = open_hub(engine, desk, kit.platform, **settings)
    hub.start()
    return Bench(kit, hub, desk, engine)


class TestEverywhere:
    def test_a_question_is_answered_in_plain_text(self, bench: Bench) -> None:
        bench.say("thư viện mở lúc nào?")
        assert bench.hear(1) == ["Thư viện mở 7:30–21:00 các ngày trong tuần."]
        ((question, set_name, channel, subject),) = bench.desk.asked
        assert (question, set_name, channel) == ("thư viện mở lúc nào?", "default", bench.kit.name)
        assert "u1" not in subject
        assert len(subject) == 32

    def test_a_retry_is_answered_once(self, bench: Bench) -> None:
        body = bench.kit.text("u1", "một", "same", messenger.now_ms())
        assert [bench.receive(body), bench.receive(body)] == [1, 0]
        bench.hear(1)
        assert bench.receive(body) == 0
        bench.say("hai")
        assert bench.hear(2) == ["Trả lời: một", "Trả lời: hai"]

    def test_messages_of_one_person_are_answered_in_order(self, bench: Bench) -> None:
        bench.desk.slow_s = 0.02
        start = messenger.now_ms() - 10_000
        for number in range(8):
            for user in ("u1", "u2"):
                bench.say(f"{user} câu {number}", user, start + number)
        bench.settled()
        for user in ("u1", "u2"):
            expected = [f"Trả lời: {user} câu {number}" for number in range(8)]
            assert bench.kit.platform.texts(user) == expected

    def test_what_arrives_out_of_order_is_answered_in_order(self, bench: Bench) -> None:
        start = messenger.now_ms() - 10_000
        bench.desk.slow_s = 1.0
        bench.say("câu 0", at_ms=start)
        until(lambda: bench.desk.asked)  # the worker is busy with the first one
        for number in (3, 1, 2):
            bench.say(f"câu {number}", at_ms=start + number)
        bench.desk.slow_s = 0.0
        bench.settled()
        assert bench.kit.platform.texts("u1") == [f"Trả lời: câu {n}" for n in range(4)]

    def test_a_number_picks_a_suggestion_without_asking_again(self, bench: Bench) -> None:
        bench.say("gợi ý")
        offer = bench.hear(1)[0]
        assert offer.splitlines()[1:4] == [
            "1. Giờ mở cửa của thư viện?",
            "2. Làm lại thẻ thư viện ở đâu?",
            "3. Trả sách trễ bị phạt thế nào?",
        ]
        assert offer.endswith("Bạn trả lời 1, 2 hoặc 3 để chọn.")
        bench.say("số 2 ạ")
        assert bench.hear(2)[1] == "Tại quầy 1, mang theo CCCD."
        bench.say("7")
        assert bench.hear(3)[2] == "Bạn trả lời 1, 2 hoặc 3 giúp mình nhé."
        assert [question for question, *_ in bench.desk.asked] == ["gợi ý"]
        assert [faq_id for _, faq_id in bench.desk.choices] == ["card"]

    def test_what_else_was_asked_is_offered_under_the_answer(self, bench: Bench) -> None:
        bench.say("hai câu")
        answer, offer = bench.hear(2)[:2]
        assert answer == "Thư viện mở 7:30–21:00 các ngày trong tuần."
        assert offer.splitlines()[:2] == ["Bạn cũng muốn hỏi:", "1. Làm lại thẻ thư viện ở đâu?"]
        assert offer.endswith("Bạn trả lời 1 để chọn.")
        bench.say("1")
        assert bench.hear(3)[2] == "Tại quầy 1, mang theo CCCD."
        assert bench.desk.choices == []

    def test_asking_for_a_person_silences_the_bot(self, bench: Bench) -> None:
        bench.say("Cho em gặp nhân viên với ạ")
        assert bench.hear(1) == [DEFAULTS.agent_text]
        bench.say("học phí bao nhiêu?")
        bench.settled()
        assert bench.hear(1) == [DEFAULTS.agent_text]
        bench.say("gặp trợ lý")
        bench.say("học phí bao nhiêu?")
        assert bench.hear(3)[2] == "Trả lời: học phí bao nhiêu?"

    def test_a_failing_platform_gets_the_message_in_the_end(self, bench: Bench) -> None:
        bench.kit.platform.faults = Faults(fail=0.4, seed=1)
        for number in range(6):
            bench.say(f"câu {number}")
        bench.settled()
        assert bench.kit.platform.texts("u1") == [f"Trả lời: câu {number}" for number in range(6)]
        assert set(bench.statuses()) == {"sent"}

    def test_what_may_have_arrived_is_never_sent_again(self, bench: Bench) -> None:
        bench.kit.platform.faults = Faults(drop_after=1.0)
        bench.say("một")
        bench.settled()
        assert bench.statuses() == ["unknown"]
        assert bench.hear(1) == ["Trả lời: một"]
        (listed,) = outbox.list_messages(bench.engine)
        assert (listed.status, listed.channel) == ("unknown", bench.kit.name)

    def test_dead_letters_are_listed_and_sent_on_request(self, bench: Bench) -> None:
        bench.kit.platform.faults = Faults(fail=1.0)
        bench.say("một")
        bench.settled()
        (listed,) = outbox.list_messages(bench.engine)
        assert (listed.status, listed.attempts, listed.error) == ("dead", 5, "HTTP 500")
        bench.kit.platform.faults = Faults()
        outbox.retry(bench.engine, listed.id)
        assert bench.hear(1) == ["Trả lời: một"]
        bench.settled()
        with pytest.raises(NotFound):
            outbox.retry(bench.engine, listed.id)

    def test_too_late_to_reply(self, bench: Bench) -> None:
        window = channel_of(bench.hub, bench.kit.name).limits.window
        long_ago = datetime.now(UTC) - window - timedelta(minutes=1)
        bench.say("một", at_ms=int(long_ago.timestamp() * 1000))
        bench.settled()
        assert bench.desk.asked == []
        with reading(bench.engine) as connection:
            row = connection.execute(select(inbox)).one()
        assert (row.status, row.error) == ("ignored", "outside the reply window")

    def test_forgetting_a_person_deletes_every_row(self, bench: Bench) -> None:
        bench.say("một", "u1")
        bench.say("hai", "u2")
        bench.hear(1, "u1")
        bench.hear(1, "u2")
        bench.settled()
        subject = {words: subject for words, _, _, subject in bench.desk.asked}["một"]
        assert bench.hub.forget("u1")[0] == 1
        assert subject in bench.desk.forgotten
        with reading(bench.engine) as connection:
            left = connection.execute(select(conversation.c.user_id)).scalars().all()
            rows = [
                connection.execute(select(func.count()).select_from(table)).scalar()
                for table in (inbox, outbox_table)
            ]
        assert (left, rows) == (["u2"], [1, 1])


class TestConversation:
    def test_long_answers_come_in_parts(self, talk: Bench) -> None:
        sentence = "Sinh viên nộp đơn tại phòng Đào tạo. "
        talk.say(sentence * 27)  # below the limit of a question
        talk.say("x" * 1001)
        parts = talk.hear(2)
        assert parts[0] == f"Trả lời: {sentence * 27}".strip()
        assert parts[1].startswith("Câu hỏi hơi dài")

    def test_a_tapped_suggestion(self, talk: Bench) -> None:
        talk.say("gợi ý")
        talk.hear(1)
        title, payload = talk.kit.platform.delivered[0].buttons[2]
        assert title == "3. Trả sách trễ bị…"
        talk.receive(messenger.batch(messenger.tap("u1", title, payload, "tap")))
        assert talk.hear(2)[1] == (
            "5.000 đồng mỗi ngày.\n\nXem nội quy (https://lib.example/noi-quy)."
        )
        assert [faq_id for _, faq_id in talk.desk.choices] == ["fine"]

    def test_a_suggestion_that_is_gone(self, talk: Bench) -> None:
        talk.receive(messenger.batch(messenger.tap("u1", "Cũ", "faq:deleted", "tap")))
        assert "không còn hiệu lực" in talk.hear(1)[0]

    def test_small_talk_handover_and_refused_questions(self, talk: Bench) -> None:
        for words in ("chào bạn", "không biết gì", "cấm"):
            talk.say(words)
        assert talk.hear(3) == ["Chào bạn!", DEFAULTS.handover_text, DEFAULTS.handover_text]

    def test_what_gets_no_reply(self, talk: Bench) -> None:
        sticker = {"mid": "s", "attachments": [{"payload": {"sticker_id": 1}}]}
        talk.receive(
            messenger.batch(
                messenger.event("u1", message=sticker),
                messenger.event("u1", read={"watermark": 1}),
                messenger.echo("u1", "lời của mình", "e1"),
                messenger.text("u1", "\u200b \u2060", "m1"),
            )
        )
        talk.settled()
        assert talk.kit.platform.delivered == []

    def test_a_picture_is_told_that_only_text_is_read(self, talk: Bench) -> None:
        picture = {"mid": "p", "attachments": [{"type": "image", "payload": {"url": "x"}}]}
        talk.receive(messenger.batch(messenger.event("u1", message=picture)))
        assert "chỉ đọc được tin nhắn chữ" in talk.hear(1)[0]

    def test_a_greeting_at_the_start(self, talk: Bench) -> None:
        start = messenger.event("u1", postback={"payload": "GET_STARTED", "title": "Bắt đầu"})
        talk.receive(messenger.batch(start))
        assert talk.hear(1) == [DEFAULTS.greeting_text]

    def test_a_person_at_the_page_takes_over(self, talk: Bench) -> None:
        talk.say("một")
        talk.hear(1)
        page_inbox = messenger.echo("u1", "Để chị xem", "e", app="263902037430900")
        talk.receive(messenger.batch(page_inbox))
        talk.settled()
        talk.say("hai")
        talk.say("hai", "u2")
        talk.hear(1, "u2")
        talk.settled()
        assert talk.hear(1) == ["Trả lời: một"]
        with writing(talk.engine) as connection:  # time passes
            past = datetime.now(UTC) - timedelta(seconds=1)
            connection.execute(update(conversation).values(paused_until=past))
        talk.say("ba")
        assert talk.hear(2) == ["Trả lời: một", "Trả lời: ba"]

    def test_an_echo_settles_what_was_unknown(self, talk: Bench) -> None:
        talk.kit.platform.faults = Faults(drop_after=1.0)
        talk.say("một")
        talk.settled()
        assert talk.statuses() == ["unknown"]
        ref = talk.kit.platform.delivered[0].ref
        talk.receive(messenger.batch(messenger.echo("u1", "Trả lời: một", "e1", ref="f" * 32)))
        talk.receive(messenger.batch(messenger.echo("u1", "Trả lời: một", "e2", ref=ref)))
        until(lambda: talk.statuses() == ["sent"])

    def test_hostile_text_is_stored_and_answered(self, talk: Bench) -> None:
        body = messenger.batch(messenger.text("u1", "câu\u0000 \ud800hỏi", "m1"))
        assert talk.receive(body) == 1
        assert talk.hear(1) == ["Trả lời: câu hỏi"]

    def test_the_answering_fails_for_good(self, talk: Bench) -> None:
        talk.say("hỏng rồi")
        talk.say("một")
        assert talk.hear(2) == [DEFAULTS.handover_text, "Trả lời: một"]
        with reading(talk.engine) as connection:
            row = connection.execute(select(inbox).order_by(inbox.c.id)).first()
        assert row is not None
        assert (row.status, row.error) == ("failed", "NotReady: There is no index.")

    def test_the_answering_recovers(self, talk: Bench) -> None:
        talk.desk.broken = True
        talk.say("một")
        until(lambda: len(talk.desk.asked) >= 2)
        talk.desk.broken = False
        assert talk.hear(1) == ["Trả lời: một"]

    def test_a_dead_token_holds_messages_back_and_tells_the_operator(self, talk: Bench) -> None:
        talk.kit.platform.token = "another"
        talk.say("một")
        until(lambda: problem_of(talk.engine, "messenger", messenger.PAGE))
        until(lambda: talk.statuses() == ["pending"])  # told first, put back after
        talk.kit.platform.token = messenger.PAGE_TOKEN
        _make_due(talk)
        assert talk.hear(1) == ["Trả lời: một"]
        until(lambda: problem_of(talk.engine, "messenger", messenger.PAGE) is None)

    def test_a_slow_platform_does_not_hold_up_the_others(
        self,
        messenger_platform: messenger.FakeMessenger,
        bot_platform: zalo_bot.FakeZaloBot,
        sqlite_engine: Engine,
        open_hub: OpenHub,
    ) -> None:
        hub = open_hub(sqlite_engine, FakeDesk(), messenger_platform, bot_platform)
        hub.start()
        released = threading.Event()

        def hold(_message: Delivered) -> None:
            released.wait(1.5)

        messenger_platform.on_delivered = hold
        events = [messenger.text(f"u{n}", "một", f"m{n}") for n in range(12)]
        body = messenger.batch(*events)
        hub.gateway.receive("messenger", messenger.sign(body), body)
        until(lambda: messenger_platform.delivered)
        body = zalo_bot.text("b1", "một", "1")
        hub.gateway.receive("zalo_bot", zalo_bot.sign(body), body)
        until(lambda: bot_platform.texts("b1"))
        assert len(messenger_platform.delivered) < 12
        released.set()

    def test_only_one_worker_on_sqlite(self, talk: Bench, open_hub: OpenHub) -> None:
        second = open_hub(talk.engine, FakeDesk(), talk.kit.platform)
        with pytest.raises(Conflict, match="VIFAQ_CHANNEL_WORKER"):
            second.start()


@pytest.mark.postgres
def test_a_worker_that_outlives_its_lease_does_no_harm(
    messenger_platform: messenger.FakeMessenger, postgres_engine: Engine, open_hub: OpenHub
) -> None:
    messenger_platform.faults = Faults(slow_after=1.0, slow_s=1.0)
    hubs = [
        open_hub(postgres_engine, FakeDesk(), messenger_platform, channel_lease_s=0.3)
        for _ in range(2)
    ]
    for hub in hubs:
        hub.start()
    body = messenger.batch(messenger.text("u1", "một", "m1"))
    hubs[0].gateway.receive("messenger", messenger.sign(body), body)
    statuses: list[str] = []

    def is_sent() -> bool:
        with reading(postgres_engine) as connection:
            statuses.extend(connection.execute(select(outbox_table.c.status)).scalars())
        return statuses[-1:] == ["sent"]

    until(is_sent)
    assert "unknown" in statuses  # the second worker took the first one for dead
    assert messenger_platform.texts("u1") == ["Trả lời: một"]
    for hub in hubs:
        hub.stop()


def test_old_messages_are_deleted(talk: Bench) -> None:
    talk.say("một", "u1")
    talk.hear(1, "u1")
    talk.settled()
    until(lambda: _is_idle(talk.engine))
    assert forget_older_than(talk.engine, datetime.now(UTC) - timedelta(days=8)) == 0
    assert forget_older_than(talk.engine, datetime.now(UTC)) == 1
    assert _rows(talk.engine) == 0


def _is_idle(engine: Engine) -> bool:
    with reading(engine) as connection:
        return connection.execute(select(conversation.c.due_at)).scalar() is None


def _make_due(bench: Bench) -> None:
    now = datetime.now(UTC)
    with writing(bench.engine) as connection:
        connection.execute(update(outbox_table).values(next_attempt_at=now))
        connection.execute(update(conversation).values(due_at=now))


class TestZalo:
    def test_follow_takeover_and_withdrawal(self, oa: Bench) -> None:
        oa.receive(zalo_oa.follow("u1"))
        assert oa.hear(1) == [DEFAULTS.greeting_text]
        oa.receive(zalo_oa.echo("u1", "Chị đây", "e1", admin="42"))
        oa.say("một")
        oa.settled()
        assert len(oa.hear(1)) == 1
        subject = oa.hub._vault.pseudonym("zalo_oa", zalo_oa.OA, "u1")
        oa.receive(zalo_oa.withdraw("u1"))
        until(lambda: subject in oa.desk.forgotten)
        until(lambda: _rows(oa.engine) == 0)

    def test_an_echo_with_the_same_text_settles_what_was_unknown(self, oa: Bench) -> None:
        oa.kit.platform.faults = Faults(drop_after=1.0)
        oa.say("một")
        oa.settled()
        assert oa.statuses() == ["unknown"]
        oa.receive(zalo_oa.echo("u1", "Trả lời: một", "e1"))
        until(lambda: oa.statuses() == ["sent"])

    def test_a_tapped_button(self, oa: Bench) -> None:
        oa.say("gợi ý")
        oa.hear(1)
        _, payload = oa.kit.platform.delivered[0].buttons[0]
        oa.say(payload)
        assert oa.hear(2)[1].startswith("Thư viện mở")
        assert len(oa.desk.asked) == 1

    def test_bootstrap_acknowledges_and_drops(
        self, oa_platform: zalo_oa.FakeZaloOa, sqlite_engine: Engine, open_hub: OpenHub
    ) -> None:
        account = oa_platform.account()
        new = {key: account[key] for key in ("channel", "account_id", "app_id")}
        hub = open_hub(sqlite_engine, FakeDesk(), accounts=[new])
        assert hub.gateway.receive("zalo_oa", {}, b"{}") == 0
        assert hub.gateway.receive("zalo_oa", {}, zalo_oa.text("u1", "A", "1")) == 0
        assert _rows(sqlite_engine) == 0

    @pytest.mark.parametrize("workers", [6])
    def test_many_senders_refresh_a_token_once(
        self,
        oa_platform: zalo_oa.FakeZaloOa,
        engine: Engine,
        open_hub: OpenHub,
        workers: int,
    ) -> None:
        oa_platform.refresh_delay_s = 0.3
        hubs = [open_hub(engine, FakeDesk(), oa_platform) for _ in range(2)]
        results: list[Sent] = []

        def send(number: int) -> None:
            channel = channel_of(hubs[number % 2], "zalo_oa")
            results.append(channel.send("u1", Outbound(str(number)), ref=str(number)).state)

        threads = [threading.Thread(target=send, args=(number,)) for number in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [Sent.OK] * workers
        assert oa_platform.refreshes == 1

    def test_long_polling(
        self, bot_platform: zalo_bot.FakeZaloBot, sqlite_engine: Engine, open_hub: OpenHub
    ) -> None:
        account = bot_platform.account(webhook_secret=None, poll_timeout_s=1)
        hub = open_hub(sqlite_engine, FakeDesk(), accounts=[account])
        update_ = zalo_bot.update("u1", "một", "1")
        bot_platform.updates += [update_, update_, zalo_bot.update("u1", "hai", "2")]
        hub.start()
        until(lambda: len(bot_platform.texts("u1")) == 2)
        assert bot_platform.texts("u1") == ["Trả lời: một", "Trả lời: hai"]

    def test_the_bot_platform_is_told_where_the_webhook_is(
        self, bot_platform: zalo_bot.FakeZaloBot, sqlite_engine: Engine, open_hub: OpenHub
    ) -> None:
        bot = channel_of(open_hub(sqlite_engine, FakeDesk(), bot_platform), "zalo_bot")
        assert isinstance(bot, ZaloBot)
        bot.set_webhook("https://school.example/v1/channels/zalo_bot/webhook")
        assert bot_platform.webhook == {
            "url": "https://school.example/v1/channels/zalo_bot/webhook",
            "secret_token": zalo_bot.WEBHOOK_SECRET,
        }


def _rows(engine: Engine) -> int:
    with reading(engine) as connection:
        return sum(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (conversation, inbox, outbox_table)
        )
