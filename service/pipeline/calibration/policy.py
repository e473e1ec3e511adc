"""From a target precision to thresholds, by the risk–coverage curve of questions held out.

Geifman & El-Yaniv 2017, "Selective classification for deep neural networks".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
NEVER = 1.01  # a confidence beyond reach
_BINS = 100
_SURE = 1.645  # one-sided 95 %


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Held-out questions in bins of confidence, most confident first."""

    confidence: Floats  # (bins,) lowest of the bin
    asked: Floats  # (bins,) questions
    weight: Floats  # (bins,) of those, as often as they are assumed to be asked; sums to 1
    right: Floats  # (bins,) weight of those whose first candidate is right

    @classmethod
    def of(cls, confidence: Floats, right: npt.NDArray[np.bool_], weights: Floats) -> Curve:
        """From (n,) questions."""
        order = np.argsort(-confidence, kind="stable")
        parts = [part for part in np.array_split(order, _BINS) if len(part)]
        share = weights / weights.sum()
        return cls(
            np.array([confidence[part].min() for part in parts]),
            np.array([float(len(part)) for part in parts]),
            np.array([share[part].sum() for part in parts]),
            np.array([(share[part] * right[part]).sum() for part in parts]),
        )

    def mixed_with(self, other: Curve, share: float) -> Curve:
        """One curve of both: its own questions weigh `share` and are the only ones counted."""
        confidence = np.r_[self.confidence, other.confidence]
        order = np.argsort(-confidence, kind="stable")
        return Curve(
            confidence[order],
            np.r_[self.asked, np.zeros(len(other.asked))][order],
            np.r_[self.weight * share, other.weight * (1 - share)][order],
            np.r_[self.right * share, other.right * (1 - share)][order],
        )

    def as_json(self) -> list[list[float]]:
        """Rows of confidence, asked, weight, right."""
        table = np.c_[self.confidence, self.asked, self.weight, self.right]
        return [[round(float(value), 5) for value in row] for row in table]

    @classmethod
    def from_json(cls, rows: Sequence[Sequence[float]]) -> Curve:
        """What as_json gave."""
        table = np.array(rows, dtype=np.float64).reshape(-1, 4)
        return cls(table[:, 0], table[:, 1], table[:, 2], table[:, 3])


@dataclass(frozen=True, slots=True)
class Policy:
    """When to answer, and what that is expected to give. Shares are of all questions asked."""

    target_precision: float
    answer_at: float
    suggest_at: float
    expected_precision: float | None  # None: nothing would be answered
    precision_lower_bound: float | None  # of that, one-sided 95 %
    expected_coverage: float
    answered: int  # held-out questions above answer_at
    asked: int

    def as_json(self) -> dict[str, Any]:
        """For a report."""
        return asdict(self)


def choose(curve: Curve, target_precision: float, suggest_at: float) -> Policy:
    """The lowest threshold from which on answers are as precise as wanted."""
    asked, weight = np.cumsum(curve.asked), np.cumsum(curve.weight)
    precision = np.cumsum(curve.right) / np.maximum(weight, 1e-12)
    good = np.flatnonzero(precision >= target_precision)
    if not len(good):
        return Policy(target_precision, NEVER, suggest_at, None, None, 0.0, 0, round(asked[-1]))
    at = int(good[-1])
    return Policy(
        target_precision=target_precision,
        answer_at=float(curve.confidence[at]),
        suggest_at=suggest_at,
        expected_precision=round(float(precision[at]), 4),
        precision_lower_bound=round(
            _lower_bound(float(precision[at]), max(float(asked[at]), 1.0)), 4
        ),
        expected_coverage=round(float(weight[at]), 4),
        answered=round(asked[at]),
        asked=round(asked[-1]),
    )


def read_policy(stored: Mapping[str, Any]) -> Policy:
    """What as_json gave."""
    return Policy(**stored)


def _lower_bound(share: float, n: float) -> float:
    """Wilson's score interval, its lower end."""
    z2 = _SURE**2 / n
    half = _SURE * np.sqrt(share * (1 - share) / n + z2 / (4 * n))
    return float((share + z2 / 2 - half) / (1 + z2))
