"""What people say about answers, and what an admin makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Connection, Engine, RowMapping, Select, insert, select, update

from service.analytics.questions import QuestionLog
from service.db.session import reading, writing
from service.db.tables import faq, feedback, question_log
from service.errors import BadInput, Conflict, NotFound


class ReviewStatus(StrEnum):
    """Whether an admin has looked at a feedback, and the verdict."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class FeedbackItem:
    """One feedback beside the question it is about."""

    id: int
    request_id: str
    given_at: datetime
    helpful: bool
    chosen_faq_id: str | None  # what the person picked among the suggestions
    status: ReviewStatus
    set_name: str
    question: str  # masked
    answered_faq_id: str | None

    @property
    def target_faq_id(self) -> str | None:
        """The FAQ that a helpful feedback vouches for."""
        return self.chosen_faq_id or (self.answered_faq_id if self.helpful else None)


@dataclass(frozen=True, slots=True)
class AlternateProposal:
    """A real question that should become an alternate of an FAQ."""

    set_name: str
    faq_id: str
    question: str


class Feedback:
    """At most one feedback per answered question; the last word counts."""

    def __init__(self, engine: Engine, questions: QuestionLog) -> None:
        self._engine = engine
        self._questions = questions

    def record(self, request_id: str, *, helpful: bool, chosen_faq_id: str | None = None) -> int:
        """Store or replace the feedback and return its id; it waits for review (again).

        Raises NotFound for an unknown request or FAQ.
        """
        if not self._is_known(request_id):
            self._questions.flush()  # the log is written in the background: it may be in the queue
        with writing(self._engine) as connection:
            set_name = _lock_request(connection, request_id)
            if chosen_faq_id is not None:
                _require_faq(connection, set_name, chosen_faq_id)
            return _store(connection, request_id, helpful, chosen_faq_id)

    def list(
        self, set_name: str, *, status: ReviewStatus | None = None, limit: int = 50
    ) -> list[FeedbackItem]:
        """The newest feedback first."""
        query = _joined().where(question_log.c.set_name == set_name)
        if status is not None:
            query = query.where(feedback.c.status == status.value)
        query = query.order_by(feedback.c.given_at.desc(), feedback.c.id.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [_to_item(row) for row in connection.execute(query).mappings()]

    def get(self, feedback_id: int) -> FeedbackItem:
        """One feedback. Raises NotFound."""
        with reading(self._engine) as connection:
            return _get(connection, feedback_id)

    def propose(self, feedback_id: int, faq_id: str | None = None) -> AlternateProposal:
        """The alternate that accepting stands for: the question, at the FAQ that was picked.

        `faq_id` overrides the pick. Nothing is changed: store the alternate, then `accept`.
        Raises NotFound, Conflict (already reviewed), or BadInput when there is no FAQ to attach
        the question to, or its text was not kept.
        """
        with reading(self._engine) as connection:
            item = _pending(connection, feedback_id)
            target = faq_id or item.target_faq_id
            if target is None:
                raise BadInput("This feedback names no FAQ. Choose the one that fits the question.")
            if not item.question:
                raise BadInput("The text of this question was not kept, so it cannot be reused.")
            _require_faq(connection, item.set_name, target)
        return AlternateProposal(item.set_name, target, item.question)

    def accept(self, feedback_id: int) -> None:
        """Approve. Raises NotFound, or Conflict when already reviewed."""
        self._review(feedback_id, ReviewStatus.ACCEPTED)

    def reject(self, feedback_id: int) -> None:
        """Set aside. Raises NotFound, or Conflict when already reviewed."""
        self._review(feedback_id, ReviewStatus.REJECTED)

    def _review(self, feedback_id: int, verdict: ReviewStatus) -> None:
        with writing(self._engine) as connection:
            _pending(connection, feedback_id)
            connection.execute(
                update(feedback).where(feedback.c.id == feedback_id).values(status=verdict.value)
            )

    def _is_known(self, request_id: str) -> bool:
        query = select(question_log.c.request_id).where(question_log.c.request_id == request_id)
        with reading(self._engine) as connection:
            return connection.execute(query).first() is not None


def _lock_request(connection: Connection, request_id: str) -> str:
    # Two feedbacks on one answer at once: the second waits here and then updates.
    query = select(question_log.c.set_name).where(question_log.c.request_id == request_id)
    set_name: str | None = connection.execute(query.with_for_update()).scalar()
    if set_name is None:
        raise NotFound(f"There is no answered question with request_id {request_id!r}.")
    return set_name


def _require_faq(connection: Connection, set_name: str, faq_id: str) -> None:
    query = select(faq.c.id).where(faq.c.set_name == set_name, faq.c.id == faq_id)
    if connection.execute(query).first() is None:
        raise NotFound(f"There is no FAQ {faq_id!r} in the set {set_name!r}.")


def _store(connection: Connection, request_id: str, helpful: bool, chosen: str | None) -> int:
    values = {
        "request_id": request_id,
        "given_at": datetime.now(UTC),
        "helpful": helpful,
        "chosen_faq_id": chosen,
        "status": ReviewStatus.PENDING.value,
    }
    changed = update(feedback).where(feedback.c.request_id == request_id).values(values)
    existing: int | None = connection.execute(changed.returning(feedback.c.id)).scalar()
    if existing is not None:
        return existing
    new: int = connection.execute(
        insert(feedback).values(values).returning(feedback.c.id)
    ).scalar_one()
    return new


def _pending(connection: Connection, feedback_id: int) -> FeedbackItem:
    item = _get(connection, feedback_id)
    if item.status is not ReviewStatus.PENDING:
        raise Conflict(f"Feedback {feedback_id} has already been {item.status.value}.")
    return item


def _joined() -> Select[tuple[object, ...]]:
    return select(
        feedback,
        question_log.c.set_name,
        question_log.c.question,
        question_log.c.faq_id.label("answered_faq_id"),
    ).join(question_log, question_log.c.request_id == feedback.c.request_id)


def _get(connection: Connection, feedback_id: int) -> FeedbackItem:
    row = connection.execute(_joined().where(feedback.c.id == feedback_id)).mappings().first()
    if row is None:
        raise NotFound(f"There is no feedback {feedback_id}.")
    return _to_item(row)


def _to_item(row: RowMapping) -> FeedbackItem:
    return FeedbackItem(**{**row, "status": ReviewStatus(row["status"])})
