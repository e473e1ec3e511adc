"""Whether a freshly built index finds what was put into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from service.domain import FloatArray, Hit, Progress, Row
from service.errors import IndexBroken
from service.ports import OnProgress, VectorStore

SAMPLE = 500  # rows that must find themselves
NEIGHBOURS = 20  # hits among which a row with a twin may find itself
QUERIES = 50  # a call
TIE = 1e-4  # cosines this near are equal
MAX_LOST = 0.01  # share; the search is approximate (none of 2,000 was lost among 30,000 rows)


class Sample:
    """Evenly spread rows with their vectors, and a count of all rows."""

    def __init__(self, expected_rows: int) -> None:
        self.rows = 0  # with a vector
        self.featureless = 0  # texts in which the encoder knows nothing; they cannot be found
        self.picked: list[tuple[Row, FloatArray]] = []
        self._every = max(1, expected_rows // SAMPLE)

    def add(self, rows: Sequence[Row], vectors: FloatArray) -> None:
        """Take in rows that were written."""
        for row, vector in zip(rows, vectors, strict=True):
            if not vector.any():
                self.featureless += 1
                continue
            if self.rows % self._every == 0 and len(self.picked) < SAMPLE:
                self.picked.append((row, vector))
            self.rows += 1


def verify(
    store: VectorStore, collection: str, sample: Sample, on_progress: OnProgress
) -> dict[str, object]:
    """Count the rows, and let sampled rows find themselves. Returns what was checked.

    Raises IndexBroken.
    """
    if sample.rows == 0:
        raise IndexBroken(
            f"The encoder knows nothing in any of the {sample.featureless} texts, so nothing "
            "could be found; choose another VIFAQ_ENCODER. The live index is untouched"
        )
    stored = store.count(collection)
    if stored != sample.rows:
        raise IndexBroken(
            f"The new index holds {stored} rows where {sample.rows} were written. "
            "The live index is untouched; run the reindex again"
        )
    lost = list(_lost(store, collection, sample, on_progress))
    if len(lost) > MAX_LOST * len(sample.picked):
        raise IndexBroken(
            f"{len(lost)} of {len(sample.picked)} stored questions do not find themselves in the "
            f"new index, for example {lost[0].text!r}. The live index is untouched"
        )
    return {
        "rows": stored,
        "featureless": sample.featureless,
        "sampled": len(sample.picked),
        "lost": len(lost),
    }


def _lost(
    store: VectorStore, collection: str, sample: Sample, on_progress: OnProgress
) -> Iterator[Row]:
    for start in range(0, len(sample.picked), QUERIES):
        part = sample.picked[start : start + QUERIES]
        vectors = np.stack([vector for _, vector in part])
        found = store.search(collection, vectors, k=NEIGHBOURS)
        for (row, _), hits in zip(part, found, strict=True):
            if not _is_first(row, hits):
                yield row
        on_progress(Progress("verify", start + len(part), len(sample.picked)))


def _is_first(row: Row, hits: Sequence[Hit]) -> bool:
    """Whether the row, or one with the same text, is as near as the nearest."""
    return any(
        hit.similarity >= hits[0].similarity - TIE
        for hit in hits
        if hit.row.id == row.id or hit.row.text == row.text
    )
