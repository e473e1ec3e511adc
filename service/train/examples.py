"""What there is to learn from, as it was written: the text path comes later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """Texts that ask the same thing. Groups of one family are easily confused."""

    family: str
    texts: tuple[str, ...]  # the first one is stored, the others are how people ask it
    negatives: tuple[str, ...] = ()  # stored questions that look alike and ask something else

    @property
    def question(self) -> str:
        """The stored question."""
        return self.texts[0]


@dataclass(frozen=True, slots=True)
class Scored:
    """Two texts and how alike they are, from 0 to 1."""

    left: str
    right: str
    score: float


@dataclass(frozen=True, slots=True)
class Judged:
    """Two texts and how they relate, for example entailment, neutral or contradiction."""

    left: str
    right: str
    label: str


@dataclass(frozen=True, slots=True)
class Examples:
    """All of it."""

    groups: tuple[Group, ...] = ()
    scored: tuple[Scored, ...] = ()
    judged: tuple[Judged, ...] = ()

    @property
    def pairs(self) -> tuple[Scored | Judged, ...]:
        """Scored and judged ones."""
        return self.scored + self.judged

    def texts(self) -> Iterator[str]:
        """Every text that stands for itself; negatives belong to other groups."""
        for group in self.groups:
            yield from group.texts
        for pair in self.pairs:
            yield from (pair.left, pair.right)
