"""Whether a question reads like one that is put to a help desk, whatever the desk knows.

"nói chuyện sau nhé" and "bạn tên gì" do not; "thẻ mất rồi làm lại ở đâu" does, in a set about
phones as much as in one about a school. A logistic model over hashed words and pairs of words
(Weinberger et al. 2009, "Feature hashing for large scale multitask learning"): it needs no encoder,
so it means the same beside any. Trained by service.train.enquiry.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import as_file, files
from itertools import pairwise
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt

from service.domain import FloatArray
from service.text.diacritics import fold
from service.text.syllables import plain_syllables

BUCKETS = 8192
WEIGHTS = "enquiry.safetensors"
_WORD = re.compile(r"\w+")
_LEAST_FOREIGN = 2  # words: one may be a name
_START, _END = "^", "$"  # that a text begins or ends so tells much: "… nhé", "ê …"


@dataclass(frozen=True, eq=False)
class Enquiry:
    """One weight per bucket, eight bits each."""

    weights: npt.NDArray[np.int8]  # (BUCKETS,)
    scale: float  # of the weights
    bias: float

    @classmethod
    def of(cls, weights: FloatArray, bias: float) -> Enquiry:
        """From (BUCKETS,) weights as they were learned."""
        scale = float(np.abs(weights).max()) / 127 or 1.0
        return cls(np.rint(weights / scale).astype(np.int8), scale, bias)

    def __call__(self, plain: str) -> float:
        """Log of the probability that it is one. `plain`: as it comes out of the text path.

        That is near 0 for whatever is clearly an enquiry, so it tells nothing among them.
        """
        odds = self.scale * sum(map(self._weights.__getitem__, buckets(plain))) + self.bias
        return min(odds, 0.0) - math.log1p(math.exp(-abs(odds)))

    @cached_property
    def _weights(self) -> list[int]:
        weights: list[int] = self.weights.tolist()
        return weights

    def save(self, path: Path) -> None:
        """Write one safetensors file."""
        from safetensors.numpy import save_file

        learned = np.array([self.scale, self.bias], dtype=np.float64)
        save_file({"weights": self.weights, "scale_bias": learned}, path)


def buckets(plain: str) -> list[int]:
    """Of its words without marks, and of their pairs, each once; `plain` may be empty."""
    return sorted({crc32(part.encode()) % BUCKETS for part in _parts(plain)})


def _parts(plain: str) -> Iterator[str]:
    words = _words(plain)
    yield from words
    yield from (f"{first} {second}" for first, second in pairwise((_START, *words, _END)))


def _words(plain: str) -> list[str]:
    return _WORD.findall(fold(plain.lower()))


@lru_cache(maxsize=65536)
def enquiry(plain: str) -> float:
    """What the model that ships says: log of the probability.

    It was taught Vietnamese. Of another language it says nothing: 0, as of whatever is an enquiry.
    """
    return 0.0 if _is_foreign(plain) else _shipped()(plain)


def _is_foreign(plain: str) -> bool:
    """Whether two words or more, and half of them all, are no Vietnamese syllables."""
    words = [word for word in _words(plain) if not word.isdigit()]
    foreign = sum(word not in plain_syllables() for word in words)
    return foreign >= _LEAST_FOREIGN and 2 * foreign >= len(words)


@cache
def _shipped() -> Enquiry:
    from safetensors.numpy import load_file

    with as_file(files("service.pipeline").joinpath("data", WEIGHTS)) as path:
        tensors = load_file(path)
    scale, bias = tensors["scale_bias"].tolist()
    return Enquiry(tensors["weights"], scale, bias)
