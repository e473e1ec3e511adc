"""Zalo Official Account.

Source: developers.zalo.me, Official Account API (webhook events, v3.0 messages, v4 OAuth).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta

import httpx
import structlog
from pydantic import ValidationError

from service.channels.calls import call
from service.channels.message import Delivery, Inbound, Kind, Outbound, Sent, event_key
from service.channels.port import Limits
from service.channels.wire import Json, Wire, from_ms, json_object
from service.channels.zalo_tokens import ZaloTokens
from service.errors import BadInput, NotAllowed, TimedOut
from service.settings import ZaloOaAccount

_STALE_TOKEN = frozenset({-216, -220})
_REFUSED = frozenset({-201, -210, -211, -213, -218, -224, -227, -230, -232, -244})
_TOO_MANY_CALLS = -32
_BACK_OFF_S = 60.0
_SILENT = frozenset({"user_send_sticker", "user_send_gif"})
_OTHER_KINDS = {
    "follow": Kind.FOLLOW,
    "unfollow": Kind.UNFOLLOW,
    "user_withdraw": Kind.WITHDRAW,
}


class _Party(Wire):
    id: str = ""
    admin_id: str | None = None


class _Message(Wire):
    msg_id: str = ""
    text: str = ""


class _Event(Wire):
    event_name: str
    timestamp: int | str
    app_id: str = ""
    oa_id: str = ""
    user_id: str = ""
    sender: _Party = _Party()
    recipient: _Party = _Party()
    follower: _Party = _Party()
    message: _Message = _Message()

    @property
    def is_ours(self) -> bool:
        """Something that the account itself said."""
        return self.event_name.startswith("oa_send_")

    @property
    def account(self) -> str:
        return self.oa_id or (self.sender.id if self.is_ours else self.recipient.id)

    @property
    def person(self) -> str:
        if self.is_ours:
            return self.recipient.id
        return self.follower.id or self.sender.id or self.user_id


class ZaloOa:
    """One Official Account behind one Zalo app."""

    name = "zalo_oa"

    def __init__(self, account: ZaloOaAccount, client: httpx.Client, tokens: ZaloTokens) -> None:
        self.account_id = account.account_id
        self.limits = Limits(
            text_chars=account.text_chars,
            choices=account.buttons,
            title_chars=account.title_chars,
            window=timedelta(hours=account.window_h),
            rate_per_s=account.rate_per_s,
        )
        self._account = account
        self._client = client
        self._tokens = tokens
        self._url = f"{account.base_url.rstrip('/')}/{account.version}/oa/message/cs"

    def verify(self, headers: Mapping[str, str], body: bytes, /) -> bool:
        """SHA-256 over app id, bytes as they came, time stamp and OA secret.

        Without an OA secret (it is shown only once the webhook has been saved) whatever names no
        other account passes, and `parse` drops it.
        """
        try:
            content = json_object(body)
        except BadInput:
            return False
        secret = self._account.oa_secret
        if secret is None:
            return self._is_named_in(content)
        parts = self._account.app_id.encode(), body, str(content.get("timestamp", "")).encode()
        digest = hashlib.sha256(b"".join(parts) + secret.get_secret_value().encode())
        given = headers.get("x-zevent-signature", "").strip().removeprefix("mac=").lower()
        return hmac.compare_digest(given.encode(), digest.hexdigest().encode())

    def parse(self, body: bytes, /) -> list[Inbound]:
        """The event, if it is for this account and one that we know."""
        content = json_object(body)
        logger = structlog.get_logger(__name__).bind(channel=self.name, account=self.account_id)
        if self._account.oa_secret is None:
            logger.warning("zalo_oa_bootstrap_event_dropped")
            return []
        try:
            event = _Event.model_validate(content)
            inbound = self._read(event, body)
        except ValueError:
            logger.warning("channel_event_unreadable")
            return []
        return [inbound] if inbound else []

    def send(self, user_id: str, message: Outbound, /, *, ref: str) -> Delivery:
        """A customer-service message. There is no place for `ref`: the echo has only the text."""
        body = {"recipient": {"user_id": user_id}, "message": _content(message)}
        try:
            token = self._tokens.access()
            answer = self._post(token, body)
            if isinstance(answer, dict) and answer.get("error") in _STALE_TOKEN:
                answer = self._post(self._tokens.renew(token), body)
        except NotAllowed as error:
            return Delivery(Sent.NO_ACCESS, reason=str(error))
        except TimedOut as error:
            return Delivery(Sent.RETRY, reason=str(error))
        return answer if isinstance(answer, Delivery) else _delivery(answer)

    def probe(self) -> str:
        """Whether there is a token; gets a new one when it is time."""
        if self._account.oa_secret is None:
            return "waiting for its oa_secret: events are acknowledged and dropped"
        self._tokens.access()
        return "the access token is in date"

    def _post(self, token: str, body: Json) -> Json | Delivery:
        return call(self._client, "POST", self._url, headers={"access_token": token}, json=body)

    def _is_named_in(self, content: Json) -> bool:
        try:
            event = _Event.model_validate({"event_name": "", "timestamp": 0} | content)
        except ValidationError:
            return False
        return event.account in ("", self.account_id) and (
            event.app_id in ("", self._account.app_id)
        )

    def _read(self, event: _Event, body: bytes) -> Inbound | None:
        kind = _kind(event)
        text, payload = event.message.text, None
        if kind is None or event.account not in ("", self.account_id) or not event.person:
            return None
        if kind is Kind.TEXT and text.startswith("#faq_"):
            kind, payload = Kind.TAP, "faq:" + text.removeprefix("#faq_")
        identity = event.message.msg_id or body.decode("utf-8", "replace")
        return Inbound(
            channel=self.name,
            account_id=self.account_id,
            user_id=event.person,
            key=event_key(self.name, self.account_id, event.event_name, identity),
            kind=kind,
            sent_at=from_ms(event.timestamp),
            text=text,
            payload=payload,
        )


def _kind(event: _Event) -> Kind | None:
    if event.is_ours:
        return Kind.TAKEOVER if event.sender.admin_id else Kind.ECHO
    if event.event_name in _SILENT:
        return Kind.STICKER
    if event.event_name.startswith("user_send_"):
        return Kind.TEXT if event.message.text else Kind.MEDIA
    return _OTHER_KINDS.get(event.event_name)  # receipts, and what is newer than this code: None


def _content(message: Outbound) -> Json:
    content: Json = {"text": message.text}
    if message.choices:
        buttons = [
            {
                "title": choice.title,
                "type": "oa.query.hide",
                "payload": "#" + choice.payload.replace(":", "_", 1),
            }
            for choice in message.choices
        ]
        content["attachment"] = {"type": "template", "payload": {"buttons": buttons}}
    return content


def _delivery(answer: Json) -> Delivery:
    code = answer.get("error")
    if code == 0:
        message_id = (answer.get("data") or {}).get("message_id")
        return Delivery(Sent.OK, message_id=str(message_id) if message_id else None)
    reason = f"error {code}: {answer.get('message')}"
    if code is None:
        return Delivery(Sent.UNSURE, reason="no error code came back")
    if code in _STALE_TOKEN:
        return Delivery(Sent.NO_ACCESS, reason=reason)
    if code in _REFUSED:
        return Delivery(Sent.REFUSED, reason=reason)
    wait_s = _BACK_OFF_S if code == _TOO_MANY_CALLS else None
    return Delivery(Sent.RETRY, reason=reason, retry_after_s=wait_s)
