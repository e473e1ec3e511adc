"""Zalo Bot Platform: one bot, called by webhook or fetching its messages by long polling.

Source: bot.zaloplatforms.com/docs.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import httpx
import structlog

from service.channels.calls import call
from service.channels.message import Delivery, Inbound, Kind, Outbound, Sent, event_key
from service.channels.port import Limits
from service.channels.wire import Json, Wire, from_ms, json_object
from service.errors import BadInput, NotAllowed, TimedOut
from service.settings import ZaloBotAccount

_UNAUTHORISED = frozenset({401, 404})  # an unknown token is an unknown address
_TOO_MANY_CALLS = 429
_BACK_OFF_S = 60.0
_POLL_MARGIN_S = 10.0
_KINDS = {
    "message.text.received": Kind.TEXT,
    "message.image.received": Kind.MEDIA,
    "message.sticker.received": Kind.STICKER,
}


class _Party(Wire):
    id: str
    chat_type: str = "PRIVATE"


class _Message(Wire):
    message_id: str
    date: int | str
    chat: _Party
    text: str = ""


class _Update(Wire):
    event_name: str
    message: _Message


class ZaloBot:
    """One bot. Only private chats are answered."""

    name = "zalo_bot"

    def __init__(self, account: ZaloBotAccount, client: httpx.Client) -> None:
        self.account_id = account.account_id
        self.limits = Limits(
            text_chars=account.text_chars,
            choices=0,
            title_chars=0,
            window=timedelta(hours=account.window_h),
            rate_per_s=account.rate_per_s,
        )
        self._account = account
        self._client = client
        self._url = f"{account.base_url.rstrip('/')}/bot{account.token.get_secret_value()}"

    @property
    def polls(self) -> bool:
        """Whether it fetches its messages: when it has no webhook secret."""
        return self._account.webhook_secret is None

    def verify(self, headers: Mapping[str, str], _body: bytes, /) -> bool:
        """The secret that was given to `setWebhook`."""
        secret = self._account.webhook_secret
        given = headers.get("x-bot-api-secret-token", "")
        return secret is not None and hmac.compare_digest(
            given.encode(), secret.get_secret_value().encode()
        )

    def parse(self, body: bytes, /) -> list[Inbound]:
        """The update, wrapped in `{"ok", "result"}` or not."""
        content = json_object(body)
        return self._read_all(content.get("result", content))

    def poll(self) -> list[Inbound]:
        """Wait for messages. Raises NotAllowed (dead token) or TimedOut (no connection)."""
        wait_s = self._account.poll_timeout_s
        answer = self._call("getUpdates", {"timeout": wait_s}, timeout=wait_s + _POLL_MARGIN_S)
        if isinstance(answer, Delivery):
            raise TimedOut(f"zalo_bot {self.account_id}: {answer.reason}")
        if answer.get("ok"):
            return self._read_all(answer.get("result"))
        raise self._refusal(answer)

    def send(self, user_id: str, message: Outbound, /, *, ref: str) -> Delivery:
        """`sendMessage`. There are no buttons, no place for `ref`, and no echo."""
        answer = self._call("sendMessage", {"chat_id": user_id, "text": message.text})
        return answer if isinstance(answer, Delivery) else _delivery(answer)

    def probe(self) -> str:
        """The bot's name, from `getMe`."""
        answer = self._call("getMe", {})
        if isinstance(answer, Delivery):
            raise TimedOut(f"zalo_bot {self.account_id}: {answer.reason}")
        if not answer.get("ok"):
            raise self._refusal(answer)
        me = answer.get("result") or {}
        return f"bot {me.get('display_name') or me.get('account_name') or me.get('id')}"

    def set_webhook(self, url: str) -> None:
        """Have the messages sent to that address. Raises NotAllowed, TimedOut or BadInput."""
        secret = self._account.webhook_secret
        if secret is None:
            raise BadInput(f"VIFAQ_CHANNELS: zalo_bot {self.account_id} has no webhook_secret")
        answer = self._call("setWebhook", {"url": url, "secret_token": secret.get_secret_value()})
        if isinstance(answer, Delivery):
            raise TimedOut(f"zalo_bot {self.account_id}: {answer.reason}")
        if not answer.get("ok"):
            raise self._refusal(answer)

    def _call(self, method: str, body: Json, **options: float) -> Json | Delivery:
        return call(self._client, "POST", f"{self._url}/{method}", json=body, **options)

    def _refusal(self, answer: Json) -> NotAllowed:
        reason = f"{answer.get('error_code')} {answer.get('description')}"
        return NotAllowed(f"zalo_bot {self.account_id}: {reason}; check its token")

    def _read_all(self, result: object) -> list[Inbound]:
        updates = result if isinstance(result, list) else [result] if result else []
        return [inbound for update in updates if (inbound := self._read(update))]

    def _read(self, raw: object) -> Inbound | None:
        try:
            update = _Update.model_validate(raw)
            sent_at = _moment(update.message.date)
        except ValueError:
            structlog.get_logger(__name__).warning("channel_event_unreadable", channel=self.name)
            return None
        kind = _KINDS.get(update.event_name)
        if kind is None or update.message.chat.chat_type != "PRIVATE":
            return None
        return Inbound(
            channel=self.name,
            account_id=self.account_id,
            user_id=update.message.chat.id,
            key=event_key(self.name, self.account_id, update.message.message_id),
            kind=kind,
            sent_at=sent_at,
            text=update.message.text,
        )


def _moment(date: int | str) -> datetime:
    """Seconds or milliseconds: the documentation leaves it open, the size tells."""
    seconds_until_year_5138 = 100_000_000_000
    if int(date) > seconds_until_year_5138:
        return from_ms(date)
    return datetime.fromtimestamp(int(date), UTC)


def _delivery(answer: Json) -> Delivery:
    if answer.get("ok"):
        message_id = (answer.get("result") or {}).get("message_id")
        return Delivery(Sent.OK, message_id=str(message_id) if message_id else None)
    code = answer.get("error_code")
    reason = f"error {code}: {answer.get('description')}"
    if code is None:
        return Delivery(Sent.UNSURE, reason="neither ok nor an error came back")
    if code in _UNAUTHORISED:
        return Delivery(Sent.NO_ACCESS, reason=reason)
    if code == _TOO_MANY_CALLS:
        return Delivery(Sent.RETRY, reason=reason, retry_after_s=_BACK_OFF_S)
    return Delivery(Sent.REFUSED, reason=reason)
