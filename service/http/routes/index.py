"""The index: build it anew, follow the job, roll back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool
from sse_starlette import EventSourceResponse, ServerSentEvent

from service.domain import Job, JobStatus
from service.http.auth import Admin, ChosenSet, StateDep
from service.http.desk_schemas import GenerationOut, IndexStatus, JobList, JobOut
from service.http.errors import documented
from service.runtime import Adapt, Runtime

router = APIRouter(tags=["index"], responses=documented(401, 403, 404))
_FINISHED = (JobStatus.DONE, JobStatus.FAILED)
_POLL_S = 0.25


@router.post("/v1/reindex", status_code=202, responses=documented(409))
def reindex(
    state: StateDep,
    admin: Admin,
    set_name: ChosenSet,
    response: Response,
    adapt: Annotated[Adapt, Query(description="Teach the encoder this set")] = "auto",
) -> JobOut:
    """Build an index beside the live one and switch to it. Answers go on meanwhile."""
    job_id = state.runtime.start_reindex(set_name, adapt=adapt)
    response.headers["Location"] = f"/v1/jobs/{job_id}"
    return JobOut.model_validate(state.runtime.job(job_id))


@router.get("/v1/jobs")
def list_jobs(
    state: StateDep, admin: Admin, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> JobList:
    """The newest jobs first."""
    return JobList(jobs=[JobOut.model_validate(job) for job in state.runtime.jobs(limit=limit)])


@router.get("/v1/jobs/{job_id}")
def get_job(job_id: str, state: StateDep, admin: Admin) -> JobOut:
    """How far a job is."""
    return JobOut.model_validate(state.runtime.job(job_id))


@router.get(
    "/v1/jobs/{job_id}/events",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def job_events(job_id: str, state: StateDep, admin: Admin) -> EventSourceResponse:
    """The same as server-sent events: `progress`, and at last `done` or `failed`."""
    first = await run_in_threadpool(state.runtime.job, job_id)
    return EventSourceResponse(_follow(state.runtime, first))


async def _follow(runtime: Runtime, job: Job) -> AsyncIterator[ServerSentEvent]:
    shown: Job | None = None
    while job.status not in _FINISHED:
        if job != shown:
            yield _event("progress", job)
            shown = job
        await anyio.sleep(_POLL_S)
        job = await run_in_threadpool(runtime.job, job.id)
    yield _event(job.status.value, job)


def _event(name: str, job: Job) -> ServerSentEvent:
    return ServerSentEvent(event=name, data=JobOut.model_validate(job).model_dump_json())


@router.get("/v1/index")
def index_status(state: StateDep, admin: Admin, set_name: ChosenSet) -> IndexStatus:
    """The indexes of a set: live, kept for rollback, retired."""
    found = state.runtime.index_status(set_name)
    return IndexStatus(
        set=set_name, generations=[GenerationOut.model_validate(one) for one in found]
    )


@router.post("/v1/index/rollback", responses=documented(409))
def roll_back(state: StateDep, admin: Admin, set_name: ChosenSet) -> GenerationOut:
    """Make the previous index live again."""
    return GenerationOut.model_validate(state.runtime.roll_back(set_name))
