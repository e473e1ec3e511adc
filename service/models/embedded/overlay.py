"""The rows of the table that one FAQ set has moved: all that adaptation leaves behind."""

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
from service.models.embedded.table import Indices, Quantised


@dataclass(frozen=True)
class Overlay:
    """Vectors that stand in for those of the shared table."""

    base: str  # fingerprint of the table they were learned from
    at: Indices  # (n,) rows of the table, rising
    vectors: Quantised  # n rows
    strength: float = 1.0  # how far to go from the table's vectors to these

    @cached_property
    def fingerprint(self) -> str:
        """Of its content."""
        digest = hashlib.sha256(f"{self.base} {self.strength}".encode())
        for array in (self.at, self.vectors.rows, self.vectors.scales):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:16]

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
        return save(tensors, {"base": self.base, "strength": str(self.strength)})


def load_overlay(artefact: bytes) -> Overlay:
    """Read what `to_bytes` wrote. Raises BadInput when it is something else."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(artefact)
        facts = _metadata(artefact)
        at, vectors = tensors["at"].astype(np.int64), Quantised(tensors["rows"], tensors["scales"])
        return Overlay(facts["base"], at, vectors, float(facts["strength"]))
    except (SafetensorError, KeyError, ValueError) as error:
        raise BadInput("These are not weights of the embedded encoder: reindex.") from error


def _metadata(artefact: bytes) -> dict[str, str]:
    """Of a safetensors file: the library reads it from paths only."""
    length = int.from_bytes(artefact[:8], "little")
    header: dict[str, dict[str, str]] = json.loads(artefact[8 : 8 + length])
    return header["__metadata__"]
