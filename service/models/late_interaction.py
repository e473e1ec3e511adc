"""Late interaction: question and text meet word by word, after each was encoded on its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np

from service.domain import FloatArray, PreparedText


@dataclass(frozen=True)
class Words:
    """The words of a text as vectors, in order; n is 0 for a text without letters or digits."""

    vectors: FloatArray  # (n, dim) float32, L2-normalised
    weights: FloatArray  # (n,) float32, at least 0: how much each word tells

    @cached_property
    def whole(self) -> FloatArray:
        """(dim,) the text as one vector, L2-normalised; zero where there are no words."""
        total: FloatArray = self.weights @ self.vectors
        return total / (float(np.linalg.norm(total)) or 1.0)


@runtime_checkable
class TokenEncoder(Protocol):
    """Turns a text into vectors of its words."""

    def words(self, text: PreparedText, /) -> Words:
        """See Words."""
        ...


class Interaction(Protocol):
    """How well the words of a text answer to those of a question."""

    def score(self, question: Words, text: Words, /) -> float:
        """A cosine in [-1, 1], higher is better; 0 where either has no words."""
        ...


@dataclass(frozen=True, slots=True)
class MaxSim:
    """Every word of the question looks for the nearest one of the text; the weighted mean of those.

    Khattab and Zaharia 2020, "ColBERT: efficient and effective passage search via contextualized
    late interaction over BERT". There all words count alike; words without context differ too much
    in what they tell.
    """

    def score(self, question: Words, text: Words, /) -> float:
        """Not symmetric: what the text has beyond the question costs nothing."""
        weight = float(question.weights.sum())
        if not weight or not len(text.weights):
            return 0.0
        nearest = (question.vectors @ text.vectors.T).max(axis=1)
        return float(question.weights @ nearest) / weight


@dataclass(frozen=True, slots=True)
class PolyAttention:
    """The text, as one vector, attends to the question's words, and meets what it saw.

    Humeau et al. 2020, "Poly-encoders", in their variant without learned codes: the outputs of the
    question's own tokens are its views. At sharpness 0 all words are seen by their weight alone,
    which is what a bi-encoder does; the higher it is, the more the best word decides.
    """

    sharpness: float = 2.0

    def score(self, question: Words, text: Words, /) -> float:
        """The cosine of the text and its view of the question."""
        if not question.weights.any() or not len(text.weights):
            return 0.0
        near = question.vectors @ text.whole  # (n,)
        attention = question.weights * np.exp(self.sharpness * (near - near.max()))
        seen = attention @ question.vectors  # (dim,)
        return float(attention @ near) / (float(np.linalg.norm(seen)) or 1.0)
