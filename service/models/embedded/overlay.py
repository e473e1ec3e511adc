"""What one FAQ set has taught the encoder: all that adaptation leaves behind."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from service.domain import FloatArray
from service.errors import BadInput
from service.models.embedded.quantised import Indices, Quantised


@dataclass(frozen=True)
class Overlay:
    """Vectors that stand in for those of the shared table, and a step that all texts take."""

    base: str  # fingerprint of the table they were learned from
    at: Indices  # (n,) rows of the table, rising
    vectors: Quantised  # n rows
    step: FloatArray | None = None  # (dim, dim), see service.models.step
    strength: float = 1.0  # how far to go from the table's vectors to these
    step_strength: float = 1.0
    trust: float = 1.0  # share of the careful way that titles alone may go

    @cached_property
    def fingerprint(self) -> str:
        """Of its content."""
        digest = hashlib.sha256(f"{self.base} {self.strength}".encode())
        for array in (self.at, self.vectors.rows, self.vectors.scales):
            digest.update(np.ascontiguousarray(array).data)
        if self.step is not None:
            digest.update(self.taken.data)
        return digest.hexdigest()[:16]

    @cached_property
    def taken(self) -> FloatArray:
        """The step as it is taken, (dim, dim) float32. Zero when none was learned."""
        if self.step is None:
            return np.zeros((self.vectors.rows.shape[1],) * 2, dtype=np.float32)
        return np.ascontiguousarray(self.step_strength * self.step, dtype=np.float32)

    def apply(self, rows: Indices, vectors: FloatArray) -> None:
        """Move, in place, the vectors of those rows that have learned something."""
        if len(self.at) == 0:
            return
        place = np.minimum(np.searchsorted(self.at, rows), len(self.at) - 1)
        moved = np.flatnonzero(self.at[place] == rows)
        vectors[moved] += self.strength * (self.vectors.decode(place[moved]) - vectors[moved])

    def to_bytes(self) -> bytes:
        """As stored with an index generation."""
        from safetensors.numpy import save

        tensors: dict[str, npt.NDArray[Any]] = {
            "at": self.at.astype(np.uint32),
            "rows": self.vectors.rows,
            "scales": self.vectors.scales,
        }
        if self.step is not None:
            tensors["step"] = self.step.astype(np.float16)
        facts = {
            "base": self.base,
            "strength": self.strength,
            "step": self.step_strength,
            "trust": self.trust,
        }
        return save(tensors, {name: str(fact) for name, fact in facts.items()})


def load_overlay(artefact: bytes) -> Overlay:
    """Read what `to_bytes` wrote. Raises BadInput when it is something else."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(artefact)
        facts = _metadata(artefact)
        at, vectors = tensors["at"].astype(np.int64), Quantised(tensors["rows"], tensors["scales"])
        step = tensors["step"].astype(np.float32) if "step" in tensors else None
        later = (float(facts.get(name, 1.0)) for name in ("step", "trust"))  # older ones lack them
        return Overlay(facts["base"], at, vectors, step, float(facts["strength"]), *later)
    except (SafetensorError, KeyError, ValueError) as error:
        raise BadInput("These are not weights of the embedded encoder: reindex.") from error


def _metadata(artefact: bytes) -> dict[str, str]:
    """Of a safetensors file: the library reads it from paths only."""
    length = int.from_bytes(artefact[:8], "little")
    header: dict[str, dict[str, str]] = json.loads(artefact[8 : 8 + length])
    return header["__metadata__"]
