"""The policy: answer, suggest, or hand over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from rapidfuzz import fuzz

from service.domain import Candidate, Decision, Faq, Outcome
from service.pipeline.confidence import Confidence
from service.pipeline.guards import named
from service.text.diacritics import fold

_DOUBT = 0.5  # of a message's, that a part may leave and be answered
_LIKELY = 0.5  # confidence from which a part's FAQ is offered beside the answer
_SAME_ABOVE = 95.0  # rapidfuzz ratio: the same question but for a slip or a comma
_WORD = re.compile(r"\w+")


def decide(judged: Sequence[Candidate], confidence: Confidence, *, suggest_k: int) -> Decision:
    """Answer with the first if it is sure enough; else offer the nearest few; else hand over."""
    if judged and judged[0].confidence >= confidence.answer_at:
        return Decision(Outcome.ANSWER, judged[0], ())
    if judged and confidence.any_fits(judged) >= confidence.suggest_at:
        return Decision(Outcome.SUGGEST, None, tuple(islice(_distinct(judged), suggest_k)))
    return Decision(Outcome.HANDOVER, None, ())


def decide_with_parts(
    decision: Decision,
    judged: Sequence[Candidate],
    parts: Sequence[Sequence[Candidate]],
    confidence: Confidence,
    *,
    suggest_k: int,
) -> Decision:
    """The verdict over a message, once its parts were judged on their own as well.

    A part may lean on the others ("cần giấy tờ gì" on what it is about), so it is answered only
    where the whole message is nearest to the same FAQ, and with half of the doubt that a message
    may leave. What other parts likely ask is offered beside the answer. Without one, those FAQs are
    offered of which the message or a part of it is surest. A message of one part has none here.
    """
    if not parts:
        return decision
    verdicts = [decide(part, confidence, suggest_k=suggest_k) for part in parts]
    best = [part[0] for part in parts if part]
    sure_at = 1 - _DOUBT * (1 - confidence.answer_at)
    own = judged[0].faq if judged else None
    sure = (one for one in best if one.faq == own and one.confidence >= sure_at)
    if answer := decision.answer or next(sure, None):
        likely = [one for one in best if one.confidence >= _LIKELY]
        others = islice(_distinct([answer, *likely]), 1, suggest_k + 1)
        return Decision(Outcome.ANSWER, answer, tuple(others))
    offering = [
        candidates
        for candidates, one in zip((judged, *parts), (decision, *verdicts), strict=True)
        if one.outcome is not Outcome.HANDOVER
    ]
    if not offering:
        return decision
    found = _surest_first(chain(*offering))
    if offering[0] is judged:  # what the whole message is nearest to has a place
        found.sort(key=lambda candidate: candidate.faq != own)
    chosen = islice(_distinct(found), suggest_k)
    return Decision(Outcome.SUGGEST, None, tuple(_surest_first(chosen)))


def _surest_first(candidates: Iterable[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda candidate: -candidate.confidence)


def _distinct(candidates: Sequence[Candidate]) -> Iterator[Candidate]:
    """Leave out those that say what a better one says: the same answer, or the same question."""
    offered: list[Candidate] = []
    for candidate in candidates:
        if not any(_same(candidate.faq, other.faq) for other in offered):
            offered.append(candidate)
            yield candidate


def _same(one: Faq, other: Faq) -> bool:
    if one.answer == other.answer:
        return True
    alike = fuzz.ratio(_letters(one.question), _letters(other.question)) >= _SAME_ABOVE
    return alike and named(one.question) == named(other.question)  # K65 is not K66


def _letters(question: str) -> str:
    return " ".join(_WORD.findall(fold(question.lower())))
