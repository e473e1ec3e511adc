"""From samples to a calibration: three models, and the curve that thresholds are read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from service.pipeline.calibration.model import Logistic, fit, flat, sigmoid
from service.pipeline.calibration.policy import Curve, Floats
from service.pipeline.calibration.samples import Kind, Sample
from service.pipeline.features import Features

Bools = npt.NDArray[np.bool_]

Mix = Mapping[Kind, float]

# What people are assumed to ask: one question in three has no answer in the set. Asked less often
# than that, answers are more precise than promised; asked more often, less.
MIX: Mix = MappingProxyType({Kind.INSIDE: 0.65, Kind.NEAR: 0.25, Kind.FAR: 0.10})
# Whether it belongs here at all has nothing to do with near misses: they do.
_BELONGS_MIX: Mix = MappingProxyType({Kind.INSIDE: 0.6, Kind.NEAR: 0.0, Kind.FAR: 0.4})
# Of what belongs here, whether it is known. What tells strangers only blurs that: eval/LOG.md.
_KNOWN_MIX: Mix = MappingProxyType({Kind.INSIDE: 0.6, Kind.NEAR: 0.4, Kind.FAR: 0.0})
_KNOWN_READS = ("similarity", "conflict")
PRIOR_QUESTIONS = 60  # held-out questions that weigh as much as the shipped prior
_HOLD = 10.0  # precision of the prior's weights
# Chit-chat is the same for every set, and what the bundled pack has of it says little of the rest.
_HOLD_STRANGERS = 100.0
_PARTS = 5  # of cross-validation
_HEADS = ("right", "belongs", "known")


@dataclass(frozen=True, eq=False)
class Heads:
    """Three questions, one model each.

    Confidence is the lesser of the first two answers: no FAQ answers what does not belong here.
    That any FAQ answers, so that suggestions are worth while, is as likely as the last two at once;
    they are asked of the nearest candidate. The first model weighs what tells FAQs apart, the
    second what tells strangers, the third what tells near misses; eval/LOG.md has other ways to
    bring them together.
    """

    right: Logistic  # does this candidate answer?
    belongs: Logistic  # is it a question for this desk?
    known: Logistic  # if it is, does any FAQ of the set answer?

    def __call__(self, features: Features) -> Floats:
        """(n, 3) probabilities for (n, features): right, belongs, known."""
        slopes, offsets = self._lines
        return sigmoid(features @ slopes + offsets)

    @cached_property
    def _lines(self) -> tuple[Floats, Floats]:
        lines = [getattr(self, name).line for name in _HEADS]
        return np.stack([slope for slope, _ in lines], axis=1), np.array([at for _, at in lines])

    def as_json(self) -> dict[str, Any]:
        """For a report."""
        return {name: getattr(self, name).as_json() for name in _HEADS}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Heads:
        """What as_json gave."""
        return cls(*(Logistic.from_json(stored[name]) for name in _HEADS))


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Held-out questions with what was said of them by models that had not seen them."""

    confidence: Floats  # (n,) of the first candidate
    fits: Floats  # (n,)
    right: Bools  # (n,)
    kinds: npt.NDArray[np.str_]  # (n,)
    weights: Floats  # (n,)

    def of(self, kind: Kind) -> Floats:
        """`fits` of one kind of question."""
        chosen: Floats = self.fits[self.kinds == kind]
        return chosen

    def curve(self) -> Curve:
        """Risk against coverage."""
        return Curve.of(self.confidence, self.right, self.weights)


def train(
    samples: Sequence[Sample],
    prior: Heads | None,
    *,
    hold: float = _HOLD,
    hold_strangers: float = _HOLD_STRANGERS,
) -> Heads:
    """Fit all. Without a prior they start from nothing: that is how a prior is made."""
    rows = np.stack([sample.features for sample in samples])
    right = np.array([sample.right for sample in samples])
    inside = np.array([sample.kind is Kind.INSIDE for sample in samples])
    start = prior or Heads(flat(rows), flat(rows), flat(rows))
    return Heads(
        fit(rows, right, _weights(samples, MIX), start.right, hold=hold),
        fit(rows, inside, _weights(samples, _BELONGS_MIX), start.belongs, hold=hold_strangers),
        fit(
            rows,
            inside,
            _weights(samples, _KNOWN_MIX),
            start.known,
            hold=hold_strangers,
            reads=_KNOWN_READS,
        ),
    )


def judge(samples: Sequence[Sample], heads: Heads) -> Judged:
    """What the models say of samples."""
    rows = np.stack([sample.features for sample in samples])
    right, belongs, known = heads(rows).T
    return Judged(np.minimum(right, belongs), belongs * known, *_truth(samples))


def cross_validate(
    samples: Sequence[Sample],
    prior: Heads | None,
    *,
    hold: float = _HOLD,
    hold_strangers: float = _HOLD_STRANGERS,
) -> Judged:
    """Every sample judged by a model that saw nothing of its FAQ."""
    groups = {group: n for n, group in enumerate(dict.fromkeys(s.group for s in samples))}
    parts = np.array([groups[sample.group] % _PARTS for sample in samples])
    confidence, fits = np.empty(len(samples)), np.empty(len(samples))
    for part in range(_PARTS):
        held = np.flatnonzero(parts == part)
        seen = [sample for sample, own in zip(samples, parts, strict=True) if own != part]
        if len(held):
            heads = train(seen, prior, hold=hold, hold_strangers=hold_strangers)
            said = judge([samples[int(n)] for n in held], heads)
            confidence[held], fits[held] = said.confidence, said.fits
    return Judged(confidence, fits, *_truth(samples))


def _truth(samples: Sequence[Sample]) -> tuple[Bools, npt.NDArray[np.str_], Floats]:
    right = np.array([sample.right for sample in samples])
    return right, np.array([str(sample.kind) for sample in samples]), _weights(samples, MIX)


def _weights(samples: Sequence[Sample], mix: Mix) -> Floats:
    """(n,) such that kinds weigh as in `mix`, and all as much as there are questions in scope.

    Without questions in scope all weigh nothing: near and far misses alone teach no probability.
    """
    counts = {kind: sum(sample.kind is kind for sample in samples) for kind in Kind}
    present = sum(mix[kind] for kind in Kind if counts[kind])
    total = counts[Kind.INSIDE] / mix[Kind.INSIDE]
    return np.array([mix[s.kind] / present / counts[s.kind] * total for s in samples])
