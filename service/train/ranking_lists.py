"""Questions with the FAQs that an encoder finds for them: what a reranker is trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from service.domain import Candidate, Faq, FloatArray, PreparedText
from service.ports import Encoder

Prepare = Callable[[str], PreparedText]

TOP = 5  # FAQs of a list
_ROWS = 20  # looked up, as the service does
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Asked:
    """One question and its list."""

    question: PreparedText
    candidates: tuple[Candidate, ...]  # best cosine first
    right: int | None  # place of the FAQ that answers; None: not among them


def look_up(
    faqs: Sequence[Faq], questions: Sequence[tuple[str, str]], prepare: Prepare, encoder: Encoder
) -> list[Asked]:
    """questions: (as typed, id of the FAQ). Those with no known feature are left out."""
    rows = [(faq, text) for faq in faqs for text in faq.texts]
    index = _encode([prepare(text) for _, text in rows], encoder)
    asked = []
    for start in range(0, len(questions), _BLOCK):
        block = questions[start : start + _BLOCK]
        prepared = [prepare(typed) for typed, _ in block]
        for text, (_, faq_id), cosines in zip(
            prepared, block, encoder.encode(prepared) @ index.T, strict=True
        ):
            if cosines.any():
                candidates = _best(rows, cosines)
                ids = [candidate.faq.id for candidate in candidates]
                asked.append(Asked(text, candidates, ids.index(faq_id) if faq_id in ids else None))
    return asked


def _encode(texts: Sequence[PreparedText], encoder: Encoder) -> FloatArray:
    return np.concatenate(
        [encoder.encode(texts[at : at + _BLOCK]) for at in range(0, len(texts), _BLOCK)]
    )


def _best(rows: Sequence[tuple[Faq, str]], cosines: FloatArray) -> tuple[Candidate, ...]:
    best: dict[str, Candidate] = {}
    for at in np.argsort(-cosines, kind="stable")[:_ROWS]:
        faq, text = rows[at]
        best.setdefault(faq.id, Candidate(faq, text, float(cosines[at])))
    return tuple(best.values())[:TOP]
