"""Brings an index up to date with the edits made since, and makes it live without missing one."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from service.domain import ChangeKind, FaqChange, FloatArray, Generation, Row
from service.errors import Conflict, NotFound
from service.ports import FaqSource, VectorStore
from service.reindex.generations import GenerationRepository
from service.reindex.live import LiveIndexes, OpenGeneration
from service.reindex.plan import rows_of

EDITS = 100  # a step; writers of the database wait while one is stored
ROUNDS = 1000  # attempts to switch between two edits


class IndexSync:
    """Thread-safe; several processes may share one database and one Chroma server."""

    def __init__(
        self,
        faqs: FaqSource,
        store: VectorStore,
        generations: GenerationRepository,
        live: LiveIndexes,
    ) -> None:
        self._faqs = faqs
        self._store = store
        self._generations = generations
        self._live = live
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def sync(self, set_name: str) -> int:
        """Put every committed edit into the live index; they are searchable on return.

        Returns the number of edits. Raises NotFound (no such set) or NotReady (no usable index);
        the edits are safe in the database then, and the next reindex takes them in.
        """
        with self._locks[set_name]:
            live = self._live.get(set_name)
            number = live.generation.number
            before = self._generations.get(set_name, number)
            after = self.catch_up(replace(live, generation=before))
            return after.applied_seq - before.applied_seq

    def catch_up(self, index: OpenGeneration) -> Generation:
        """Apply all edits after `applied_seq`. Applying one twice does no harm."""
        generation = index.generation
        while changes := self._faqs.changes_after(
            generation.set_name, generation.applied_seq, limit=EDITS
        ):
            generation = self._apply(replace(index, generation=generation), changes)
        return generation

    def make_live(self, index: OpenGeneration) -> Generation:
        """Switch to a generation that has every edit committed until that moment.

        Raises Conflict when edits come faster than they can be applied, or when another reindex
        has given this generation up.
        """
        for _ in range(ROUNDS):
            generation = self.catch_up(index)
            if self._generations.switch(generation):
                self._live.look_again()
                return self._generations.get(generation.set_name, generation.number)
            index = replace(index, generation=generation)
        raise Conflict(
            f"FAQ set {index.generation.set_name!r} is edited faster than it can be indexed; "
            "try again when the import or script that edits it is done"
        )

    def roll_back(self, set_name: str) -> Generation:
        """Make the previous generation live again, with the edits made since.

        Another rollback goes forward again. Raises NotFound when there is no previous one,
        NotReady when it does not fit the running encoder or text rules.
        """
        previous = self._generations.previous(set_name)
        if previous is None:
            raise NotFound(f"FAQ set {set_name!r} has no previous index to go back to")
        return self.make_live(self._live.open(previous))

    def _apply(self, index: OpenGeneration, changes: Sequence[FaqChange]) -> Generation:
        generation, to_seq = index.generation, changes[-1].seq
        latest = {change.faq.id: change for change in changes}
        rows = [
            row
            for change in latest.values()
            if change.kind is not ChangeKind.REMOVED
            for row in rows_of(change.faq)
        ]
        vectors = encode_rows(index, rows)  # slow, so before the lock is taken
        with self._generations.advancing(generation, to_seq) as ours:
            if ours:
                self._store.replace_faqs(generation.collection, list(latest), rows, vectors)
        if ours:
            return replace(generation, applied_seq=to_seq)
        return self._generations.get(generation.set_name, generation.number)


def encode_rows(index: OpenGeneration, rows: Sequence[Row]) -> FloatArray:
    """(n, dim) float32, L2-normalised: the rows' texts through the one text path."""
    if not rows:
        return np.empty((0, index.encoder.dimension), dtype=np.float32)
    return index.encoder.encode([index.text.prepare(row.text) for row in rows])
