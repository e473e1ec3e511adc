"""What every way in may do: HTTP, channels, the command line."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from service.analytics.feedback import Feedback
from service.analytics.keys import KeyRing
from service.analytics.metrics import Metrics
from service.analytics.questions import QuestionLog
from service.channels.hub import ChannelHub
from service.domain import Faq, Generation, Job, Reply
from service.errors import BadInput, BadSetting, NotFound, NotReady
from service.faq.importing import ImportReport, import_faqs
from service.faq.repository import FaqRepository
from service.pipeline.answer import Ask
from service.ports import OnProgress
from service.runtime import health
from service.runtime.channels import open_channels
from service.runtime.keeper import Chore
from service.runtime.learning import Adapt
from service.runtime.parts import Parts
from service.runtime.records import Records
from service.settings import RerankWhen, Settings
from service.store import EmbeddedStore

_SYNC_EVERY_S = 2.0
_JOBS_EVERY_S = 10.0
_CLEAN_UP_EVERY_S = 3600.0


class Runtime:
    """Everything wired. Thread-safe; opened by `open_runtime`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._stopping = False
        self._channels: ChannelHub | None = None
        if parts.settings.channels:
            self._channels = open_channels(parts.settings, parts.records, self.ask)
            parts.closing.callback(self._channels.stop)

    @property
    def settings(self) -> Settings:
        """What it was opened with."""
        return self._parts.settings

    @property
    def faqs(self) -> FaqRepository:
        """For reading; write through add_faq, update_faq, remove_faq and import_file."""
        return self._parts.records.faqs

    @property
    def keys(self) -> KeyRing:
        """API keys."""
        return self._parts.records.keys

    @property
    def questions(self) -> QuestionLog:
        """The question log."""
        return self._parts.records.questions

    @property
    def feedback(self) -> Feedback:
        """What people said about answers."""
        return self._parts.records.feedback

    @property
    def metrics(self) -> Metrics:
        """What Prometheus sees."""
        return self._parts.metrics

    @property
    def records(self) -> Records:
        """What only needs the database."""
        return self._parts.records

    @property
    def channels(self) -> ChannelHub:
        """Messenger and Zalo. Raises BadSetting without an account."""
        if self._channels is None:
            raise BadSetting("VIFAQ_CHANNELS is empty: no channel is connected.")
        return self._channels

    # asking

    def ask(
        self,
        question: str,
        *,
        set_name: str | None = None,
        k: int | None = None,
        tags: Sequence[str] = (),
        rerank: bool | None = None,
        channel: str = "http",
        subject: str | None = None,
        log: bool = True,
    ) -> Reply:
        """Answer one question. `k` counts suggestions; `subject` is a pseudonym of the person.

        Raises BadInput (empty, too long, no reranker), NotFound (set), NotReady, Overloaded.
        """
        ask = Ask(
            question,
            set_name or self.settings.faq_set,
            suggest_k=k or self.settings.suggest_k,
            tags=tuple(tags),
            rerank=self._wants_reranking(rerank),
        )
        reply = self._parts.answerer.answer(ask)
        self.metrics.observe(reply)
        if log:
            self.questions.record(reply, channel=channel, subject=subject)
        return reply

    def _wants_reranking(self, asked: bool | None) -> RerankWhen | None:
        if asked and not self._parts.can_rerank:
            raise BadInput("There is no reranker: set VIFAQ_RERANKER, or leave rerank out.")
        if asked is None:
            return self.settings.rerank if self._parts.can_rerank else None
        return "always" if asked else None

    # editing

    def import_file(
        self,
        path: Path,
        *,
        set_name: str | None = None,
        replace: bool = False,
        partial: bool = False,
        dry_run: bool = False,
        actor: str,
        on_progress: OnProgress | None = None,
    ) -> ImportReport:
        """Import a file and make it searchable. Raises BadFile with all bad rows."""
        name = set_name or self.settings.faq_set
        report = import_faqs(
            self.faqs,
            name,
            path,
            actor=actor,
            replace=replace,
            partial=partial,
            dry_run=dry_run,
            on_progress=on_progress,
        )
        if not dry_run:
            self.sync(name)
        return report

    def add_faq(self, set_name: str, faq: Faq, actor: str) -> Faq:
        """Store a new FAQ; searchable on return. Raises BadInput, NotFound or Conflict."""
        stored = self.faqs.add(set_name, faq, actor)
        self.sync(set_name)
        return stored

    def update_faq(self, set_name: str, faq: Faq, actor: str) -> Faq:
        """Store a new state; `faq.revision` must be the stored one, else Conflict."""
        stored = self.faqs.update(set_name, faq, actor, expected_revision=faq.revision)
        self.sync(set_name)
        return stored

    def remove_faq(self, set_name: str, faq_id: str, actor: str) -> None:
        """Remove it; no question finds it after return. Raises NotFound."""
        self.faqs.remove(set_name, faq_id, actor)
        self.sync(set_name)

    def sync(self, set_name: str) -> None:
        """Put all stored edits into the live index; one that cannot be used gets them later."""
        try:
            self._parts.sync.sync(set_name)
        except NotReady as error:  # they are safe in the database, and the next reindex has them
            structlog.get_logger(__name__).info("edits_wait", set=set_name, reason=str(error))

    # the index

    def reindex(
        self, set_name: str, *, adapt: Adapt = "auto", on_progress: OnProgress | None = None
    ) -> Generation:
        """Build beside, verify, switch. Raises NotFound, BadInput, Conflict or IndexBroken."""
        plan = self._parts.learning.plan(adapt)
        return self._parts.reindexer.run(set_name, plan, on_progress or (lambda _: None))

    def start_reindex(self, set_name: str, *, adapt: Adapt = "auto") -> str:
        """The same in a background thread; returns the job's id at once."""
        self.faqs.last_seq(set_name)  # raises NotFound
        plan = self._parts.learning.plan(adapt)

        def task(on_progress: OnProgress) -> dict[str, object]:
            built = self._parts.reindexer.run(set_name, plan, on_progress)
            return {
                "generation": built.number,
                "row_count": built.row_count,
                "encoder": built.encoder,
                "adapted": built.has_artefact,
            }

        return self._parts.jobs.start("reindex", set_name, task).id

    def job(self, job_id: str) -> Job:
        """One job as the database knows it. Raises NotFound."""
        return self._parts.records.jobs.get(job_id)

    def jobs(self, *, limit: int = 50) -> list[Job]:
        """The newest jobs first."""
        return self._parts.records.jobs.newest(limit)

    def roll_back(self, set_name: str) -> Generation:
        """Make the previous generation live again. Raises NotFound, NotReady or Conflict."""
        return self._parts.sync.roll_back(set_name)

    def index_status(self, set_name: str) -> list[Generation]:
        """Generations of the set, newest first; reports included. Raises NotFound."""
        self.faqs.last_seq(set_name)
        return self._parts.records.generations.all(set_name)

    # running

    def ready(self) -> list[str]:
        """Why it cannot answer; empty: it can. Each reason says what to run."""
        if self._stopping:
            return ["The service is stopping."]
        return health.problems(self._parts)

    def needs_reindex(self, set_name: str) -> bool:
        """Whether the live index cannot be searched, or an earlier version calibrated it."""
        problem = health.index_problem(self._parts, set_name)
        return problem is not None or not health.is_calibrated(self._parts, set_name)

    def warm_up(self) -> None:
        """Load what is loaded at first use, so that the first question does not wait for it."""
        with suppress(NotReady, NotFound):
            self._parts.answerer.answer(Ask("xin chào", self.settings.faq_set))

    def announce(self, url: str) -> None:
        """Let a process that finds the index taken say where this one answers."""
        if isinstance(self._parts.store, EmbeddedStore):
            self._parts.store.announce(url)

    def stop_accepting(self) -> None:
        """From now on `ready()` names the shutdown; asking still works. For the drain."""
        self._stopping = True

    def chores(self) -> list[Chore]:
        """What a long-running process does again and again."""
        return [
            Chore("sync", _SYNC_EVERY_S, self._sync_all),
            Chore("jobs", _JOBS_EVERY_S, self._parts.jobs.keep_alive),
            Chore("clean up", _CLEAN_UP_EVERY_S, self._forget_old_questions),
        ]

    def _sync_all(self) -> None:
        for name in self.faqs.set_names():
            if self.records.generations.live_number(name) is not None:
                self.sync(name)

    def _forget_old_questions(self) -> None:
        days = timedelta(days=self.settings.question_retention_days)
        self.questions.delete_older_than(datetime.now(UTC) - days)

    def close(self) -> None:
        """Stop jobs and threads, write what is queued, release files and locks."""
        self._stopping = True
        self._parts.closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
