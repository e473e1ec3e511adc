"""A VectorStore over an injected Chroma client, embedded or HTTP: both are the same ClientAPI."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import numpy.typing as npt

from service.domain import FloatArray, Hit, Row
from service.errors import IndexGone, NotReady, StoreLocked

if TYPE_CHECKING:
    from chromadb import Collection
    from chromadb.api import ClientAPI

BATCH = 250  # rows or ids a call; far below Chroma's own limit, and steady in memory
PAGE = 100  # collections a listing call

# Chroma's default space is l2, and a collection's space cannot be changed later.
#
# FAQs are clusters of near-twins, in which a sparse graph leaves rows that no search reaches. Of
# 3,000 such rows Chroma's ef of 100 lost 7 to 13 after 150 edits and found 94.5 % of the 20
# nearest; 200 lost none and found 98.7 %, at 0.05 ms a query. Of 24 rows, edited in place, 16
# neighbours (the default) left one in 80 edits out of reach; 32 left none in 3,600.
#
# Every sync_threshold rows the whole graph is written out again: at the default of 1,000 the time
# to index grows with the square of the rows; at 5,000 the rate stays level, and opening a
# collection replays at most 5,000 rows, in about a second.
CONFIGURATION: dict[str, Any] = {
    "hnsw": {
        "space": "cosine",
        "ef_construction": 200,
        "ef_search": 200,
        "max_neighbors": 32,
        "sync_threshold": 5000,
    }
}


class ChromaStore:
    """Safe to share between threads, not across a fork. A zero vector is never stored or found."""

    def __init__(self, client: ClientAPI) -> None:
        self._client = client
        self._pid = os.getpid()
        self._opened: dict[str, Collection] = {}  # a look-up costs a quarter of a search
        self._lock = threading.Lock()

    def create(self, collection: str, /) -> None:
        """Make an empty collection; one left over under that name is dropped first."""
        self.drop(collection)
        with self._asking(collection):
            self._client.create_collection(
                collection,
                configuration=CONFIGURATION,  # type: ignore[arg-type]
                embedding_function=None,  # the default would download a model
            )

    def upsert(self, collection: str, rows: Sequence[Row], vectors: FloatArray, /) -> None:
        """Write rows, durable on return. vectors: (n, dim) float32, L2-normalised."""
        known = _known(vectors)
        for start in range(0, len(known), BATCH):
            part = known[start : start + BATCH]
            self._write(collection, [rows[i] for i in part], vectors[part])

    def replace_faqs(
        self, collection: str, faq_ids: Sequence[str], rows: Sequence[Row], vectors: FloatArray, /
    ) -> None:
        """Delete all rows of these FAQs that are not in `rows`, and write `rows`.

        Writes first: at no moment is an FAQ that stays missing from the collection.
        """
        self.upsert(collection, rows, vectors)
        kept = {rows[i].id for i in _known(vectors)}
        stale = [row_id for row_id in self._row_ids(collection, faq_ids) if row_id not in kept]
        for part in _batches(stale):
            with self._asking(collection):
                self._open(collection).delete(ids=part)

    def search(
        self, collection: str, vectors: FloatArray, /, *, k: int, tags: Sequence[str] = ()
    ) -> list[list[Hit]]:
        """Per vector, up to k hits, best first; with tags, only rows that carry all of them."""
        found: list[list[Hit]] = [[] for _ in vectors]
        known = _known(vectors)
        if known.size == 0:
            return found
        with self._asking(collection):
            nearest = self._nearest(collection, vectors[known], k, _carrying(tags))
        for i, hits in zip(known, nearest, strict=True):
            found[i] = hits
        return found

    def count(self, collection: str, /) -> int:
        """Number of rows. Raises IndexGone when there is no such collection."""
        with self._asking(collection):
            return self._open(collection).count()

    def collections(self) -> list[str]:
        """Names of all collections."""
        names: list[str] = []
        with self._asking("*"):
            while page := self._client.list_collections(limit=PAGE, offset=len(names)):
                names += [collection.name for collection in page]
        return names

    def drop(self, collection: str, /) -> None:
        """Remove a collection; one that is already gone is fine."""
        try:
            with self._asking(collection):
                self._client.delete_collection(collection)
        except IndexGone:
            pass  # what was asked for
        finally:
            self._forget(collection)

    def close(self) -> None:
        """Release files and locks."""
        self._opened.clear()
        self._client.close()  # type: ignore[attr-defined]

    def _nearest(self, collection: str, vectors: FloatArray, k: int, where: Any) -> list[list[Hit]]:
        answer: Any = self._open(collection).query(
            query_embeddings=vectors,
            n_results=k,
            where=where,
            include=["metadatas", "documents", "distances"],
        )
        columns = (answer[name] for name in ("ids", "documents", "metadatas", "distances"))
        return [
            [
                Hit(row_of(row_id, text, metadata), similarity_of(distance))
                for row_id, text, metadata, distance in zip(*found, strict=True)
            ]
            for found in zip(*columns, strict=True)
        ]

    def _write(self, collection: str, rows: Sequence[Row], vectors: FloatArray) -> None:
        with self._asking(collection):
            self._open(collection).upsert(
                ids=[row.id for row in rows],
                embeddings=vectors,
                documents=[row.text for row in rows],
                metadatas=[_metadata(row) for row in rows],
            )

    def _row_ids(self, collection: str, faq_ids: Sequence[str]) -> Iterator[str]:
        for part in _batches(faq_ids):
            with self._asking(collection):
                wanted: Any = {"faq_id": {"$in": part}}
                yield from self._open(collection).get(where=wanted, include=[])["ids"]

    def _open(self, name: str) -> Collection:
        with self._lock:
            if name not in self._opened:
                self._opened[name] = self._client.get_collection(name, embedding_function=None)
            return self._opened[name]

    def _forget(self, name: str) -> None:
        with self._lock:
            self._opened.pop(name, None)

    @contextmanager
    def _asking(self, collection: str) -> Iterator[None]:
        """Chroma's errors in this service's words."""
        from chromadb.errors import NotFoundError

        if os.getpid() != self._pid:
            raise StoreLocked(
                f"The index was opened by process {self._pid} and this is a fork of it; "
                "open the store after forking, or set VIFAQ_CHROMA_URL to a Chroma server"
            )
        try:
            yield
        except NotFoundError as error:
            self._forget(collection)
            raise IndexGone(f"There is no index collection {collection!r}") from error
        except httpx.TransportError as error:
            raise NotReady(
                f"The Chroma server of VIFAQ_CHROMA_URL does not answer ({error!r}); "
                "is `chroma run` still up?"
            ) from error


def _known(vectors: FloatArray) -> npt.NDArray[np.intp]:
    """Positions of the vectors that are not zero: a zero vector is equally far from anything."""
    return np.flatnonzero(np.any(vectors, axis=1))


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), BATCH):
        yield list(ids[start : start + BATCH])


def _metadata(row: Row) -> dict[str, Any]:
    # "No tags" must be said: an upsert that leaves the key out keeps the old list searchable.
    return {
        "faq_id": row.faq_id,
        "position": int(row.id.rpartition("#")[2]),
        "tags": list(row.tags) or None,
    }


def _carrying(tags: Sequence[str]) -> Any:
    wanted = [{"tags": {"$contains": tag}} for tag in tags]
    match wanted:
        case []:
            return None
        case [one]:
            return one
        case _:
            return {"$and": wanted}


def row_of(row_id: str, text: str, metadata: dict[str, Any]) -> Row:
    """A row as Chroma gives it."""
    return Row(row_id, metadata["faq_id"], text, tuple(metadata.get("tags", ())))


def similarity_of(distance: float) -> float:
    """Cosine in [-1, 1] from Chroma's cosine distance."""
    return min(1.0, max(-1.0, 1.0 - distance))
