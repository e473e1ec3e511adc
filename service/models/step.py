"""A learned linear step: v ↦ normalise(v + v W), with W (dim, dim) starting at zero.

A residual adapter (Houlsby et al. 2019) after an encoder instead of inside it. It moves all texts
alike, those with words that no FAQ has as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from service.domain import FloatArray
from service.models.embedded.learner import info_nce

if TYPE_CHECKING:
    import torch

_LEARNING_RATE = 1e-3
_WEIGHT_DECAY = 1e-2
_DROPPED = 0.1  # share of a vector's numbers left out


def take(vectors: FloatArray, step: FloatArray) -> FloatArray:
    """(n, dim) float32: the vectors after the step, L2-normalised; a zero vector stays one."""
    moved = vectors + vectors @ step
    norms = np.linalg.norm(moved, axis=1, keepdims=True)
    np.divide(moved, norms, out=moved, where=norms > 0)
    return moved


class StepLearner:
    """Learns W by contrast, over vectors that it takes as given."""

    def __init__(self, dimension: int, seed: int) -> None:
        import torch

        self._generator = torch.Generator().manual_seed(seed)
        self._step = torch.zeros(dimension, dimension, requires_grad=True)
        self._adam = torch.optim.AdamW([self._step], lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)

    @property
    def step(self) -> FloatArray:
        """W, (dim, dim) float32, as it is now."""
        learned: FloatArray = self._step.detach().numpy()
        return learned

    def learn(
        self, first: torch.Tensor, second: torch.Tensor, temperature: float, same: torch.Tensor
    ) -> None:
        """One step of AdamW. See `info_nce` for the arguments; no gradient flows back."""
        self._adam.zero_grad()
        moved = self._move(first.detach()), self._move(second.detach())
        info_nce(*moved, temperature, same).backward()  # type: ignore[no-untyped-call]
        self._adam.step()

    def _move(self, vectors: torch.Tensor) -> torch.Tensor:
        import torch
        from torch.nn.functional import normalize

        kept = torch.rand(vectors.shape, generator=self._generator) >= _DROPPED
        seen = vectors * kept / (1 - _DROPPED)
        return normalize(seen + seen @ self._step, dim=1)
