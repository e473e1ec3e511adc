"""What a channel is, and what the channels need from the rest of the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, runtime_checkable

from service.channels.message import Delivery, Inbound, Outbound
from service.domain import Faq, Reply


@dataclass(frozen=True, slots=True)
class Limits:
    """What the platform takes."""

    text_chars: int
    choices: int  # buttons of one message; 0: none, numbered text alone
    title_chars: int  # of a button
    window: timedelta  # from the person's last message to the last moment of a reply
    rate_per_s: float


class Channel(Protocol):
    """One account of one channel. Thread-safe."""

    @property
    def name(self) -> str:
        """`messenger`, `zalo_oa` or `zalo_bot`: the name in the webhook's address."""
        ...

    @property
    def account_id(self) -> str:
        """The account's id, as in VIFAQ_CHANNELS."""
        ...

    @property
    def limits(self) -> Limits:
        """What the platform takes."""
        ...

    def verify(self, headers: Mapping[str, str], body: bytes, /) -> bool:
        """Whether the platform signed these bytes for this account. Header names: lower case."""
        ...

    def parse(self, body: bytes, /) -> list[Inbound]:
        """The account's events, in order. Raises BadInput for what is no event at all.

        Unknown events, receipts and other accounts' events are left out.
        """
        ...

    def send(self, user_id: str, message: Outbound, /, *, ref: str) -> Delivery:
        """Send one message. Never raises for what the platform does; `ref` is our id of it."""
        ...

    def probe(self) -> str:
        """Ask the platform who we are. Raises NotAllowed or TimedOut with what to do."""
        ...


@runtime_checkable
class Handshake(Protocol):
    """A channel whose webhook is confirmed by a GET request."""

    def challenge(self, query: Mapping[str, str], /) -> str | None:
        """What to send back; None: refused."""
        ...


class Ask(Protocol):
    """Answers one question."""

    def __call__(self, question: str, *, set_name: str, channel: str, subject: str) -> Reply:
        """Raises BadInput for a question that never can be answered."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """What the channels need from the rest of the service."""

    ask: Ask
    find_faq: Callable[[str, str], Faq | None]  # set name, id: what may be answered today
    chosen: Callable[[str, str], None]  # request id, FAQ id: a suggestion was picked
    forget_subject: Callable[[str], int]  # pseudonym: log rows deleted
