"""Takes webhooks: verified over the raw bytes, stored, and only then acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import structlog
from sqlalchemy import Engine

from service.channels import inbox
from service.channels.message import Inbound
from service.channels.port import Channel, Handshake
from service.channels.vault import Vault
from service.errors import NotAllowed, NotFound


class Gateway:
    """All accounts' way in. Thread-safe."""

    def __init__(
        self,
        engine: Engine,
        channels: Sequence[Channel],
        vault: Vault,
        on_stored: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_stored` is called after something new was stored."""
        self._engine = engine
        self._channels = channels
        self._vault = vault
        self._on_stored = on_stored

    def challenge(self, name: str, query: Mapping[str, str]) -> str:
        """The answer to a handshake. Raises NotFound (channel) or NotAllowed (wrong token)."""
        for channel in self._of(name):
            answer = channel.challenge(query) if isinstance(channel, Handshake) else None
            if answer is not None:
                return answer
        raise NotAllowed("The handshake's verify token or mode is wrong.")

    def receive(self, name: str, headers: Mapping[str, str], body: bytes) -> int:
        """Store every event of a webhook request; returns how many were new.

        Raises NotFound (channel), NotAllowed (no account's secret signed it), BadInput (signed,
        but no event), or the database's error: then nothing is stored.
        """
        believed = [channel for channel in self._of(name) if channel.verify(headers, body)]
        if not believed:
            structlog.get_logger(__name__).warning("channel_webhook_refused", channel=name)
            raise NotAllowed("The signature does not match.")
        return self.store([event for channel in believed for event in channel.parse(body)])

    def store(self, events: Sequence[Inbound]) -> int:
        """Store events, however they came; returns how many were new."""
        added = inbox.store(self._engine, events, self._vault)
        if added:
            self._on_stored()
        return added

    def _of(self, name: str) -> list[Channel]:
        found = [channel for channel in self._channels if channel.name == name]
        if not found:
            raise NotFound(f"No account of channel {name!r} is set in VIFAQ_CHANNELS.")
        return found
