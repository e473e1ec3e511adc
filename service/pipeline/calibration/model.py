"""A logistic model over features, fitted to a set with the project's own sets as the prior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from service.pipeline.features import NAMES, Features

Floats = npt.NDArray[np.float64]

# Which way a feature may push: nearer, further ahead, more words shared is never worse. Signs keep
# a small set from learning nonsense, and make every model explain itself.
_UP = ("similarity", "lead", "enquiry", "overlap", "covered", "rerank", "rerank_lead")
_DOWN = ("chatter", "conflict")


@dataclass(frozen=True, eq=False)
class Logistic:
    """sigmoid(((x - mean) / scale) @ weights + bias)."""

    mean: Floats  # (features,)
    scale: Floats  # (features,)
    weights: Floats  # (features,)
    bias: float

    @cached_property
    def line(self) -> tuple[Floats, float]:
        """Slope (features,) and offset over features as they are."""
        slope = self.weights / self.scale
        return slope, float(self.bias - self.mean @ slope)

    def as_json(self) -> dict[str, Any]:
        """For a report; `from_json` reads it."""
        table = zip(NAMES, self.mean, self.scale, self.weights, strict=True)
        rows = {n: [round(float(v), 5) for v in values] for n, *values in table}
        return {"mean_scale_weight": rows, "bias": round(self.bias, 5)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Raises KeyError when a feature is missing."""
        table = np.array([stored["mean_scale_weight"][name] for name in NAMES])
        return cls(table[:, 0], table[:, 1], table[:, 2], float(stored["bias"]))


def flat(features: Features) -> Logistic:
    """Knows nothing: the prior of the shipped prior. Features that never vary stay as they are."""
    spread = features.std(axis=0)
    zeros = np.zeros(features.shape[1])
    return Logistic(features.mean(axis=0), np.where(spread > 1e-6, spread, 1.0), zeros, 0.0)


def fit(
    features: Features,
    right: npt.NDArray[np.bool_],
    weights: Floats,
    prior: Logistic,
    *,
    hold: float,
    reads: Sequence[str] = NAMES,
) -> Logistic:
    """The model nearest to `prior` that explains the samples: maximum a posteriori.

    weights: (n,) of the samples. `hold`: how firmly the prior is held, as the precision of a
    Gaussian around each of its weights. Features that are not in `reads` weigh nothing. No
    samples: the prior itself.
    """
    from scipy.optimize import minimize

    x = np.c_[(features - prior.mean) / prior.scale, np.ones(len(features))]
    centre = np.r_[prior.weights, prior.bias]
    firmness = np.r_[np.full(len(prior.weights), hold), hold / 10]  # how often moves most freely

    def loss(b: Floats) -> tuple[float, Floats]:
        t, away = x @ b, b - centre
        value = (weights * (np.logaddexp(0, t) - right * t)).sum() + (firmness * away**2).sum() / 2
        return value, x.T @ (weights * (sigmoid(t) - right)) + firmness * away

    found = minimize(loss, centre, jac=True, method="L-BFGS-B", bounds=_bounds(reads)).x
    return Logistic(prior.mean, prior.scale, found[:-1], float(found[-1]))


def _bounds(reads: Sequence[str]) -> list[tuple[float | None, float | None]]:
    return [*(_bound(name) if name in reads else (0, 0) for name in NAMES), (None, None)]


def _bound(name: str) -> tuple[float | None, float | None]:
    return 0 if name in _UP else None, 0 if name in _DOWN else None


def sigmoid(t: Floats) -> Floats:
    """Log odds as probabilities."""
    return 1 / (1 + np.exp(-np.clip(t, -30, 30)))
