"""Opens the database: SQLite in WAL mode, or PostgreSQL by URL."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from service.errors import BadSetting

_PATIENCE_SECONDS = 30  # of one process while another writes


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`; makes SQLite's folder.

    Raises BadSetting for a URL that cannot be read or a database of another kind.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise BadSetting(
            "VIFAQ_DATABASE_URL is not a database URL; write sqlite:///path/to/file.db "
            "or postgresql+psycopg://user:password@host/name"
        ) from error
    match parsed.get_backend_name():
        case "sqlite":
            if parsed.database and parsed.database != ":memory:":
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(
                parsed,
                connect_args={"timeout": _PATIENCE_SECONDS},
                execution_options={"write_lock": threading.Lock()},
                hide_parameters=True,
            )
            event.listen(engine, "connect", _tune_sqlite)
            event.listen(engine, "begin", _begin_immediately_if_writing)
            return engine
        case "postgresql":
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                hide_parameters=True,  # errors are logged, and questions are personal
            )
        case other:
            raise BadSetting(
                f"VIFAQ_DATABASE_URL names a {other} database; SQLite and PostgreSQL are supported"
            )


def _tune_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not open transactions by itself: "begin" below does.
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    _write_ahead(connection)


def _write_ahead(connection: Any) -> None:
    # Alone among statements this one does not wait: of several processes that open a new file at
    # once, SQLite refuses those that would both have to become its only user.
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                raise
        time.sleep(0.02)


def _begin_immediately_if_writing(connection: Any) -> None:
    # A deferred transaction that reads first and writes later fails at once with "database is
    # locked" instead of waiting; writers therefore say so: execution_options(writing=True).
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
