"""What is particular about SQLite; the rest the contract suites see."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from service.db import engine as under_test
from service.db.engine import open_engine


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vifaq.db"


@pytest.fixture
def other(path: Path) -> Iterator[sqlite3.Connection]:
    """A process that writes to a file not yet in WAL mode, as while several open a new one."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE other (id INTEGER)")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO other VALUES (1)")
    yield connection
    connection.close()


def test_a_new_file_is_waited_for(path: Path, other: sqlite3.Connection) -> None:
    done = Timer(0.2, other.execute, ["COMMIT"])
    done.start()
    with open_engine(f"sqlite:///{path}").connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("SELECT id FROM other")).scalar_one() == 1
    done.join()


@pytest.mark.usefixtures("other")
def test_but_not_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "_PATIENCE_SECONDS", 0.1)
    with pytest.raises(OperationalError, match="locked"):
        open_engine(f"sqlite:///{path}").connect()
