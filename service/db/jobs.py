"""Background jobs as the database knows them, so that every process can show them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, RowMapping, insert, select, update

from service.db.session import reading, writing
from service.db.tables import job
from service.domain import Job, JobStatus, Progress
from service.errors import NotFound

_UNFINISHED = (JobStatus.QUEUED.value, JobStatus.RUNNING.value)
_ABANDONED = "The process that ran this job stopped. The data is as it was before; start it again."


class JobTable:
    """Start, follow and finish jobs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, kind: str, set_name: str) -> Job:
        """A queued job under a new id."""
        now = datetime.now(UTC)
        values = {
            "id": str(uuid.uuid4()),
            "kind": kind,
            "set_name": set_name,
            "status": JobStatus.QUEUED.value,
            "created_at": now,
            "updated_at": now,
        }
        with writing(self._engine) as connection:
            row = connection.execute(insert(job).values(values).returning(job)).mappings().one()
        return _to_job(row)

    def report(self, job_id: str, progress: Progress) -> None:
        """It runs, and this far it is."""
        self._set(
            job_id,
            status=JobStatus.RUNNING.value,
            stage=progress.stage,
            done=progress.done,
            total=progress.total,
        )

    def finish(self, job_id: str, result: Mapping[str, object]) -> None:
        """It is done."""
        done = JobStatus.DONE.value
        self._set(job_id, status=done, result=dict(result), finished_at=datetime.now(UTC))

    def fail(self, job_id: str, error: str) -> None:
        """It failed, for a reason that is fit to show."""
        failed = JobStatus.FAILED.value
        self._set(job_id, status=failed, error=error, finished_at=datetime.now(UTC))

    def get(self, job_id: str) -> Job:
        """One job. Raises NotFound."""
        with reading(self._engine) as connection:
            row = connection.execute(select(job).where(job.c.id == job_id)).mappings().first()
        if row is None:
            raise NotFound(f"There is no job {job_id!r}.")
        return _to_job(row)

    def newest(self, limit: int) -> list[Job]:
        """The newest jobs first."""
        query = select(job).order_by(job.c.created_at.desc(), job.c.id).limit(limit)
        with reading(self._engine) as connection:
            return [_to_job(row) for row in connection.execute(query).mappings()]

    def keep_alive(self, job_ids: Collection[str]) -> None:
        """These jobs run in this process, which lives."""
        if job_ids:
            with writing(self._engine) as connection:
                connection.execute(
                    update(job).where(job.c.id.in_(job_ids)).values(updated_at=datetime.now(UTC))
                )

    def fail_abandoned(self, silent_s: float) -> None:
        """Close the jobs that no living process has spoken for during that time."""
        now = datetime.now(UTC)
        abandoned = job.c.status.in_(_UNFINISHED) & (
            job.c.updated_at < now - timedelta(seconds=silent_s)
        )
        with reading(self._engine) as connection:
            if connection.execute(select(job.c.id).where(abandoned)).first() is None:
                return
        with writing(self._engine) as connection:
            connection.execute(
                update(job)
                .where(abandoned)
                .values(status=JobStatus.FAILED.value, error=_ABANDONED, finished_at=now)
            )

    def _set(self, job_id: str, **values: Any) -> None:
        with writing(self._engine) as connection:
            connection.execute(
                update(job).where(job.c.id == job_id).values(**values, updated_at=datetime.now(UTC))
            )


def _to_job(row: RowMapping) -> Job:
    return Job(
        id=row["id"],
        kind=row["kind"],
        set_name=row["set_name"],
        status=JobStatus(row["status"]),
        progress=Progress(row["stage"], row["done"], row["total"]),
        created_at=row["created_at"],
        finished_at=row["finished_at"],
        result=row["result"],
        error=row["error"],
    )
