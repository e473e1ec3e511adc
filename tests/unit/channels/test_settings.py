"""What an operator gets wrong in VIFAQ_CHANNELS, and that errors keep secrets to themselves."""

import json
from typing import Any

import pytest

from service.errors import BadSetting
from service.settings import load_settings
from tests.fakes import messenger

PAGE: dict[str, Any] = {
    "channel": "messenger",
    "account_id": "1",
    "app_id": "2",
    "app_secret": "hush-1",
    "verify_token": "hush-2",
    "page_token": "hush-3",
}
BOT: dict[str, Any] = {"channel": "zalo_bot", "account_id": "b", "token": "hush-4"}
OA: dict[str, Any] = {"channel": "zalo_oa", "account_id": "o", "app_id": "3"}


def load(monkeypatch: pytest.MonkeyPatch, value: str, key: str | None = "k" * 32) -> Any:
    monkeypatch.setenv("VIFAQ_CHANNELS", value)
    return load_settings(_env_file=None, secret_key=key)


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([{**PAGE, "app_secret": ""}], "VIFAQ_CHANNELS__0__MESSENGER__APP_SECRET"),
        ([{key: PAGE[key] for key in PAGE if key != "page_token"}], "PAGE_TOKEN: Field required"),
        ([{**PAGE, "colour": "red"}], "COLOUR: Extra inputs are not permitted"),
        ([{**PAGE, "channel": "telegram"}], "'messenger', 'zalo_oa', 'zalo_bot'"),
        ([PAGE, PAGE], "two entries have the same channel and account_id"),
        ([{**OA, "oa_secret": "hush-5"}], "app_secret and refresh_token are needed"),
        (
            [{**BOT, "account_id": n, "webhook_secret": "hush-hush"} for n in "ab"],
            "webhook_secret of its own",
        ),
    ],
)
def test_mistakes_are_named(
    monkeypatch: pytest.MonkeyPatch, entries: list[dict[str, Any]], says: str
) -> None:
    with pytest.raises(BadSetting) as caught:
        load(monkeypatch, json.dumps(entries))
    assert says in str(caught.value)
    assert "hush" not in f"{caught.value} {caught.value.__cause__!r}"


def test_broken_json_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSetting, match="channels"):
        load(monkeypatch, "[{")


@pytest.mark.parametrize("key", [None, "short"])
def test_channels_need_a_secret_key(monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
    with pytest.raises(BadSetting, match="openssl rand -hex 32"):
        load(monkeypatch, json.dumps([PAGE]), key)


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, json.dumps([PAGE, BOT, OA]))
    assert len(settings.channels) == 3
    assert "hush" not in repr(settings)


def test_the_defaults_are_the_platforms_own(monkeypatch: pytest.MonkeyPatch) -> None:
    page, bot, oa = load(monkeypatch, json.dumps([PAGE, BOT, OA])).channels
    assert (page.base_url, page.version) == ("https://graph.facebook.com", "v26.0")
    assert messenger.FakeMessenger.name == page.channel
    assert (page.text_chars, page.quick_replies, page.title_chars) == (2000, 13, 20)
    assert (oa.base_url, oa.buttons, oa.window_h) == ("https://openapi.zalo.me", 5, 48)
    assert bot.base_url == "https://bot-api.zaloplatforms.com"
