"""Makes evaluation tasks from labelled questions: near misses, and alternates that do not leak."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rapidfuzz import fuzz

from service.domain import Faq
from service.evaluation.load import OutOfScope, Query, Task
from service.text.diacritics import fold

NEAR_MISS = "near_miss"
SAME_ABOVE = 95.0  # rapidfuzz ratio of folded words: the same string but for a slip or a comma


def near_misses(
    faqs: Sequence[Faq], queries: Sequence[Query], *, seed: int = 0, removed: float = 0.5
) -> Task:
    """Take that share of the FAQs out; the questions they answered must now be rejected."""
    kept_count = len(faqs) - round(len(faqs) * removed)
    kept = set(random.Random(seed).sample(sorted(faq.id for faq in faqs), kept_count))  # noqa: S311
    return Task(
        faqs=[faq for faq in faqs if faq.id in kept],
        queries=[query for query in queries if query.faq_id in kept],
        out_of_scope=[OutOfScope(q.question, NEAR_MISS) for q in queries if q.faq_id not in kept],
    )


def with_alternates(
    faqs: Sequence[Faq],
    queries: Sequence[Query],
    *,
    alternates: int,
    set_aside: int | None = None,
    seed: int = 0,
) -> Task:
    """Give every FAQ up to `alternates` of its questions; those are not asked.

    `set_aside` (default `alternates`) questions per FAQ are kept from being asked, at most half
    of them, so that runs with 0, 3 and 5 alternates can ask the same questions. Of strings that
    are nearly the same only one is used, and none that is nearly the FAQ's own question.
    """
    aside_count = alternates if set_aside is None else set_aside
    by_faq: dict[str, list[str]] = defaultdict(list)
    for query in queries:
        by_faq[query.faq_id].append(query.question)
    rng = random.Random(seed)  # noqa: S311
    indexed, asked = [], []
    for faq in faqs:
        distinct = _distinct(by_faq[faq.id], beside=faq.texts)
        rng.shuffle(distinct)
        cut = min(aside_count, len(distinct) // 2)
        given = distinct[:cut][:alternates]
        indexed.append(replace(faq, alternates=(*faq.alternates, *given)))
        asked += [Query(question, faq.id) for question in distinct[cut:]]
    return Task(indexed, asked, [])


def _distinct(questions: Iterable[str], beside: Iterable[str]) -> list[str]:
    """The questions that are not nearly the same as an earlier one or a text of `beside`."""
    taken = [_letters(text) for text in beside]
    found = []
    for question in questions:
        letters = _letters(question)
        if not any(fuzz.ratio(letters, other) >= SAME_ABOVE for other in taken):
            found.append(question)
            taken.append(letters)
    return found


def _letters(text: str) -> str:
    folded = fold(text.lower())
    return " ".join("".join(c if c.isalnum() else " " for c in folded).split())
