"""Fetches the messages of accounts that are not called by webhook."""

from __future__ import annotations

import threading

import structlog
from sqlalchemy import Engine

from service.channels.account_state import report_problem, take_lease
from service.channels.gateway import Gateway
from service.channels.message import Inbound
from service.channels.zalo_bot import ZaloBot
from service.errors import NotAllowed, TimedOut

_LEASE_S = 90.0  # longer than one poll
_PAUSE_S = 5.0  # after trouble, and between looks at somebody else's lease


class Poller:
    """Long polling for one bot, by one process at a time."""

    def __init__(self, engine: Engine, gateway: Gateway, channel: ZaloBot, owner: str) -> None:
        self._engine = engine
        self._gateway = gateway
        self._channel = channel
        self._owner = owner
        self._fetched: list[Inbound] = []  # not stored yet: the platform will not send it again

    def run(self, stopping: threading.Event) -> None:
        """Poll until told to stop."""
        while not stopping.is_set():
            if not self._poll():
                stopping.wait(_PAUSE_S)

    def _poll(self) -> bool:
        name, account_id = self._channel.name, self._channel.account_id
        try:
            if not take_lease(self._engine, name, account_id, owner=self._owner, seconds=_LEASE_S):
                return False
            self._fetched = self._fetched or self._channel.poll()
            self._gateway.store(self._fetched)
            self._fetched = []
            report_problem(self._engine, name, account_id, None)
        except NotAllowed as error:
            report_problem(self._engine, name, account_id, str(error))
            return False
        except TimedOut as error:
            structlog.get_logger(__name__).warning("channel_poll_failed", reason=str(error))
            return False
        except Exception:  # the database is away, most likely; what was fetched is kept
            structlog.get_logger(__name__).exception("channel_poller_in_trouble", channel=name)
            return False
        return True
