"""The worker: finds conversations with something to do and gives each its turn."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from service.channels import conversations
from service.channels.conversations import Conversation
from service.channels.forget import forget_older_than
from service.channels.turn import Account, Turn
from service.settings import Settings

_AFTER_TROUBLE = timedelta(seconds=5)
_TIDY_EVERY = timedelta(hours=1)


class Worker:
    """Serves all accounts, each with threads of its own: a slow platform delays only its own."""

    def __init__(
        self, engine: Engine, settings: Settings, accounts: Sequence[Account], owner: str
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._desks = [_Desk(account, settings.channel_threads) for account in accounts]
        self._owner = owner
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._tidy_at = datetime.now(UTC)

    def wake(self) -> None:
        """There is something new."""
        self._woken.set()

    def stop(self) -> None:
        """Let `run` finish the steps in progress and return."""
        self._stopping.set()
        self._woken.set()

    def run(self) -> None:
        """Work until stopped, whatever happens."""
        try:
            while not self._stopping.is_set():
                self._woken.clear()
                try:
                    self._tidy()
                    self._start_turns()
                except Exception:  # the database is away, most likely; it will be back
                    structlog.get_logger(__name__).exception("channel_worker_in_trouble")
                self._woken.wait(self._settings.channel_poll_s)
        finally:
            for desk in self._desks:
                desk.threads.shutdown()

    def _start_turns(self) -> None:
        for desk in self._desks:
            for talk in self._claim(desk):
                desk.begin()
                desk.threads.submit(self._take_turn, desk, talk)

    def _claim(self, desk: _Desk) -> list[Conversation]:
        if not desk.free:
            return []
        return conversations.claim(
            self._engine,
            desk.account.channel.name,
            desk.account.channel.account_id,
            owner=self._owner,
            lease_s=self._settings.channel_lease_s,
            limit=desk.free,
        )

    def _take_turn(self, desk: _Desk, talk: Conversation) -> None:
        try:
            Turn(self._engine, self._settings, desk.account, talk, self._owner).run(self._stopping)
        except Exception:
            structlog.get_logger(__name__).exception("channel_turn_failed", subject=talk.subject)
            self._put_back(talk)
        finally:
            desk.end()
            self.wake()  # a thread is free

    def _put_back(self, talk: Conversation) -> None:
        later = datetime.now(UTC) + _AFTER_TROUBLE
        try:
            conversations.release(self._engine, talk.id, owner=self._owner, not_before=later)
        except SQLAlchemyError:
            # Without a database the lease stays; it runs out by itself.
            structlog.get_logger(__name__).exception("channel_lease_kept", subject=talk.subject)

    def _tidy(self) -> None:
        now = datetime.now(UTC)
        if now >= self._tidy_at:
            self._tidy_at = now + _TIDY_EVERY
            age = timedelta(days=self._settings.channel_retention_days)
            forget_older_than(self._engine, now - age)


class _Desk:
    """An account's threads and how many of them are free."""

    def __init__(self, account: Account, threads: int) -> None:
        self.account = account
        self.free = threads
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix=account.channel.name)
        self._lock = threading.Lock()

    def begin(self) -> None:
        with self._lock:
            self.free -= 1

    def end(self) -> None:
        with self._lock:
            self.free += 1
