"""From index rows to FAQs: the best row of each wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from service.domain import Candidate, Faq, Hit


class FaqLookup(Protocol):
    """The FAQ database as an answer needs it."""

    def get_many(self, set_name: str, faq_ids: Sequence[str], /) -> Mapping[str, Faq]:
        """Those of the FAQs that exist, by id."""
        ...


def group_by_faq(
    hits: Sequence[Hit], faqs: FaqLookup, set_name: str, today: date
) -> list[Candidate]:
    """One candidate per FAQ that exists and is valid today, best first.

    hits: best first. An FAQ removed a moment ago, or expired, is neither answered nor offered.
    """
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(hit.row.faq_id, hit)
    stored = faqs.get_many(set_name, list(best)) if best else {}
    return [
        Candidate(stored[faq_id], hit.row.text, hit.similarity)
        for faq_id, hit in best.items()
        if faq_id in stored and stored[faq_id].is_valid_on(today)
    ]
