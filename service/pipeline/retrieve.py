"""Encode and search, for many questions at once where they come together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from service.domain import FloatArray, Hit, PreparedText
from service.pipeline.index import OpenIndex


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question to be looked up. Those that differ in `text` alone share a run."""

    index: OpenIndex
    text: PreparedText
    k: int
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What it found, and how long the run took that it was in."""

    hits: list[Hit]
    vector: FloatArray  # (dim,) of the question
    encode_ms: float
    search_ms: float


def retrieve(lookups: Sequence[Lookup]) -> list[Found]:
    """The rows nearest to each question, in order. A text with no known feature finds none."""
    groups: dict[tuple[str, int, tuple[str, ...]], list[int]] = defaultdict(list)
    for position, lookup in enumerate(lookups):
        groups[lookup.index.collection, lookup.k, lookup.tags].append(position)
    found: dict[int, Found] = {}
    for (_, k, tags), positions in groups.items():
        texts = [lookups[position].text for position in positions]
        index = lookups[positions[0]].index
        found.update(zip(positions, _run(index, texts, k, tags), strict=True))
    return [found[position] for position in range(len(lookups))]


def _run(
    index: OpenIndex, texts: Sequence[PreparedText], k: int, tags: Sequence[str]
) -> list[Found]:
    started = perf_counter()
    vectors = index.encoder.encode(texts)
    encoded = perf_counter()
    known = np.flatnonzero(vectors.any(axis=1))  # a zero vector has no direction to search in
    hits: list[list[Hit]] = [[] for _ in texts]
    if len(known):
        rows = index.store.search(index.collection, vectors[known], k=k, tags=tags)
        for position, row in zip(known, rows, strict=True):
            hits[position] = row
    encode_ms, search_ms = (encoded - started) * 1000, (perf_counter() - encoded) * 1000
    return [
        Found(row, vector, encode_ms, search_ms) for row, vector in zip(hits, vectors, strict=True)
    ]
