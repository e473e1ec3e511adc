"""All channels of one process, wired: the way in, the worker, the pollers."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
from filelock import FileLock, Timeout
from sqlalchemy import Engine

from service.channels import conversations, outbox
from service.channels.calls import open_client
from service.channels.forget import forget_person
from service.channels.gateway import Gateway
from service.channels.messenger import Messenger
from service.channels.pacer import Pacer
from service.channels.poller import Poller
from service.channels.port import Channel, Desk
from service.channels.respond import Responder
from service.channels.turn import Account
from service.channels.vault import Vault
from service.channels.worker import Worker
from service.channels.zalo_bot import ZaloBot
from service.channels.zalo_oa import ZaloOa
from service.channels.zalo_tokens import ZaloTokens
from service.errors import Conflict
from service.settings import (
    AnyChannelAccount,
    MessengerAccount,
    Settings,
    ZaloBotAccount,
    ZaloOaAccount,
)


class ChannelHub:
    """Receives at once; answers from `start` to `stop`."""

    def __init__(self, settings: Settings, engine: Engine, desk: Desk) -> None:
        """Starts nothing. Raises BadSetting without VIFAQ_SECRET_KEY."""
        self._settings = settings
        self._engine = engine
        self._desk = desk
        self._vault = Vault(settings.secret_key)
        self._client = open_client(settings.channel_timeout_s)
        self._owner = uuid.uuid4().hex
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._lock: FileLock | None = None
        self.accounts = [self._account(entry) for entry in settings.channels]
        self.worker = Worker(engine, settings, self.accounts, self._owner)
        channels = [account.channel for account in self.accounts]
        self.gateway = Gateway(engine, channels, self._vault, self.worker.wake)

    def start(self) -> None:
        """Begin to answer, in threads. Raises Conflict where only one process may: on SQLite."""
        self._take_worker_lock()
        self._run(self.worker.run)
        for account in self.accounts:
            if isinstance(account.channel, ZaloBot) and account.channel.polls:
                poller = Poller(self._engine, self.gateway, account.channel, self._owner)
                self._run(partial(poller.run, self._stopping))

    def stop(self) -> None:
        """Finish the steps in progress, leave the rest for later. Fine if never started."""
        self._stopping.set()
        self.worker.stop()
        for thread in self._threads:
            thread.join()
        if self._lock:
            self._lock.release()
        self._client.close()

    def forget(self, person: str) -> tuple[int, int]:
        """Delete a person, by the platform's id or the pseudonym: conversations, questions."""
        return forget_person(self._engine, person, self._desk.forget_subject)

    def counts(self, channel: Channel) -> dict[str, int]:
        """How many messages of the account are in which state of the outbox."""
        return outbox.counts(self._engine, channel.name, channel.account_id)

    def _account(self, entry: AnyChannelAccount) -> Account:
        channel = _open_channel(entry, self._engine, self._vault, self._client)
        set_name = entry.faq_set or self._settings.faq_set
        responder = Responder(self._desk, self._settings, set_name, channel.limits)
        return Account(channel, responder, Pacer(channel.limits.rate_per_s))

    def _run(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="channels", daemon=True)
        thread.start()
        self._threads.append(thread)

    def _take_worker_lock(self) -> None:
        if self._engine.dialect.name != "sqlite":
            return
        path = Path(str(self._engine.url.database)).with_suffix(".worker.lock")
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise Conflict(
                "Another process already answers the channels of this SQLite database. Stop it, "
                "or set VIFAQ_CHANNEL_WORKER=separate for `vifaq serve`, or use PostgreSQL, "
                "where there may be several"
            ) from error
        self._lock = lock
        conversations.free_all(self._engine)  # whoever held one is dead


def _open_channel(
    entry: AnyChannelAccount, engine: Engine, vault: Vault, client: httpx.Client
) -> Channel:
    match entry:
        case MessengerAccount():
            return Messenger(entry, client)
        case ZaloOaAccount():
            return ZaloOa(entry, client, ZaloTokens(entry, engine, vault, client))
        case ZaloBotAccount():
            return ZaloBot(entry, client)
