"""Facebook Messenger: one Page.

Source: developers.facebook.com/docs/messenger-platform (webhooks, send API, error codes).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

import httpx
import structlog

from service.channels.calls import call
from service.channels.message import Delivery, Inbound, Kind, Outbound, Sent, event_key
from service.channels.port import Limits
from service.channels.wire import Json, Wire, from_ms, json_object
from service.errors import BadInput, NotAllowed, TimedOut
from service.settings import MessengerAccount

GET_STARTED = "GET_STARTED"  # payload of the button that begins a conversation

_REFUSED = frozenset({10, 100, 200, 230, 368, 551})  # window, no such person, no permission
_TOO_MANY_CALLS = frozenset({4, 613})
_DEAD_TOKEN = 190
_BACK_OFF_S = 60.0


class _Id(Wire):
    id: str


class _QuickReply(Wire):
    payload: str


class _Message(Wire):
    mid: str
    text: str = ""
    quick_reply: _QuickReply | None = None
    attachments: tuple[Json, ...] = ()
    is_echo: bool = False
    app_id: int | str | None = None
    metadata: str | None = None


class _Postback(Wire):
    mid: str | None = None
    title: str = ""
    payload: str = ""


class _Event(Wire):
    sender: _Id
    recipient: _Id
    timestamp: int | str
    message: _Message | None = None
    postback: _Postback | None = None


class _Said(NamedTuple):
    kind: Kind
    mid: str | None
    text: str = ""
    payload: str | None = None


class Messenger:
    """A Page behind one Meta app."""

    name = "messenger"

    def __init__(self, account: MessengerAccount, client: httpx.Client) -> None:
        self.account_id = account.account_id
        self.limits = Limits(
            text_chars=account.text_chars,
            choices=account.quick_replies,
            title_chars=account.title_chars,
            window=timedelta(hours=account.window_h),
            rate_per_s=account.rate_per_s,
        )
        self._account = account
        self._client = client
        self._app_secret = account.app_secret.get_secret_value().encode()
        self._me = f"{account.base_url.rstrip('/')}/{account.version}/me"

    def challenge(self, query: Mapping[str, str], /) -> str | None:
        """The handshake: the challenge, when mode and verify token are right."""
        token = self._account.verify_token.get_secret_value()
        known = hmac.compare_digest(query.get("hub.verify_token", "").encode(), token.encode())
        right = known and query.get("hub.mode") == "subscribe"
        return query.get("hub.challenge", "") if right else None

    def verify(self, headers: Mapping[str, str], body: bytes, /) -> bool:
        """HMAC-SHA256 with the app secret, over the bytes as they came."""
        expected = "sha256=" + hmac.new(self._app_secret, body, hashlib.sha256).hexdigest()
        given = headers.get("x-hub-signature-256", "")
        return hmac.compare_digest(given.encode(), expected.encode())

    def parse(self, body: bytes, /) -> list[Inbound]:
        """Every event of every entry of this Page. `standby` and `changes` are not for us."""
        return [
            inbound
            for entry in _entries(body)
            if str(entry.get("id")) == self.account_id
            for raw in entry.get("messaging") or []
            if (inbound := self._read(raw))
        ]

    def send(self, user_id: str, message: Outbound, /, *, ref: str) -> Delivery:
        """The Send API. `ref` travels as metadata and comes back in the echo."""
        content: Json = {"text": message.text, "metadata": ref}
        if message.choices:
            content["quick_replies"] = [
                {"content_type": "text", "title": choice.title, "payload": choice.payload}
                for choice in message.choices
            ]
        body = {
            "recipient": {"id": user_id},
            "messaging_type": "RESPONSE",
            "message": content,
        }
        answer = call(
            self._client, "POST", f"{self._me}/messages", params=self._access(), json=body
        )
        return answer if isinstance(answer, Delivery) else _delivery(answer)

    def probe(self) -> str:
        """Name and id of the Page that the token belongs to."""
        answer = call(self._client, "GET", self._me, params=self._access() | {"fields": "id,name"})
        if isinstance(answer, Delivery):
            raise TimedOut(f"messenger {self.account_id}: {answer.reason}")
        if str(answer.get("id")) != self.account_id:
            error = answer.get("error") or {"message": f"it is of Page {answer.get('id')}"}
            raise NotAllowed(f"page_token of messenger {self.account_id}: {error.get('message')}")
        return f"Page {answer.get('name')} ({self.account_id})"

    def _access(self) -> dict[str, str]:
        token = self._account.page_token.get_secret_value()
        proof = hmac.new(self._app_secret, token.encode(), hashlib.sha256).hexdigest()
        return {"access_token": token, "appsecret_proof": proof}

    def _read(self, raw: object) -> Inbound | None:
        try:
            event = _Event.model_validate(raw)
            sent_at = from_ms(event.timestamp)
        except ValueError:
            structlog.get_logger(__name__).warning("channel_event_unreadable", channel=self.name)
            return None
        said = self._said(event)
        if said is None:
            return None
        echo = said.kind in (Kind.ECHO, Kind.TAKEOVER)
        identity = said.mid or json.dumps(raw, sort_keys=True)
        return Inbound(
            channel=self.name,
            account_id=self.account_id,
            user_id=event.recipient.id if echo else event.sender.id,
            key=event_key(self.name, self.account_id, identity),
            kind=said.kind,
            sent_at=sent_at,
            text=said.text,
            payload=said.payload,
        )

    def _said(self, event: _Event) -> _Said | None:
        message, postback = event.message, event.postback
        if message and message.is_echo:
            ours = str(message.app_id) == self._account.app_id
            kind = Kind.ECHO if ours else Kind.TAKEOVER
            return _Said(kind, message.mid, message.text, message.metadata)
        if message and message.quick_reply:
            return _Said(Kind.TAP, message.mid, message.text, message.quick_reply.payload)
        if message and message.text:
            return _Said(Kind.TEXT, message.mid, message.text)
        if message and message.attachments:
            return _Said(_attachment(message.attachments[0]), message.mid)
        if postback:
            kind = Kind.FOLLOW if postback.payload == GET_STARTED else Kind.TAP
            return _Said(kind, postback.mid, postback.title, postback.payload)
        return None  # a receipt, a reaction, or something newer than this code


def _attachment(attachment: Json) -> Kind:
    payload = attachment.get("payload") or {}
    return Kind.STICKER if "sticker_id" in payload else Kind.MEDIA


def _entries(body: bytes) -> list[Json]:
    entries = json_object(body).get("entry")
    if not isinstance(entries, list):
        raise BadInput("The body has no list `entry`.")
    return [entry for entry in entries if isinstance(entry, dict)]


def _delivery(answer: Json) -> Delivery:
    error = answer.get("error")
    if not isinstance(error, dict):
        message_id = answer.get("message_id")
        if message_id:
            return Delivery(Sent.OK, message_id=str(message_id))
        return Delivery(Sent.UNSURE, reason="neither a message_id nor an error came back")
    code = error.get("code")
    reason = f"error {code}/{error.get('error_subcode')}: {error.get('message')}"
    if code == _DEAD_TOKEN:
        return Delivery(Sent.NO_ACCESS, reason=reason)
    if code in _REFUSED:
        return Delivery(Sent.REFUSED, reason=reason)
    wait_s = _BACK_OFF_S if code in _TOO_MANY_CALLS else None
    return Delivery(Sent.RETRY, reason=reason, retry_after_s=wait_s)
