"""Transactions, said the same way everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from sqlalchemy import Connection, Engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent snapshot."""
    with engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that waits for other writers instead of failing; commits at the end."""
    # SQLite lets one write at a time, and makes the others look again after ever longer pauses.
    # Threads of one process wait in line here instead, and go on at once.
    line = engine.get_execution_options().get("write_lock") or nullcontext()
    with line, engine.connect() as connection:
        connection = connection.execution_options(writing=True)
        with connection.begin():
            yield connection
