"""What goes in and out of a channel, the same for all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_FAQ_PREFIX = "faq:"


class Kind(StrEnum):
    """What a person, or somebody else at the account, did."""

    TEXT = "text"
    TAP = "tap"  # a button or quick reply; `payload` is its own
    MEDIA = "media"  # a picture, a voice message, a file
    STICKER = "sticker"  # anything that wants no reply
    FOLLOW = "follow"
    UNFOLLOW = "unfollow"
    ECHO = "echo"  # our own message, reported back; `payload` is our reference, if known
    TAKEOVER = "takeover"  # a person replied for the account
    WITHDRAW = "withdraw"  # the person wants their data deleted


FROM_USER = (Kind.TEXT, Kind.TAP, Kind.MEDIA, Kind.STICKER, Kind.FOLLOW)  # these open the window


@dataclass(frozen=True, slots=True)
class Inbound:
    """One event. `key` is equal for the retries of one event and for nothing else."""

    channel: str
    account_id: str
    user_id: str
    key: str
    kind: Kind
    sent_at: datetime  # the platform's clock
    text: str = ""
    payload: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A button. What is tapped comes back as `payload`."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class Outbound:
    """One message to send. A channel without buttons leaves the choices out."""

    text: str
    choices: tuple[Choice, ...] = ()

    def to_json(self) -> dict[str, object]:
        """For the outbox."""
        return {"text": self.text, "choices": [[c.title, c.payload] for c in self.choices]}

    @classmethod
    def from_json(cls, body: Mapping[str, object]) -> Outbound:
        """Back from the outbox."""
        choices = body["choices"]
        assert isinstance(choices, list)  # noqa: S101 — to_json wrote it
        return cls(str(body["text"]), tuple(Choice(title, payload) for title, payload in choices))


class Sent(StrEnum):
    """What came of sending."""

    OK = "ok"
    RETRY = "retry"  # certainly not delivered; may work later
    REFUSED = "refused"  # certainly not delivered; will not work later
    UNSURE = "unsure"  # may have been delivered: never sent again blindly
    NO_ACCESS = "no_access"  # the account's token is dead; an operator has to act


@dataclass(frozen=True, slots=True)
class Delivery:
    """The result of one send."""

    state: Sent
    message_id: str | None = None
    reason: str | None = None
    retry_after_s: float | None = None


def event_key(*parts: str) -> str:
    """A fixed-length key without personal data in it."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def faq_payload(faq_id: str) -> str:
    """What a button for a stored FAQ carries."""
    return f"{_FAQ_PREFIX}{faq_id}"


def faq_id_in(payload: str | None) -> str | None:
    """The FAQ that a tapped button stands for."""
    if payload is None or not payload.startswith(_FAQ_PREFIX):
        return None
    return payload.removeprefix(_FAQ_PREFIX)


def storable(text: str) -> str:
    """Without what no database takes: NUL and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()
