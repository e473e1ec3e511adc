"""What is held out of an FAQ set, so that what it taught can be measured on it.

In each fold one FAQ in four is left out whole, and of the others one alternate in three. Whether
adapting pays and how sure answers are is judged on the same folds: no encoder is taught twice.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar, overload

from service.domain import Faq, PreparedFaq, PreparedText

_FOLDS = 3
_ONE_FOLD_FROM = 500  # FAQs: beyond it one fold has questions enough
_LEFT_OUT = 4  # one FAQ in so many
_HELD = 3  # one alternate in so many

AnyFaq = TypeVar("AnyFaq", Faq, PreparedFaq)


@dataclass(frozen=True, slots=True)
class Fold:
    """Raw and prepared FAQs are split alike."""

    number: int
    gone: frozenset[str]  # ids of the FAQs left out whole

    def keep(self, faqs: Iterable[AnyFaq]) -> list[AnyFaq]:
        """What may be learned from: the FAQs that stay, without what is held out of them."""
        return [
            replace(
                faq,
                alternates=tuple(
                    text for at, text in enumerate(faq.alternates) if not self._holds(faq.id, at)
                ),
            )
            for faq in faqs
            if faq.id not in self.gone
        ]

    @overload
    def held_out(self, faq: Faq) -> list[str]: ...
    @overload
    def held_out(self, faq: PreparedFaq) -> list[PreparedText]: ...
    def held_out(self, faq: Faq | PreparedFaq) -> list[str] | list[PreparedText]:
        """Its alternates that may be asked; none of an FAQ that is left out whole."""
        if faq.id in self.gone:
            return []
        return [t for at, t in enumerate(faq.alternates) if self._holds(faq.id, at)]  # type: ignore[return-value]

    def _holds(self, faq_id: str, position: int) -> bool:
        return (zlib.crc32(faq_id.encode()) + position) % _HELD == self.number


def folds(faq_ids: Sequence[str]) -> list[Fold]:
    """Three folds, or one of a large set. The same for the same ids, whatever their order."""
    order = sorted(faq_ids)
    random.Random(0).shuffle(order)  # noqa: S311
    count = 1 if len(order) > _ONE_FOLD_FROM else _FOLDS
    return [Fold(number, frozenset(order[number::_LEFT_OUT])) for number in range(count)]
