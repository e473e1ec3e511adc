"""Brings a database to the schema of this version of the code."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from service.db.session import reading, writing
from service.errors import Conflict

_ADVISORY_LOCK = 0x7669666171  # "vifaq": any number that no other program uses


def upgrade(engine: Engine) -> None:
    """Run the missing migrations in one transaction; one process at a time, the others wait.

    Raises Conflict when the database was written by a newer version of the code.
    """
    config = _config()
    scripts = ScriptDirectory.from_config(config)
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            # SQLite needs no more: `writing` takes its only write lock at once.
            lock = text("SELECT pg_advisory_xact_lock(:key)")
            connection.execute(lock, {"key": _ADVISORY_LOCK})
        _refuse_newer(scripts, _revision(connection))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def current_revision(engine: Engine) -> str | None:
    """The revision the database is at; None when it is empty."""
    with reading(engine) as connection:
        return _revision(connection)


def newest_revision() -> str | None:
    """The revision that this version of the code works with."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(scripts: ScriptDirectory, revision: str | None) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    if revision is not None and revision not in known:
        raise Conflict(
            f"The database is at revision {revision}, which this version does not know: a newer "
            "version has written it. Install that version, or restore the backup made before."
        )
