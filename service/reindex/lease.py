"""At most one reindex of a set at a time, on any number of machines."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psutil
import structlog
from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from service.db.session import reading, writing
from service.db.tables import reindex_lease
from service.errors import Conflict
from service.reindex.generations import holding_set

HEARTBEAT_S = 10.0
SILENT_S = 60.0  # an owner that has been silent for longer is taken for dead
SAME_START_S = 1.0  # the boot clock, and with it a process's start, wanders by less

_l = reindex_lease.c
_Ours = tuple[ColumnElement[bool], ColumnElement[bool]]  # this lease, and not a later owner's


@dataclass(frozen=True, slots=True)
class Owner:
    """Who reindexes a set."""

    host: str
    pid: int
    process_started: float  # seconds since the epoch; tells a reused pid from the owner
    acquired_at: datetime
    heartbeat_at: datetime

    @property
    def is_alive(self) -> bool:
        """Whether to wait for it."""
        if datetime.now(UTC) - self.heartbeat_at > timedelta(seconds=SILENT_S):
            return False
        return self.host != socket.gethostname() or _runs(self.pid, self.process_started)

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.acquired_at:%Y-%m-%d %H:%M:%S} UTC"


class Leases:
    """The reindex_lease table."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def hold(self, set_name: str) -> Iterator[None]:
        """Hold the set's lease, with a heartbeat. Raises Conflict that names a living owner."""
        ours = self._acquire(set_name)
        stop = threading.Event()
        heartbeat = threading.Thread(
            target=self._beat, args=(ours, stop), name=f"lease-{set_name}", daemon=True
        )
        heartbeat.start()
        try:
            yield
        finally:
            stop.set()
            heartbeat.join()
            self._release(ours)

    def owner(self, set_name: str) -> Owner | None:
        """The living owner, if a reindex is running."""
        with reading(self._engine) as connection:
            owner = _owner_in(connection, set_name)
        return owner if owner is not None and owner.is_alive else None

    def _acquire(self, set_name: str) -> _Ours:
        with holding_set(self._engine, set_name) as connection:
            owner = _owner_in(connection, set_name)
            if owner is not None and owner.is_alive:
                raise Conflict(
                    f"FAQ set {set_name!r} is being reindexed by {owner}; wait until it is done"
                )
            connection.execute(delete(reindex_lease).where(_l.set_name == set_name))
            now = datetime.now(UTC)
            mine = {"set_name": set_name, "acquired_at": now, "heartbeat_at": now} | _me()
            connection.execute(insert(reindex_lease).values(mine))
        return _l.set_name == set_name, _l.acquired_at == now

    def _beat(self, ours: _Ours, stop: threading.Event) -> None:
        while not stop.wait(HEARTBEAT_S):
            beat = update(reindex_lease).where(*ours)
            try:
                with writing(self._engine) as connection:
                    connection.execute(beat.values(heartbeat_at=datetime.now(UTC)))
            except SQLAlchemyError:  # the database may be back for the next beat
                structlog.get_logger(__name__).exception("lease_heartbeat_failed")

    def _release(self, ours: _Ours) -> None:
        with writing(self._engine) as connection:
            connection.execute(delete(reindex_lease).where(*ours))


def _owner_in(connection: Connection, set_name: str) -> Owner | None:
    query = select(reindex_lease).where(_l.set_name == set_name)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Owner(**{key: row[key] for key in Owner.__slots__})


def _me() -> dict[str, object]:
    started = psutil.Process().create_time()
    return {"host": socket.gethostname(), "pid": os.getpid(), "process_started": started}


def _runs(pid: int, started: float) -> bool:
    try:
        process = psutil.Process(pid)
        is_same = abs(process.create_time() - started) < SAME_START_S
        return is_same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
