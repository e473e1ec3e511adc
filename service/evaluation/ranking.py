"""What is evaluated: anything that ranks the FAQs of a set for a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Ranking:
    """What was found for one question."""

    faq_ids: tuple[str, ...]  # best first, each once
    scores: tuple[float, ...]  # of those, falling; on the ranker's own scale
    confidence: float  # that the first is right: a probability if the ranker is calibrated
    in_scope: float  # that any FAQ answers
    answered: bool = False  # the service would have given the first as its answer
    offered: tuple[str, ...] = ()  # FAQs it would have given or offered, in order


class Ranker(Protocol):
    """Ranks FAQs."""

    @property
    def name(self) -> str:
        """As shown in tables."""
        ...

    @property
    def calibrated(self) -> bool:
        """Whether its confidence is a probability."""
        ...

    def rank(self, question: str, /) -> Ranking:
        """The FAQs for a question as it was typed."""
        ...
