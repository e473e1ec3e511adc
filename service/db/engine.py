"""Opens the database: SQLite in WAL mode, or PostgreSQL by URL."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from service.errors import BadSetting


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
                connect_args={"timeout": 30},
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
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=30000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediately_if_writing(connection: Any) -> None:
    # A deferred transaction that reads first and writes later fails at once with "database is
    # locked" instead of waiting; writers therefore say so: execution_options(writing=True).
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
