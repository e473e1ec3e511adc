"""The product's own path as a ranker: the very classes that serve, over a temporary index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from service.domain import Candidate, Faq, FloatArray, IndexRef, Outcome, PreparedText
from service.errors import BadInput, TimedOut
from service.evaluation.exact import ExactStore
from service.evaluation.metrics import DEPTH
from service.evaluation.ranking import Ranking
from service.pipeline.answer import Answerer, Ask
from service.pipeline.confidence import Confidence
from service.pipeline.index import OpenIndex
from service.pipeline.rerank import Reranking
from service.ports import Encoder, OnProgress, VectorStore
from service.reindex.plan import EncoderPlan, Learned, TextPath, prepare_faq, rows_of

OpenConfidence = Callable[[Mapping[str, Any], TextPath, Encoder], Confidence]

_COLLECTION = "evaluation"
_NO_LIMIT = 1_000_000  # characters; a limit is not what is measured
_BATCH = 256


class ServiceRanker:
    """Text path → encoder → vector store → group by FAQ → rerank, as the service answers."""

    def __init__(
        self,
        faqs: Sequence[Faq],
        *,
        text: TextPath,
        plan: EncoderPlan,
        store: VectorStore | None = None,
        reranking: Reranking | None = None,
        open_confidence: OpenConfidence | None = None,
        retrieve_k: int = 20,
        on_progress: OnProgress = lambda progress: None,
    ) -> None:
        """Learn the FAQs if `plan` says so, and index them.

        `store`: default exact, in memory; the caller closes its own. Without `open_confidence`
        the similarity of the best FAQ stands in for confidence.
        """
        self._faqs = {faq.id: faq for faq in faqs}
        self._rerank = reranking is not None
        self.calibrated = open_confidence is not None and plan.calibrate is not None
        learned = Learned(plan.base, None)
        if plan.learn:
            learned = plan.learn([prepare_faq(text, faq) for faq in faqs], on_progress)
        self.encoder = learned.encoder
        self.adapted = learned.artefact is not None
        self.name = plan.base.name
        self.name += "+adapted" if self.adapted else ""
        self.name += "+rerank" if reranking else ""
        confidence: Confidence = _Similarity()
        if open_confidence is not None and plan.calibrate is not None:
            self.calibration = plan.calibrate(faqs, text, learned, on_progress)
            confidence = open_confidence(self.calibration, text, self.encoder)
        index = OpenIndex(
            ref=IndexRef(_COLLECTION, 1, self.encoder.name),
            text=text,
            encoder=self.encoder,
            store=store or ExactStore(),
            collection=_COLLECTION,
            confidence=confidence,
        )
        self._confidence = confidence
        _fill(index, faqs)
        self._answerer = Answerer(
            index_of=lambda _: index,
            faqs=self,
            reranking=reranking,
            retrieve_k=retrieve_k,
            max_chars=_NO_LIMIT,
        )

    def get_many(self, set_name: str, faq_ids: Sequence[str], /) -> dict[str, Faq]:
        """The FAQs, as the pipeline looks them up."""
        return {faq_id: self._faqs[faq_id] for faq_id in faq_ids}

    def rank(self, question: str, /) -> Ranking:
        """The FAQs for a question as it was typed; none for one that is empty once normalised."""
        ask = Ask(question, _COLLECTION, suggest_k=DEPTH, rerank="always" if self._rerank else None)
        try:
            reply = self._answerer.answer(ask)
        except BadInput:
            return Ranking((), (), 0.0, 0.0)
        if reply.rerank_failed:
            raise TimedOut("The reranker failed or was too slow; the log says which.")
        candidates, decision = reply.candidates, reply.decision
        given = (*filter(None, (decision.answer,)), *decision.suggestions)
        return Ranking(
            faq_ids=tuple(candidate.faq.id for candidate in candidates),
            scores=tuple(candidate.similarity for candidate in candidates),
            confidence=candidates[0].confidence if candidates else 0.0,
            in_scope=self._confidence.any_fits(candidates),
            answered=decision.outcome is Outcome.ANSWER,
            offered=tuple(candidate.faq.id for candidate in given),
        )


class _Similarity:
    """Similarity in the place of a confidence. Thresholds do not matter to a ranking."""

    answer_at = 1.0
    suggest_at = 0.0

    def judge(
        self, text: PreparedText, vector: FloatArray, ranked: Sequence[Candidate], /
    ) -> list[Candidate]:
        return [replace(candidate, confidence=candidate.similarity) for candidate in ranked]

    def any_fits(self, judged: Sequence[Candidate], /) -> float:
        return max((candidate.similarity for candidate in judged), default=0.0)


def _fill(index: OpenIndex, faqs: Sequence[Faq]) -> None:
    rows = [row for faq in faqs for row in rows_of(faq)]
    index.store.create(index.collection)
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        vectors = index.encoder.encode([index.text.prepare(row.text) for row in batch])
        index.store.upsert(index.collection, batch, vectors)
