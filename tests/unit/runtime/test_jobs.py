import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Engine, update

from service.db.engine import open_engine
from service.db.jobs import JobTable
from service.db.migrate import upgrade
from service.db.session import writing
from service.db.tables import job as job_rows
from service.domain import JobStatus, Progress
from service.errors import BadInput, Conflict, NotFound
from service.ports import OnProgress
from service.runtime.jobs import JobRunner


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{tmp_path / 'jobs.db'}")
    upgrade(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def table(engine: Engine) -> JobTable:
    return JobTable(engine)


def _until_finished(table: JobTable, job_id: str):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        job = table.get(job_id)
        if job.finished_at is not None:
            return job
        time.sleep(0.01)
    raise AssertionError("the job did not finish in 10 s")


def test_a_job_reports_progress_and_its_result(table: JobTable) -> None:
    reported, go_on = threading.Event(), threading.Event()

    def task(on_progress: OnProgress) -> dict[str, object]:
        on_progress(Progress("encode", 3, 10))
        reported.set()
        assert go_on.wait(10)
        return {"generation": 2}

    started = JobRunner(table).start("reindex", "uni", task)
    assert started.status is JobStatus.QUEUED
    assert reported.wait(10)
    running = table.get(started.id)
    assert (running.status, running.progress) == (JobStatus.RUNNING, Progress("encode", 3, 10))
    go_on.set()
    done = _until_finished(table, started.id)
    assert (done.status, done.result, done.error) == (JobStatus.DONE, {"generation": 2}, None)


def test_a_second_job_of_the_same_kind_and_set_is_refused(table: JobTable) -> None:
    go_on = threading.Event()

    def task(on_progress: OnProgress) -> dict[str, object]:
        assert go_on.wait(10)
        return {}

    runner = JobRunner(table)
    first = runner.start("reindex", "uni", task)
    with pytest.raises(Conflict, match=first.id):
        runner.start("reindex", "uni", task)
    other = runner.start("reindex", "law", task)
    go_on.set()
    for started in (first, other):
        _until_finished(table, started.id)
    runner.close(wait_s=10)
    assert [job.status for job in table.newest(10)] == [JobStatus.DONE] * 2


def test_a_failing_job_says_why(table: JobTable) -> None:
    def unusable(on_progress: OnProgress) -> dict[str, object]:
        raise BadInput("row 3 is empty")

    def broken(on_progress: OnProgress) -> dict[str, object]:
        raise RuntimeError("boom")

    runner = JobRunner(table)
    failed = _until_finished(table, runner.start("reindex", "uni", unusable).id)
    assert (failed.status, failed.error) == (JobStatus.FAILED, "row 3 is empty")
    with structlog.testing.capture_logs() as logs:
        crashed = _until_finished(table, runner.start("reindex", "law", broken).id)
    assert crashed.error is not None
    assert "boom" in crashed.error
    assert [log["event"] for log in logs] == ["job_failed"]


def test_closing_stops_a_job_at_its_next_progress(table: JobTable) -> None:
    running = threading.Event()

    def endless(on_progress: OnProgress) -> dict[str, object]:
        while True:
            on_progress(Progress("encode", 0, 0))
            running.set()
            time.sleep(0.01)

    runner = JobRunner(table)
    started = runner.start("reindex", "uni", endless)
    assert running.wait(10)
    runner.close(wait_s=10)
    stopped = table.get(started.id)
    assert stopped.status is JobStatus.FAILED
    assert stopped.error is not None
    assert "stopped" in stopped.error
    with pytest.raises(Conflict, match="stopping"):
        runner.start("reindex", "uni", endless)


def test_jobs_of_dead_processes_are_closed_and_living_ones_are_not(
    engine: Engine, table: JobTable
) -> None:
    dead = table.create("reindex", "uni")
    table.report(dead.id, Progress("encode", 1, 10))
    with writing(engine) as connection:
        connection.execute(
            update(job_rows).values(updated_at=datetime.now(UTC) - timedelta(minutes=2))
        )
    go_on = threading.Event()

    def task(on_progress: OnProgress) -> dict[str, object]:
        assert go_on.wait(10)
        return {}

    runner = JobRunner(table)
    living = runner.start("reindex", "law", task)
    with writing(engine) as connection:
        connection.execute(
            update(job_rows).values(updated_at=datetime.now(UTC) - timedelta(minutes=2))
        )
    runner.keep_alive()
    assert table.get(dead.id).status is JobStatus.FAILED
    assert table.get(living.id).status is JobStatus.QUEUED
    go_on.set()
    assert _until_finished(table, living.id).status is JobStatus.DONE


def test_an_unknown_job_is_not_found(table: JobTable) -> None:
    with pytest.raises(NotFound, match="nothing"):
        table.get("nothing")


def test_whoever_hears_of_the_end_may_start_the_next(table: JobTable) -> None:
    runner = JobRunner(table)

    def again(on_progress: OnProgress) -> dict[str, object]:
        return {}

    class Listening(JobTable):
        """Starts the next job the moment that the first one's end can be read."""

        def finish(self, job_id: str, result: object) -> None:
            super().finish(job_id, result)  # type: ignore[arg-type]
            if not started:
                started.append(runner.start("reindex", "uni", again).id)

    started: list[str] = []
    runner._table = Listening(table._engine)
    runner.start("reindex", "uni", again)
    deadline = time.monotonic() + 10
    while not started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert _until_finished(table, started[0]).status is JobStatus.DONE
