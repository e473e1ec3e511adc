"""Runs long tasks in threads and keeps their rows in the job table up to date."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from time import monotonic

import structlog

from service.db.jobs import JobTable
from service.domain import Job, Progress
from service.errors import Conflict, VifaqError
from service.ports import OnProgress

Task = Callable[[OnProgress], Mapping[str, object]]

_REPORT_EVERY_S = 0.5  # between two writes of progress
_SILENT_S = 60.0  # a job that no process has spoken for during this time is dead


class JobRunner:
    """At most one job of a kind and set at a time in this process."""

    def __init__(self, table: JobTable) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._busy: dict[tuple[str, str], str] = {}  # (kind, set) -> job that may not be doubled
        self._running: dict[str, threading.Thread] = {}
        self._stopping = threading.Event()

    def start(self, kind: str, set_name: str, task: Task) -> Job:
        """Run the task in a thread. Raises Conflict when such a job runs already."""
        with self._lock:
            if self._stopping.is_set():
                raise Conflict("The service is stopping.")
            if running := self._busy.get((kind, set_name)):
                raise Conflict(f"A {kind} of set {set_name!r} is running: job {running}.")
            job = self._table.create(kind, set_name)
            thread = threading.Thread(target=self._run, args=(job, task), name=kind, daemon=True)
            self._busy[kind, set_name] = job.id
            self._running[job.id] = thread
            thread.start()
        return job

    def keep_alive(self) -> None:
        """Tell other processes that these jobs live; close those of processes that died."""
        with self._lock:
            ids = list(self._running)
        self._table.keep_alive(ids)
        self._table.fail_abandoned(_SILENT_S)

    def close(self, wait_s: float) -> None:
        """Stop every job at its next report of progress."""
        self._stopping.set()
        deadline = monotonic() + wait_s
        for thread in list(self._running.values()):
            thread.join(max(0.0, deadline - monotonic()))

    def _run(self, job: Job, task: Task) -> None:
        try:
            result = task(self._reporter(job.id))
        except VifaqError as error:
            ending = partial(self._table.fail, job.id, str(error))
        except Exception as error:  # nobody else would see it
            structlog.get_logger(__name__).exception("job_failed", job=job.id, kind=job.kind)
            ending = partial(self._table.fail, job.id, f"Unexpected error, see the log: {error!r}")
        else:
            ending = partial(self._table.finish, job.id, result)
        with self._lock:  # before the end is told: whoever hears of it may start the next
            del self._busy[job.kind, job.set_name]
        try:
            ending()
        finally:
            with self._lock:
                del self._running[job.id]

    def _reporter(self, job_id: str) -> OnProgress:
        last_stage, last_at = "", 0.0

        def report(progress: Progress) -> None:
            nonlocal last_stage, last_at
            if self._stopping.is_set():
                raise Conflict("The service was stopped while this ran; start it again.")
            if progress.stage != last_stage or monotonic() - last_at >= _REPORT_EVERY_S:
                last_stage, last_at = progress.stage, monotonic()
                self._table.report(job_id, progress)

        return report
