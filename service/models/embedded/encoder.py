"""The default encoder: adds up the vectors of a text's features. No torch, no download."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from importlib.resources import as_file, files
from itertools import chain

import numpy as np

from service.domain import FloatArray, PreparedText
from service.models.embedded.features import VERSION, features_by_word
from service.models.embedded.overlay import Overlay
from service.models.embedded.quantised import Indices
from service.models.embedded.table import Table, load_table
from service.models.late_interaction import Words

NAME = "embedded"
WEIGHTS = "model.safetensors"


class EmbeddedEncoder:
    """ports.Encoder over a shared table and, when adapted, an overlay. Thread-safe."""

    name = NAME

    def __init__(self, table: Table, overlay: Overlay | None = None) -> None:
        self.table = table
        self._overlay = overlay

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self.table.dimension

    @cached_property
    def fingerprint(self) -> str:
        """Of features, table and overlay."""
        base = fingerprint_of(self.table)
        return f"{base}-{self._overlay.fingerprint}" if self._overlay else base

    def encode(self, texts: Sequence[PreparedText], /) -> FloatArray:
        """(n, dimension) float32, L2-normalised; a text without letters or digits is a zero row."""
        rows = [self.table.rows_of_text(text.segmented) for text in texts]
        sums = np.zeros((len(texts), self.dimension), dtype=np.float32)
        distinct, places = np.unique(
            np.fromiter(chain.from_iterable(rows), dtype=np.int64), return_inverse=True
        )
        vectors = self._vectors(distinct)
        start = 0
        for total, own in zip(sums, rows, strict=True):
            end = start + len(own)
            vectors.take(places[start:end], axis=0).sum(axis=0, out=total)
            start = end
        self._take_step(sums)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        np.divide(sums, norms, out=sums, where=norms > 0)
        if self.table.memory:
            self.table.memory.recall(sums)
        return sums

    def words(self, text: PreparedText, /) -> Words:
        """TokenEncoder: a word is the sum of its features, and tells as much as that is long."""
        rows = [self.table.rows(own) for own in features_by_word(text.segmented)]
        if not rows:
            return Words(np.zeros((0, self.dimension), np.float32), np.zeros(0, np.float32))
        vectors = self._vectors(np.array([row for own in rows for row in own]))
        starts = np.cumsum([0, *map(len, rows[:-1])])
        sums: FloatArray = np.add.reduceat(vectors, starts, axis=0)
        self._take_step(sums)
        norms = np.linalg.norm(sums, axis=1).astype(np.float32)
        return Words(sums / np.maximum(norms, np.float32(1e-9))[:, None], norms)

    def _take_step(self, sums: FloatArray) -> None:
        if self._overlay:
            sums += sums @ self._overlay.taken

    def _vectors(self, rows: Indices) -> FloatArray:
        vectors = self.table.vectors.decode(rows)
        if self._overlay:
            self._overlay.apply(rows, vectors)
        return vectors


def fingerprint_of(table: Table) -> str:
    """Changes with the features and with any weight."""
    digest = hashlib.sha256(VERSION.encode())
    arrays = [table.known, table.vectors.rows, table.vectors.scales]
    if table.memory:
        arrays += [table.memory.intents.rows, table.memory.intents.scales]
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return f"{NAME}-{digest.hexdigest()[:16]}"


def open_embedded_encoder() -> EmbeddedEncoder:
    """The encoder with the weights that ship in this package."""
    with as_file(files("service.models.embedded") / WEIGHTS) as path:
        return EmbeddedEncoder(load_table(path))
