"""One vector per feature, eight bits a number.

Features that were frequent in training have a row of their own. Every other feature is the sum of
two rows of a shared pool, chosen by its hash (Serrà and Karatzoglou 2017, "Getting deep
recommenders fit: Bloom embeddings"): a name that training never saw keeps a direction and a
weight of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from service.errors import BadInput
from service.models.embedded.features import of_pairs, of_word, words
from service.models.embedded.memory import Memory
from service.models.embedded.quantised import Packed, Quantised

_MIX = 2654435761  # Knuth's multiplier: CRC-32 is linear, and alike features would land alike


@dataclass(frozen=True)
class Table:
    """Vectors of features, and a memory of intents. Known features come first, the pool last."""

    known: npt.NDArray[np.uint32]  # (k,) feature ids of rows 0..k-1
    vectors: Quantised  # k + pool rows
    memory: Memory | None = None

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.vectors.rows)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self.vectors.rows.shape[1])

    @cached_property
    def _row_of(self) -> dict[int, int]:
        return {feature: row for row, feature in enumerate(self.known.tolist())}

    def rows_of_text(self, segmented: str) -> list[int]:
        """The same as `rows(features(segmented))`, with each word looked up once and remembered."""
        found: list[int] = []
        syllables: list[str] = []
        for own, folded in map(self._of_word, words(segmented)):
            found += own
            syllables += folded
        return found + self.rows(of_pairs(syllables))

    @cached_property
    def _of_word(self) -> Callable[[str], tuple[tuple[int, ...], tuple[str, ...]]]:
        """Rows of one word alone, and its folded syllables."""

        def rows_of(word: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
            own, folded = of_word(word)
            return tuple(self.rows(own)), folded

        return lru_cache(maxsize=1 << 16)(rows_of)

    def rows(self, features: Sequence[int]) -> list[int]:
        """Rows that add up to the text: one per known feature, two per unknown one."""
        row_of, first = self._row_of, len(self.known)
        pool = len(self) - first
        found: list[int] = []
        for feature in features:
            row = row_of.get(feature)
            if row is not None:
                found.append(row)
            else:
                mixed = feature * _MIX & 0xFFFFFFFF
                found += (first + mixed % pool, first + (mixed >> 13) % pool)
        return found

    def save(self, path: Path, metadata: dict[str, str]) -> None:
        """Write one safetensors file."""
        from safetensors.numpy import save_file

        tensors: dict[str, npt.NDArray[Any]] = {
            "known": self.known,
            "rows": self.vectors.rows,
            "scales": self.vectors.scales,
        }
        if self.memory:
            intents = self.memory.intents
            tensors |= {"intents": intents.rows, "intent_scales": intents.scales}
        save_file(tensors, path, metadata)


def load_table(path: Path) -> Table:
    """Read what `Table.save` wrote. Raises BadInput when it is something else."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(path)
        vectors = Quantised(tensors["rows"], tensors["scales"])
        memory = None
        if "intents" in tensors:
            memory = Memory(Packed(tensors["intents"], tensors["intent_scales"]))
        return Table(tensors["known"], vectors, memory)
    except (SafetensorError, KeyError) as error:
        raise BadInput(f"{path.name} does not hold the embedded encoder's weights.") from error
