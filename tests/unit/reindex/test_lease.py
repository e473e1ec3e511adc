"""Who may reindex a set."""

import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from sqlalchemy import Engine, insert, select, update

from service.db.tables import faq_set, reindex_lease
from service.errors import Conflict, NotFound
from service.reindex import Leases, lease

NOW = datetime.now(UTC)


@pytest.fixture
def leases(engine: Engine) -> Leases:
    with engine.begin() as connection:
        connection.execute(
            insert(faq_set).values(name="s", created_at=NOW, change_seq=0, lexicon={})
        )
    return Leases(engine)


def taken(engine: Engine, **changes: object) -> None:
    mine = {
        "set_name": "s",
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "process_started": psutil.Process().create_time(),
        "acquired_at": NOW,
        "heartbeat_at": datetime.now(UTC),
    }
    with engine.begin() as connection:
        connection.execute(insert(reindex_lease).values(mine | changes))


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_one_at_a_time_and_given_back(leases: Leases) -> None:
    with leases.hold("s"):
        owner = leases.owner("s")
        assert owner is not None
        assert owner.pid == os.getpid()
        with (
            pytest.raises(Conflict, match=f"process {os.getpid()} on .* since 20"),
            leases.hold("s"),
        ):
            pass
    assert leases.owner("s") is None
    with pytest.raises(ZeroDivisionError), leases.hold("s"):
        raise ZeroDivisionError
    with leases.hold("s"):
        pass


@pytest.mark.parametrize(
    "owner",
    [
        {"pid": "dead"},
        {"process_started": 1000.0},  # the pid is another process now
        {"heartbeat_at": NOW - timedelta(seconds=lease.SILENT_S + 30)},
        {"host": "elsewhere", "heartbeat_at": NOW - timedelta(seconds=lease.SILENT_S + 30)},
    ],
)
def test_a_dead_owner_is_no_obstacle(
    engine: Engine, leases: Leases, owner: dict[str, object]
) -> None:
    if owner.get("pid") == "dead":
        owner = {"pid": dead_pid()}
    taken(engine, **owner)
    assert leases.owner("s") is None
    with leases.hold("s"):
        now = leases.owner("s")
        assert now is not None
        assert now.pid == os.getpid()


@pytest.mark.parametrize("owner", [{}, {"host": "elsewhere", "pid": 1, "process_started": 1.0}])
def test_a_living_owner_is_respected(
    engine: Engine, leases: Leases, owner: dict[str, object]
) -> None:
    taken(engine, **owner)
    since = f"{NOW:%Y-%m-%d %H:%M:%S} UTC"
    with pytest.raises(Conflict, match=since), leases.hold("s"):
        pass
    assert leases.owner("s") is not None


def test_the_heart_beats(engine: Engine, leases: Leases, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "HEARTBEAT_S", 0.01)
    old = NOW - timedelta(days=1)
    with leases.hold("s"):
        with engine.begin() as connection:
            connection.execute(update(reindex_lease).values(heartbeat_at=old))
        beat = old
        while beat == old:  # the test's timeout is the limit
            with engine.begin() as connection:
                beat = connection.execute(select(reindex_lease.c.heartbeat_at)).scalar_one()
        assert beat > NOW


def test_a_lease_that_was_taken_over_is_left_alone(engine: Engine, leases: Leases) -> None:
    with leases.hold("s"), engine.begin() as connection:
        connection.execute(update(reindex_lease).values(acquired_at=NOW, host="elsewhere", pid=1))
    owner = leases.owner("s")
    assert owner is not None
    assert owner.host == "elsewhere"


def test_no_such_set(leases: Leases) -> None:
    with pytest.raises(NotFound, match="nowhere"), leases.hold("nowhere"):
        pass
