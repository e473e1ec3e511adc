"""What people say about answers, and the admin's desk: reviews and unanswered questions."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query

from service.analytics import ReviewStatus
from service.http.auth import Admin, AskAllowed, ChosenSet, StateDep
from service.http.desk_schemas import (
    AcceptRequest,
    DayList,
    DayOut,
    FeedbackList,
    FeedbackOut,
    Handled,
    HandledRequest,
    UnansweredList,
    UnansweredOut,
)
from service.http.errors import documented
from service.http.schemas import FeedbackRequest, FeedbackStored

router = APIRouter(tags=["feedback"], responses=documented(401))
Limit = Annotated[int, Query(ge=1, le=200)]
FeedbackId = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.post("/v1/feedback", dependencies=[AskAllowed], responses=documented(404))
def give_feedback(body: FeedbackRequest, state: StateDep) -> FeedbackStored:
    """Say whether an answer helped, or which suggestion was meant. Repeating replaces."""
    return FeedbackStored(
        id=state.runtime.feedback.record(
            body.request_id, helpful=body.helpful, chosen_faq_id=body.chosen_faq_id
        )
    )


@router.get("/v1/feedback", responses=documented(403))
def list_feedback(
    state: StateDep,
    admin: Admin,
    set_name: ChosenSet,
    status: ReviewStatus | None = None,
    limit: Limit = 50,
) -> FeedbackList:
    """Feedback beside its questions, newest first."""
    items = state.runtime.feedback.list(set_name, status=status, limit=limit)
    return FeedbackList(feedback=[FeedbackOut.model_validate(item) for item in items])


@router.post("/v1/feedback/{feedback_id}/accept", responses=documented(403, 404, 409))
def accept_feedback(
    feedback_id: FeedbackId, body: AcceptRequest, state: StateDep, admin: Admin
) -> FeedbackOut:
    """Make the question an alternate of the FAQ; it is searchable on return."""
    runtime = state.runtime
    proposal = runtime.feedback.propose(feedback_id, body.faq_id)
    faq = runtime.faqs.get(proposal.set_name, proposal.faq_id)
    if proposal.question not in faq.texts:
        changed = replace(faq, alternates=(*faq.alternates, proposal.question))
        runtime.update_faq(proposal.set_name, changed, admin.name)
    runtime.feedback.accept(feedback_id)
    return FeedbackOut.model_validate(runtime.feedback.get(feedback_id))


@router.post("/v1/feedback/{feedback_id}/reject", responses=documented(403, 404, 409))
def reject_feedback(feedback_id: FeedbackId, state: StateDep, admin: Admin) -> FeedbackOut:
    """Set it aside."""
    state.runtime.feedback.reject(feedback_id)
    return FeedbackOut.model_validate(state.runtime.feedback.get(feedback_id))


@router.get("/v1/questions/unanswered", responses=documented(403))
def unanswered(
    state: StateDep, admin: Admin, set_name: ChosenSet, limit: Limit = 50
) -> UnansweredList:
    """Questions that got no answer and that nobody has handled, the most asked first."""
    found = state.runtime.questions.unanswered(set_name, limit=limit)
    return UnansweredList(questions=[UnansweredOut.model_validate(item) for item in found])


@router.post("/v1/questions/handled", responses=documented(403))
def mark_handled(
    body: HandledRequest, state: StateDep, admin: Admin, set_name: ChosenSet
) -> Handled:
    """Take a question off that list."""
    return Handled(entries=state.runtime.questions.mark_handled(set_name, body.question))


@router.get("/v1/questions/daily", responses=documented(403))
def daily(
    state: StateDep,
    admin: Admin,
    set_name: ChosenSet,
    days: Annotated[int, Query(ge=1, le=366)] = 30,
) -> DayList:
    """How the questions of each day ended."""
    counts = state.runtime.questions.counts_per_day(set_name, days=days)
    return DayList(days=[DayOut.model_validate(count) for count in counts])
