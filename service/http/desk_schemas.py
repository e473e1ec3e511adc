"""Requests and responses of the admin's desk: index, jobs, reviews, keys, health."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from service.domain import GenerationStatus, JobStatus
from service.http.schemas import FaqId, Request, Response

# index and jobs


class ProgressOut(Response):
    """Where a job is; total 0 means unknown."""

    stage: str
    done: int
    total: int


class JobOut(Response):
    """A task in the background."""

    id: str
    kind: str
    set_name: str
    status: JobStatus
    progress: ProgressOut
    created_at: datetime
    finished_at: datetime | None
    result: dict[str, object] | None
    error: str | None


class JobList(Response):
    """The newest jobs first."""

    jobs: list[JobOut]


class GenerationOut(Response):
    """One built index."""

    number: int
    status: GenerationStatus
    encoder: str
    fingerprint: str
    applied_seq: int
    row_count: int
    created_at: datetime
    report: dict[str, object]


class IndexStatus(Response):
    """All indexes of a set that are known, newest first."""

    set: str
    generations: list[GenerationOut]


# the admin's desk


class UnansweredOut(Response):
    """A question that got no answer."""

    question: str
    times: int
    last_asked_at: datetime
    nearest_faq_id: str | None


class UnansweredList(Response):
    """The most asked first."""

    questions: list[UnansweredOut]


class HandledRequest(Request):
    """A question that needs no more attention."""

    question: str = Field(min_length=1)


class Handled(Response):
    """How many entries of the log that were."""

    entries: int


class DayOut(Response):
    """How the questions of one day ended."""

    day: date
    answer: int
    suggest: int
    handover: int


class DayList(Response):
    """Days that had questions, oldest first."""

    days: list[DayOut]


class FeedbackOut(Response):
    """One feedback beside its question."""

    id: int
    request_id: str
    given_at: datetime
    helpful: bool
    status: Literal["pending", "accepted", "rejected"]
    question: str
    answered_faq_id: str | None
    chosen_faq_id: str | None
    target_faq_id: str | None


class FeedbackList(Response):
    """The newest first."""

    feedback: list[FeedbackOut]


class AcceptRequest(Request):
    """Which FAQ the question belongs to; left out: the one that was picked or answered."""

    faq_id: FaqId | None = None


# keys and health


class NewKey(Request):
    """Who it is for and what it may do."""

    name: str = Field(min_length=1, max_length=128, examples=["Trang tuyển sinh"])
    scopes: list[Literal["ask", "admin"]] = Field(min_length=1, examples=[["ask"]])


class KeyOut(Response):
    """A key without its secret part."""

    prefix: str
    name: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None


class CreatedKey(KeyOut):
    """The only time the key is shown."""

    key: str


class KeyList(Response):
    """Every key, revoked ones too."""

    keys: list[KeyOut]


class Health(Response):
    """Alive."""

    status: Literal["ok"] = "ok"


class Readiness(Response):
    """Whether it can answer, and if not, what to do."""

    ready: bool
    reasons: list[str]
