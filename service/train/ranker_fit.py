"""Fits what makes one number of a candidate's features: a linear model, and boosted trees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from service.domain import FloatArray
from service.models.ranker.features import NAMES, Features
from service.models.ranker.reranker import BuiltInReranker, Linear, Model
from service.ports import Encoder
from service.train.ranking_lists import TOP, Asked, Prepare

Ints = npt.NDArray[np.int64]

_PENALTY = 0.001  # on squared weights of standardised features
_EITHER_WAY = ("text_letters", "length")  # of these the data may say the sign


@dataclass(frozen=True, slots=True)
class Lists:
    """What one set was asked, and what came up. Lists without the right FAQ are left out."""

    origin: str
    features: tuple[Features, ...]  # of each list
    right: tuple[int, ...]

    @classmethod
    def of(cls, origin: str, asked: Sequence[Asked], encoder: Encoder, prepare: Prepare) -> Lists:
        """Read every list as the service would."""
        reader = BuiltInReranker(Linear({}), prepare)
        known = [(each, each.right) for each in asked if each.right is not None]
        found = [reader.features(each.question, each.candidates, encoder) for each, _ in known]
        return cls(origin, tuple(found), tuple(right for _, right in known))

    def recall(self, model: Model) -> float:
        """Share of lists in which the model puts the right FAQ first."""
        first = [int(np.argmax(model.predict(found))) for found in self.features]
        return float(np.mean(np.array(first) == self.right))


def fit_linear(lists: Sequence[Lists], names: Sequence[str] = NAMES) -> Linear:
    """Maximum likelihood of the right FAQ under a softmax over each list.

    Cao et al. 2007, "Learning to rank: from pairwise approach to listwise approach" (top one).
    """
    from scipy.optimize import minimize

    at = [NAMES.index(name) for name in names]
    table, mask, right, share = _padded(lists)
    table = table[..., at]
    scale = table[mask].std(axis=0) + 1e-9
    table = table / scale
    rows = np.arange(len(right))

    def loss(weights: Features) -> tuple[float, Features]:
        scores = np.where(mask, table @ weights, -np.inf)
        scores -= scores.max(axis=1, keepdims=True)
        chances = np.exp(scores)
        chances /= chances.sum(axis=1, keepdims=True)
        value = -share @ np.log(chances[rows, right]) + _PENALTY * weights @ weights
        chances[rows, right] -= 1
        gradient = np.einsum("l,lc,lcf->f", share, chances, table) + 2 * _PENALTY * weights
        return float(value), gradient

    found = minimize(loss, np.zeros(len(at)), jac=True, method="L-BFGS-B").x / scale
    return Linear(dict(zip(names, map(float, found), strict=True)))


def _padded(lists: Sequence[Lists]) -> tuple[Features, npt.NDArray[np.bool_], Ints, Features]:
    """(n, TOP, features) less each list's mean; which are there; the right one; its weight.

    All origins weigh the same together, and so do the lists of one.
    """
    found = [each for some in lists for each in some.features]
    table, mask = np.zeros((len(found), TOP, len(NAMES))), np.zeros((len(found), TOP), dtype=bool)
    for row, each in enumerate(found):
        table[row, : len(each)], mask[row, : len(each)] = each - each.mean(axis=0), True
    sizes = sizes_of(lists)
    share = [1 / len(sizes) / sizes[some.origin] for some in lists for _ in some.right]
    right = np.array([place for some in lists for place in some.right])
    return table, mask, right, np.array(share)


@dataclass(frozen=True, slots=True)
class Boosted:
    """A LightGBM model; only compared, so serving does not need the library."""

    booster: Any

    def predict(self, found: Features, /) -> FloatArray:
        """See ranker.Model."""
        return np.asarray(self.booster.predict(found, num_threads=1), dtype=np.float32)


def fit_lambdarank(lists: Sequence[Lists]) -> Boosted:
    """LambdaRank (Burges 2010) over small trees that may not turn a good sign into a bad one."""
    import lightgbm

    sizes = sizes_of(lists)
    each = [found for some in lists for found in some.features]
    right = [place for some in lists for place in some.right]
    labels = [np.arange(len(found)) == place for found, place in zip(each, right, strict=True)]
    weight = [1 / sizes[s.origin] for s in lists for f in s.features for _ in f]
    data = lightgbm.Dataset(
        np.concatenate(each),
        np.concatenate(labels).astype(int),
        group=[len(found) for found in each],
        weight=np.array(weight) / np.mean(weight),
        feature_name=list(NAMES),
    )
    settings = {
        "objective": "lambdarank",
        "num_leaves": 4,
        "learning_rate": 0.05,
        "min_data_in_leaf": 100,
        "monotone_constraints": [int(name not in _EITHER_WAY) for name in NAMES],
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "seed": 0,
        "verbosity": -1,
    }
    return Boosted(lightgbm.train(settings, data, num_boost_round=200))


def carried_over(fit: Callable[[Sequence[Lists]], Model], lists: Sequence[Lists]) -> dict[str, str]:
    """Trained on the other origins: recall@1 within the lists of each, before and after."""
    found = {}
    for origin in sizes_of(lists):
        own = [some for some in lists if some.origin == origin]
        model = fit([some for some in lists if some.origin != origin])
        before = np.mean([some.recall(Linear({"cosine": 1.0})) for some in own])
        after = np.mean([some.recall(model) for some in own])
        found[origin] = f"{before:.3f} → {after:.3f}"
    return found


def sizes_of(lists: Sequence[Lists]) -> dict[str, int]:
    """Lists of each origin."""
    sizes: dict[str, int] = defaultdict(int)
    for some in lists:
        sizes[some.origin] += len(some.right)
    return dict(sizes)
