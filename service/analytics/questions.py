"""The question log: written in the background, personal data masked, read by admins."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    Delete,
    Engine,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from service.analytics.writer import BatchWriter
from service.db.session import reading, writing
from service.db.tables import feedback, question_log
from service.domain import Outcome, Reply
from service.text.masking import mask_personal_data

_VIETNAM_HOURS = 7  # days on the admin page are Vietnamese days; the country has no summer time


@dataclass(frozen=True, slots=True)
class UnansweredQuestion:
    """A question that got no answer, with how often it was asked."""

    question: str
    times: int
    last_asked_at: datetime
    nearest_faq_id: str | None  # what was suggested first, the last time


@dataclass(frozen=True, slots=True)
class DayCount:
    """How the questions of one day ended."""

    day: date
    answer: int
    suggest: int
    handover: int


@dataclass(frozen=True, slots=True)
class _Entry:
    reply: Reply
    channel: str
    subject: str | None
    asked_at: datetime


class QuestionLog:
    """Takes questions without ever making an answer wait.

    `record` puts into a bounded queue; one thread writes batches. When the queue is full, or the
    database refuses, the question is dropped and counted in `dropped`.
    """

    def __init__(self, engine: Engine, *, keep_text: bool = True, capacity: int = 10_000) -> None:
        """`keep_text=False` keeps outcomes and times, but no question."""
        self.dropped = 0
        self._engine = engine
        self._keep_text = keep_text
        self._writer = BatchWriter(self._write, capacity=capacity, name="question-log")

    def record(self, reply: Reply, *, channel: str = "http", subject: str | None = None) -> None:
        """Queue one answered question. `subject` is a pseudonym of the person, never a name."""
        if not self._writer.put(_Entry(reply, channel, subject, datetime.now(UTC))):
            self.dropped += 1

    def flush(self) -> None:
        """Wait until everything recorded so far is written."""
        self._writer.flush()

    def close(self) -> None:
        """Write what is queued and stop; what is recorded afterwards counts as dropped."""
        self._writer.close()

    def unanswered(self, set_name: str, *, limit: int = 50) -> list[UnansweredQuestion]:
        """The most asked questions that were not answered and that no admin has handled."""
        query = (
            select(question_log.c.text_key, func.count())
            .where(*_still_unanswered(set_name))
            .group_by(question_log.c.text_key)
            .order_by(func.count().desc(), func.max(question_log.c.asked_at).desc())
            .limit(limit)
        )
        with reading(self._engine) as connection:
            groups = connection.execute(query).all()
            return [
                UnansweredQuestion(last.question, times, last.asked_at, _first(last.suggested))
                for key, times in groups
                for last in connection.execute(_newest_of(set_name, key))
            ]

    def mark_handled(self, set_name: str, question: str) -> int:
        """Take a question off the unanswered list; returns how many log rows that were."""
        statement = (
            update(question_log)
            .where(*_still_unanswered(set_name), question_log.c.text_key == text_key(question))
            .values(handled=True)
        )
        with writing(self._engine) as connection:
            return connection.execute(statement).rowcount

    def counts_per_day(self, set_name: str, *, days: int = 30) -> list[DayCount]:
        """Outcomes of each of the last days that had questions, oldest first."""
        day = self._vietnamese_day()
        query = (
            select(day, question_log.c.outcome, func.count())
            .where(
                question_log.c.set_name == set_name,
                question_log.c.asked_at >= datetime.now(UTC) - timedelta(days=days),
            )
            .group_by(day, question_log.c.outcome)
        )
        counts: dict[date, dict[str, int]] = {}
        with reading(self._engine) as connection:
            for when, outcome, number in connection.execute(query):
                counts.setdefault(date.fromisoformat(str(when)), {})[outcome] = number
        return [
            DayCount(when, *(by_outcome.get(outcome, 0) for outcome in Outcome))
            for when, by_outcome in sorted(counts.items())
        ]

    def delete_older_than(self, moment: datetime) -> int:
        """Remove questions asked before that moment, with their feedback."""
        return self._delete(question_log.c.asked_at < moment)

    def delete_subject(self, subject: str) -> int:
        """Remove everything one person asked, with the feedback."""
        return self._delete(question_log.c.subject == subject)

    def _delete(self, condition: ColumnElement[bool]) -> int:
        self.flush()  # what is queued belongs to the person as much as what is written
        orphans: Delete = delete(feedback).where(
            exists().where(question_log.c.request_id == feedback.c.request_id, condition)
        )
        with writing(self._engine) as connection:
            connection.execute(orphans)
            return connection.execute(delete(question_log).where(condition)).rowcount

    def _vietnamese_day(self) -> ColumnElement[Any]:
        if self._engine.dialect.name == "sqlite":
            return func.date(question_log.c.asked_at, f"+{_VIETNAM_HOURS} hours")
        return func.date(func.timezone("Asia/Ho_Chi_Minh", question_log.c.asked_at))

    def _write(self, entries: list[_Entry]) -> None:
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(question_log), [self._row(entry) for entry in entries])
        except SQLAlchemyError as error:
            # The text of a database error repeats the rows, and with them the questions.
            self.dropped += len(entries)
            structlog.get_logger(__name__).error(
                "question_log_write_failed", rows=len(entries), error=type(error).__name__
            )

    def _row(self, entry: _Entry) -> dict[str, object]:
        reply = entry.reply
        decision = reply.decision
        best = decision.answer or next(iter(decision.suggestions), None)
        question = mask_personal_data(reply.question) if self._keep_text else ""
        return {
            "request_id": reply.request_id,
            "asked_at": entry.asked_at,
            "set_name": reply.index.set_name,
            "question": question,
            "text_key": text_key(question),
            "outcome": decision.outcome.value,
            "faq_id": decision.answer.faq.id if decision.answer else None,
            "confidence": best.confidence if best else None,
            "similarity": best.similarity if best else None,
            "suggested": [candidate.faq.id for candidate in decision.suggestions],
            "generation": reply.index.generation,
            "channel": entry.channel,
            "subject": entry.subject,
            "total_ms": reply.timing.total_ms,
            "handled": reply.small_talk is not None,
        }


def text_key(question: str) -> str:
    """The same for questions that differ only by case, spaces or the sign at their end."""
    folded = " ".join(question.casefold().split()).rstrip(" ?.!")
    return hashlib.sha256(folded.encode()).hexdigest()[:32]


def _still_unanswered(set_name: str) -> tuple[ColumnElement[bool], ...]:
    return (
        question_log.c.set_name == set_name,
        question_log.c.outcome != Outcome.ANSWER.value,
        question_log.c.handled.is_(False),
        question_log.c.question != "",
    )


def _newest_of(set_name: str, key: str) -> Any:
    return (
        select(question_log.c.question, question_log.c.asked_at, question_log.c.suggested)
        .where(*_still_unanswered(set_name), question_log.c.text_key == key)
        .order_by(question_log.c.asked_at.desc())
        .limit(1)
    )


def _first(faq_ids: list[str]) -> str | None:
    return faq_ids[0] if faq_ids else None
