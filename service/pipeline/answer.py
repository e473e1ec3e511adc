"""From a question to a reply. Reads like the diagram in the README."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from time import perf_counter

from service.domain import Candidate, Decision, Outcome, PreparedText, Reply, Timing
from service.errors import BadInput, IndexGone
from service.pipeline.batcher import Batcher
from service.pipeline.decide import decide, decide_with_parts
from service.pipeline.group import FaqLookup, group_by_faq
from service.pipeline.index import OpenIndex
from service.pipeline.rerank import Ranked, Reranking
from service.pipeline.retrieve import Found, Lookup, retrieve
from service.settings import RerankWhen
from service.text.normalise import normalise
from service.text.parts import parts_of

_VIETNAM = timezone(timedelta(hours=7))  # FAQs are valid on Vietnamese days; no summer time there
_DEEPER = 5  # how many times further to look when too few FAQs came up
_MOST_PARTS = 5  # of a message that are looked up by themselves
_NOTHING_TO_OFFER = Decision(Outcome.HANDOVER, None, ())


@dataclass(frozen=True, slots=True)
class Ask:
    """A question and how it wants to be answered."""

    question: str
    set_name: str
    suggest_k: int = 3
    tags: tuple[str, ...] = ()
    rerank: RerankWhen | None = None  # None: never


class Answerer:
    """Answers questions from the live indexes. Thread-safe."""

    def __init__(
        self,
        *,
        index_of: Callable[[str], OpenIndex],
        faqs: FaqLookup,
        reranking: Reranking | None = None,
        retrieve_k: int = 20,
        max_chars: int = 1000,
        queue_size: int = 64,
    ) -> None:
        """`index_of` raises NotFound or NotReady; `retrieve_k` counts rows, not FAQs."""
        self._index_of = index_of
        self._faqs = faqs
        self._reranking = reranking
        self._retrieve_k = retrieve_k
        self._max_chars = max_chars
        self._lookups = Batcher(retrieve, queue_size=queue_size)

    @property
    def waiting(self) -> int:
        """Questions that the encoder has not taken up yet."""
        return self._lookups.waiting

    def answer(self, ask: Ask) -> Reply:
        """Raises BadInput, NotFound, NotReady or Overloaded."""
        try:
            return self._answer(ask)
        except IndexGone:  # the index went live and away again while the question waited
            return self._answer(ask)

    def _answer(self, ask: Ask) -> Reply:
        watch = _Stopwatch()
        index = self._index_of(ask.set_name)
        with watch.stage("segment"):
            question = self._checked(ask.question)
            text = index.text.prepare(question)
        found, candidates = self._find(ask, text, index, watch)
        judged = index.confidence.judge(text, found.vector, candidates)
        decision = decide(judged, index.confidence, suggest_k=ask.suggest_k)
        ranked = Ranked(candidates)
        if self._reranking and _needs_reranking(ask, decision):
            with watch.stage("rerank"):
                ranked = self._reranking.rank(text, candidates, index.encoder)
            judged = index.confidence.judge(text, found.vector, ranked.candidates)
            judged = _with_reasons(judged, ranked.candidates)
            decision = decide(judged, index.confidence, suggest_k=ask.suggest_k)
        parts = self._judge_parts(ask, text, index, watch)
        decision = decide_with_parts(
            decision, judged, [*parts.values()], index.confidence, suggest_k=ask.suggest_k
        )
        small_talk = _small_talk(question, text, index, decision)
        return Reply(
            request_id=str(uuid.uuid4()),
            question=question,
            decision=decision if small_talk is None else _NOTHING_TO_OFFER,
            index=index.ref,
            timing=watch.timing(),
            rerank_failed=ranked.failed,
            small_talk=small_talk,
            text=text,
            candidates=tuple(judged),
            parts=tuple((part, found[0]) for part, found in parts.items() if found),
        )

    def _checked(self, question: str) -> str:
        normal = normalise(question)
        if not normal:
            raise BadInput("The question is empty.")
        if len(normal) > self._max_chars:
            raise BadInput(
                f"The question has {len(normal)} characters; at most {self._max_chars} are read."
            )
        return normal

    def _find(
        self, ask: Ask, text: PreparedText, index: OpenIndex, watch: _Stopwatch
    ) -> tuple[Found, list[Candidate]]:
        lookup = Lookup(index, text, self._retrieve_k, ask.tags)
        found = self._look_up(lookup, watch)
        candidates = self._group(found, ask)
        # A few FAQs with many alternates, or expired ones, may fill all rows: look once more.
        if len(candidates) < ask.suggest_k and len(found.hits) == lookup.k:
            found = self._look_up(replace(lookup, k=lookup.k * _DEEPER), watch)
            candidates = self._group(found, ask)
        return found, candidates

    def _judge_parts(
        self, ask: Ask, message: PreparedText, index: OpenIndex, watch: _Stopwatch
    ) -> dict[str, list[Candidate]]:
        """Not reranked. Guards read the whole message: who asks may stand in another part."""
        judged = {}
        for part in parts_of(ask.question)[-_MOST_PARTS:]:
            with watch.stage("segment"):
                text = index.text.prepare(part)
            found, candidates = self._find(ask, text, index, watch)
            said = replace(text, left_out=f"{message.plain} {message.left_out}")
            judged[part] = index.confidence.judge(said, found.vector, candidates)
        return judged

    def _look_up(self, lookup: Lookup, watch: _Stopwatch) -> Found:
        found = self._lookups.submit(lookup)
        watch.add("encode", found.encode_ms)
        watch.add("search", found.search_ms)
        return found

    def _group(self, found: Found, ask: Ask) -> list[Candidate]:
        return group_by_faq(found.hits, self._faqs, ask.set_name, _today())


class _Stopwatch:
    """Milliseconds spent in each stage, and since it was made."""

    def __init__(self) -> None:
        self._started = perf_counter()
        self._spent = dict.fromkeys(("segment", "encode", "search", "rerank"), 0.0)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = perf_counter()
        yield
        self.add(name, (perf_counter() - started) * 1000)

    def add(self, name: str, milliseconds: float) -> None:
        self._spent[name] += milliseconds

    def timing(self) -> Timing:
        spent = {f"{name}_ms": ms for name, ms in self._spent.items()}
        return Timing(**spent, total_ms=(perf_counter() - self._started) * 1000)


def _needs_reranking(ask: Ask, decision: Decision) -> bool:
    """A sure answer needs no second reading, and no order helps where nothing fits."""
    return ask.rerank == "always" or (ask.rerank == "auto" and decision.outcome is Outcome.SUGGEST)


def _with_reasons(judged: list[Candidate], ranked: list[Candidate]) -> list[Candidate]:
    """Confidence has put its reasons in the place of the reranker's: both count."""
    return [
        replace(one, reasons={**other.reasons, **one.reasons})
        for one, other in zip(judged, ranked, strict=True)
    ]


def _small_talk(
    question: str, text: PreparedText, index: OpenIndex, decision: Decision
) -> str | None:
    """An FAQ that answers comes first: a set may have its own on who is speaking."""
    if index.small_talk is None or decision.outcome is Outcome.ANSWER:
        return None
    return index.small_talk.reply(question, text)


def _today() -> date:
    return datetime.now(_VIETNAM).date()
