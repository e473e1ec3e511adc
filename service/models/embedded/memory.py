"""The intents that training knew: what a sum of features cannot say, they can.

No word tells that "ai dạy" asks what "thầy cô thế nào" asks, but both are near an intent in which
people asked both ways. So a vector moves some of the way to the intents that it is nearest to. One
update of a modern Hopfield network (Ramsauer et al. 2021) beside a residual connection.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from service.domain import FloatArray
from service.models.embedded.quantised import Indices, Packed

# Found on development sets; eval/LOG.md has the alternatives.
_SHARE = 0.25  # of the recalled vector, added to the text's own
_TEMPERATURE = 0.03  # of the softmax over cosines
_NEAREST = 64  # intents that are weighed
_DIRECTIONS = 64  # principal ones, in which the nearest are looked for
_TEXTS_AT_ONCE = 256


class Memory:
    """Unit vectors of intents, each the mean of its texts. Thread-safe."""

    def __init__(self, intents: Packed) -> None:
        """intents: (n, dim), n > 0."""
        self.intents = intents

    def recall(self, vectors: FloatArray) -> None:
        """Move (n, dim) float32 unit vectors in place; they stay unit. Zero rows stay zero."""
        for start in range(0, len(vectors), _TEXTS_AT_ONCE):
            part = vectors[start : start + _TEXTS_AT_ONCE]
            texts = np.flatnonzero(part.any(axis=1))
            moved = part[texts] + _SHARE * self._recalled(part[texts])
            part[texts] = moved / np.linalg.norm(moved, axis=1, keepdims=True)

    def nearness(self, vectors: FloatArray) -> FloatArray:
        """(n,) the best cosine of each of (n, dim) float32 unit vectors to any intent."""
        starts = range(0, len(vectors), _TEXTS_AT_ONCE)
        parts = (vectors[start : start + _TEXTS_AT_ONCE] for start in starts)
        return np.concatenate([self._look_up(part)[1].max(axis=1) for part in parts])

    def _recalled(self, vectors: FloatArray) -> FloatArray:
        """(n, dim): the mean of the nearest intents, each weighing as much as it is near."""
        intents, cosines = self._look_up(vectors)
        weights = np.exp((cosines - cosines.max(axis=1, keepdims=True)) / np.float32(_TEMPERATURE))
        weights /= weights.sum(axis=1, keepdims=True)
        mean: FloatArray = (weights[:, None, :] @ intents)[:, 0]
        return mean

    def _look_up(self, vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The nearest intents of each vector, (n, k, dim), and their cosines, (n, k)."""
        nearest = self._nearest(vectors)
        intents = self.intents.decode(nearest.ravel()).reshape(*nearest.shape, vectors.shape[1])
        return intents, (intents @ vectors[:, :, None])[:, :, 0]

    def _nearest(self, vectors: FloatArray) -> Indices:
        """(n, k) rows of the intents that seem nearest, in no order."""
        directions, keys = self._keys
        first = keys.shape[1] - min(_NEAREST, keys.shape[1])
        return np.argpartition(vectors @ directions @ keys, first, axis=1)[:, first:]

    @cached_property
    def _keys(self) -> tuple[FloatArray, FloatArray]:
        """Principal directions, (dim, d), and the intents along them, (d, n)."""
        intents = self.intents.decode(np.arange(len(self.intents.rows)))
        _, directions = np.linalg.eigh(intents.T @ intents)
        principal = np.ascontiguousarray(directions[:, -_DIRECTIONS:])
        return principal, np.ascontiguousarray((intents @ principal).T)
