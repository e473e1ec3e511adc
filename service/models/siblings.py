"""Which FAQs stand beside which in a training batch, and which mean the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from service.domain import FloatArray, PreparedFaq

if TYPE_CHECKING:
    import torch

_SIBLINGS = 7  # nearest FAQs that come along with each one drawn
_BLOCK = 1024


class Batches:
    """FAQs by index, a batch at a time: all of a small set, neighbourhoods of a large one."""

    def __init__(self, questions: FloatArray, size: int, rng: np.random.Generator) -> None:
        """questions: (n, dim) float32, L2-normalised."""
        self._n, self._size, self._rng = len(questions), size, rng
        self._nearest = _nearest(questions, _SIBLINGS) if self._n > size else None

    def next(self) -> list[int]:
        """Distinct indices in random order."""
        if self._nearest is None:
            return [int(faq) for faq in self._rng.permutation(self._n)]
        chosen: dict[int, None] = {}
        while len(chosen) < self._size:
            seed = int(self._rng.integers(self._n))
            chosen.update(dict.fromkeys([seed, *self._nearest[seed].tolist()]))
        return list(chosen)[: self._size]


def _nearest(vectors: FloatArray, k: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """(n, k) indices of each vector's nearest others, in no order."""
    found = np.empty((len(vectors), k), dtype=np.int64)
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK] @ vectors.T
        own = np.arange(len(block))
        block[own, start + own] = -np.inf
        found[start : start + len(block)] = np.argpartition(block, -k, axis=1)[:, -k:]
    return found


def same_meaning(faqs: Sequence[PreparedFaq]) -> Callable[[Sequence[int]], torch.Tensor]:
    """Tells, for a batch, which of its FAQs have the same answer: (n, n) bool, True for itself.

    Two FAQs with one answer are duplicates; to push them apart would teach nonsense.
    """
    numbers: dict[str, int] = {}
    labels = np.array(
        [
            numbers.setdefault(faq.answer.plain.casefold() if faq.answer else faq.id, len(numbers))
            for faq in faqs
        ]
    )

    def of(batch: Sequence[int]) -> torch.Tensor:
        import torch

        own = labels[list(batch)]
        return torch.as_tensor(own[:, None] == own[None, :])

    return of
