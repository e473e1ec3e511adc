"""How sure the service is of a candidate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from service.domain import Candidate, FloatArray, PreparedText


class Confidence(Protocol):
    """Judges ranked candidates: whether the first answers, and whether any of them does."""

    @property
    def answer_at(self) -> float:
        """Confidence from which the best candidate is given as the answer."""
        ...

    @property
    def suggest_at(self) -> float:
        """`any_fits` from which the nearest candidates are worth offering."""
        ...

    def judge(
        self, text: PreparedText, vector: FloatArray, ranked: Sequence[Candidate], /
    ) -> list[Candidate]:
        """The same candidates in the same order, with `confidence` and `reasons` filled in.

        vector: (dim,) the question as the index's encoder sees it.
        """
        ...

    def any_fits(self, judged: Sequence[Candidate], /) -> float:
        """How sure it is, from 0 to 1, that one of these answers; two near ones both may."""
        ...


@dataclass(frozen=True, slots=True)
class ThresholdConfidence:
    """Confidence from two cosine thresholds, for an index that has not been calibrated.

    A candidate's cosine counts in full when it leads every FAQ with another answer by `margin`;
    what its lead falls short of is taken off. The result goes through the logistic curve that
    passes `answer_at` at `answer_similarity` and `suggest_at` at `suggest_similarity`: it rises
    with similarity and lead, and thresholds act where they were set, but it is no probability.
    After a reranker the order is its business, and only the cosine counts.

    The default margin was measured with the lexical encoder on four development sets: at 90 %
    precision it answers half as many questions again as no margin does.
    """

    answer_similarity: float
    suggest_similarity: float
    margin: float = 0.15
    answer_at: float = 0.95
    suggest_at: float = 0.25

    def judge(
        self, text: PreparedText, vector: FloatArray, ranked: Sequence[Candidate], /
    ) -> list[Candidate]:
        """See the class. `reasons` holds similarity, lead, and the similarity that counted."""
        return [self._judged(candidate, ranked) for candidate in ranked]

    def any_fits(self, judged: Sequence[Candidate], /) -> float:
        """The curve at the best cosine, whatever its lead."""
        return self._curve(max((c.similarity for c in judged), default=-1.0))

    def _judged(self, candidate: Candidate, ranked: Sequence[Candidate]) -> Candidate:
        lead = _lead(candidate, ranked)
        short = 0.0 if candidate.rerank_score is not None else max(0.0, self.margin - lead)
        counted = candidate.similarity - short
        reasons = {"similarity": candidate.similarity, "lead": lead, "counted": counted}
        return replace(candidate, confidence=self._curve(counted), reasons=reasons)

    def _curve(self, similarity: float) -> float:
        top, bottom = _logit(self.answer_at), _logit(self.suggest_at)
        gap = max(self.answer_similarity - self.suggest_similarity, 0.01)
        slope = (top - bottom) / gap
        return 1 / (1 + math.exp(-(top + slope * (similarity - self.answer_similarity))))


def _lead(candidate: Candidate, ranked: Sequence[Candidate]) -> float:
    """How far its cosine is above the best other answer's; 1 when there is none."""
    others = [c.similarity for c in ranked if c.faq.answer != candidate.faq.answer]
    return candidate.similarity - max(others) if others else 1.0


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))
