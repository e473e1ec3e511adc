"""Everything that only needs the FAQ database: it works while a server owns the index."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from service.analytics.feedback import Feedback
from service.analytics.keys import KeyRing
from service.analytics.questions import QuestionLog
from service.db.jobs import JobTable
from service.domain import Faq
from service.faq.repository import FaqRepository
from service.reindex import GenerationRepository


@dataclass(frozen=True, slots=True)
class Records:
    """The database, by subject. Close it when done."""

    engine: Engine
    faqs: FaqRepository
    keys: KeyRing
    questions: QuestionLog
    feedback: Feedback
    generations: GenerationRepository
    jobs: JobTable

    def accept_feedback(self, feedback_id: int, faq_id: str | None, *, actor: str) -> Faq:
        """Make the question of a feedback an alternate of the FAQ it picked, or of `faq_id`.

        Raises NotFound, Conflict (already reviewed) or BadInput (nothing to attach it to).
        """
        proposal = self.feedback.propose(feedback_id, faq_id)
        faq = self.faqs.get(proposal.set_name, proposal.faq_id)
        if proposal.question not in faq.texts:
            new = replace(faq, alternates=(*faq.alternates, proposal.question))
            faq = self.faqs.update(proposal.set_name, new, actor, faq.revision)
        # Last: stopped in between, the feedback still waits, and nothing is lost.
        self.feedback.accept(feedback_id)
        return faq

    def close(self) -> None:
        """Write what is queued and let go of the database."""
        self.questions.close()
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
