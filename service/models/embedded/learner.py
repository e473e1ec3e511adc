"""Moves the table's vectors by contrastive learning: for training it, and for one FAQ set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from service.domain import FloatArray
from service.models.embedded.quantised import Indices

if TYPE_CHECKING:
    import torch

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


class Learner:
    """Rows of a table under lazy Adam: a step touches the rows of its batch and no others.

    Kingma and Ba 2015, with moments that stand still where there is no gradient.
    """

    def __init__(self, vectors: FloatArray, device: str = "cpu") -> None:
        """vectors: (rows, dim) float32, copied."""
        import torch

        self._vectors = torch.tensor(vectors, device=device)
        self._mean = torch.zeros_like(self._vectors)
        self._square = torch.zeros_like(self._vectors)
        self._steps = 0

    @property
    def vectors(self) -> FloatArray:
        """(rows, dim) float32, as they are now."""
        moved: FloatArray = self._vectors.cpu().numpy()
        return moved

    def state(self) -> dict[str, Any]:
        """Everything a checkpoint needs."""
        moments = {"mean": self._mean, "square": self._square}
        return {"vectors": self._vectors, "steps": self._steps, **moments}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state` of the same table."""
        device = self._vectors.device
        self._vectors = state["vectors"].to(device)
        self._mean, self._square = state["mean"].to(device), state["square"].to(device)
        self._steps = state["steps"]

    def encode(self, bags: Sequence[Indices]) -> tuple[torch.Tensor, Touched]:
        """(n, dim) unit vectors of texts given as row lists, and what a step needs to know."""
        import torch
        from torch.nn import functional as fn

        flat, places = np.unique(np.concatenate(bags), return_inverse=True)
        starts = np.cumsum([0, *map(len, bags[:-1])])
        device = self._vectors.device
        rows = torch.as_tensor(flat, device=device)
        own = self._vectors[rows].requires_grad_()
        sums = fn.embedding_bag(
            torch.as_tensor(places, device=device),
            own,
            torch.as_tensor(starts, device=device),
            mode="sum",
        )
        return fn.normalize(sums, dim=1), Touched(rows, own)

    def step(self, loss: torch.Tensor, touched: Touched, learning_rate: float) -> None:
        """Follow the gradient of the loss over what `encode` returned."""
        import torch

        loss.backward()  # type: ignore[no-untyped-call]
        gradient = touched.vectors.grad
        if gradient is None:
            raise ValueError("the loss does not depend on the encoded texts")
        self._steps += 1
        rows = touched.rows
        mean = self._mean[rows].lerp_(gradient, 1 - _BETA_1)
        square = self._square[rows].mul_(_BETA_2).addcmul_(gradient, gradient, value=1 - _BETA_2)
        self._mean[rows], self._square[rows] = mean, square
        scale = (square / (1 - _BETA_2**self._steps)).sqrt_().add_(_EPSILON)
        with torch.no_grad():
            moved = touched.vectors - learning_rate * mean / (1 - _BETA_1**self._steps) / scale
        self._vectors[rows] = moved


class Touched:
    """The rows of one batch."""

    def __init__(self, rows: torch.Tensor, vectors: torch.Tensor) -> None:
        self.rows, self.vectors = rows, vectors


@contextmanager
def single_threaded() -> Iterator[None]:
    """Threads of steps this small mostly wait for each other: nine times as long when busy."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def info_nce(
    first: torch.Tensor,
    second: torch.Tensor,
    temperature: float,
    same: torch.Tensor | None = None,
) -> torch.Tensor:
    """Both ways, over cosines; (n, dim) each, row i of one belongs to row i of the other.

    `same` (n, n) bool marks pairs that mean the same though they are not on the diagonal: they are
    no negatives. van den Oord et al. 2018; in-batch negatives as in Henderson et al. 2017.
    """
    import torch
    from torch.nn import functional as fn

    scores = first @ second.T / temperature
    if same is not None:
        diagonal = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
        scores = scores.masked_fill(same & ~diagonal, float("-inf"))
    target = torch.arange(len(scores), device=scores.device)
    return (fn.cross_entropy(scores, target) + fn.cross_entropy(scores.T, target)) / 2


def drop_features(bag: Indices, share: float, rng: np.random.Generator) -> Indices:
    """The bag without a random share of its features, never empty."""
    kept = bag[rng.random(len(bag)) >= share]
    return kept if len(kept) else bag
