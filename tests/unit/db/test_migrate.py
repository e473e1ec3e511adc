import subprocess
import sys
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text

from service.db.engine import open_engine
from service.db.migrate import current_revision, upgrade
from service.db.tables import metadata
from service.errors import Conflict

UPGRADE = (
    "import sys; from service.db.engine import open_engine; from service.db.migrate import upgrade;"
    "print('ready', flush=True); sys.stdin.readline(); upgrade(open_engine(sys.argv[1]))"
)


@pytest.fixture
def empty(database_url: str) -> Iterator[Engine]:
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def test_migrations_and_tables_agree(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_an_upgrade_twice_changes_nothing(empty: Engine) -> None:
    assert current_revision(empty) is None
    upgrade(empty)
    revision = current_revision(empty)
    assert revision is not None
    with empty.begin() as connection:
        connection.execute(text("INSERT INTO faq_set VALUES ('a', '2026-01-01', 3, NULL, '{}')"))
    upgrade(empty)
    assert current_revision(empty) == revision
    with empty.connect() as connection:
        assert connection.execute(text("SELECT change_seq FROM faq_set")).scalar_one() == 3


def test_a_newer_database_is_refused_by_name(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match=r"revision 9999.*newer version"):
        upgrade(engine)


def test_processes_that_start_at_once_do_not_collide(database_url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE, database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[1] for process in processes] == ["", "", ""]
    assert [process.returncode for process in processes] == [0, 0, 0]


def test_migrations_ship_with_the_package(pytestconfig: pytest.Config) -> None:
    from setuptools import find_packages

    packages = find_packages(str(pytestconfig.rootpath), include=["service*"])
    assert "service.db.migrations.versions" in packages
