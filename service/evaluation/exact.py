"""A vector store in memory that compares with every row: exact, for temporary indexes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from service.domain import FloatArray, Hit, Row
from service.errors import IndexGone


@dataclass(slots=True)
class _Collection:
    rows: list[Row] = field(default_factory=list)
    vectors: FloatArray | None = None  # (rows, dim)

    def keep(self, kept: Sequence[int]) -> None:
        self.rows = [self.rows[n] for n in kept]
        self.vectors = None if self.vectors is None else self.vectors[list(kept)]


class ExactStore:
    """ports.VectorStore for one thread."""

    def __init__(self) -> None:
        self._collections: dict[str, _Collection] = {}

    def create(self, collection: str, /) -> None:
        """Make an empty collection; one left over under that name is dropped first."""
        self._collections[collection] = _Collection()

    def upsert(self, collection: str, rows: Sequence[Row], vectors: FloatArray, /) -> None:
        """Write rows. vectors: (n, dim) float32, L2-normalised; a zero row is left out."""
        stored, new = self._get(collection), {row.id for row in rows}
        stored.keep([n for n, row in enumerate(stored.rows) if row.id not in new])
        known = np.flatnonzero(vectors.any(axis=1))
        stored.rows.extend(rows[int(n)] for n in known)
        before = [] if stored.vectors is None else [stored.vectors]
        stored.vectors = np.concatenate([*before, vectors[known]])

    def replace_faqs(
        self, collection: str, faq_ids: Sequence[str], rows: Sequence[Row], vectors: FloatArray, /
    ) -> None:
        """Delete all rows of these FAQs that are not in `rows`, and write `rows`."""
        stored, gone = self._get(collection), set(faq_ids)
        stored.keep([n for n, row in enumerate(stored.rows) if row.faq_id not in gone])
        self.upsert(collection, rows, vectors)

    def search(
        self, collection: str, vectors: FloatArray, /, *, k: int, tags: Sequence[str] = ()
    ) -> list[list[Hit]]:
        """Per vector, up to k hits, best first; equal ones in the order they were written."""
        stored, wanted = self._get(collection), set(tags)
        allowed = np.array([n for n, row in enumerate(stored.rows) if wanted <= set(row.tags)])
        if stored.vectors is None or not len(allowed):
            return [[] for _ in vectors]
        similarities = vectors @ stored.vectors[allowed].T
        best = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
        return [
            [Hit(stored.rows[int(allowed[n])], float(found[n])) for n in order]
            for found, order in zip(similarities, best, strict=True)
        ]

    def count(self, collection: str, /) -> int:
        """Number of rows. Raises IndexGone when there is no such collection."""
        return len(self._get(collection).rows)

    def collections(self) -> list[str]:
        """Names of all collections."""
        return list(self._collections)

    def drop(self, collection: str, /) -> None:
        """Remove a collection; one that is already gone is fine."""
        self._collections.pop(collection, None)

    def close(self) -> None:
        """Let go of everything."""
        self._collections.clear()

    def _get(self, collection: str) -> _Collection:
        if collection not in self._collections:
            raise IndexGone(f"There is no collection {collection!r}.")
        return self._collections[collection]
