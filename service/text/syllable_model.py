"""A trigram model of Vietnamese syllables, read from one file: what follows what, and how often.

The n-grams lie in a sorted trie of flat arrays (as in KenLM, Heafield 2011), so that reading the
file is all there is to loading. A cost is a negative log-probability in 1/16 nat, 255 at most.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from operator import itemgetter
from pathlib import Path

import numpy as np
from safetensors.numpy import load

from service.text.diacritics import fold

UNITS_PER_NAT = 16
BREAK, NUMBER, OTHER = 0, 1, 2  # the first ids: punctuation and line ends, digits, unknown words
# Readings per syllable as typed, and how much rarer than the commonest they may be: more of them
# restored no more.
_READINGS = 8
_RARER = 5 * UNITS_PER_NAT

Ids = tuple[int, ...]
Position = tuple[Ids, Ids | None]  # candidates, and what each costs on its own


class SyllableModel:
    """Immutable once read, but for its caches; safe to share between threads."""

    def __init__(self, content: bytes) -> None:
        tensors = load(content)
        self.version = hashlib.sha256(content).hexdigest()[:16]
        self.words = ("\n", "0", "?", *tensors["words"].tobytes().decode().split("\n"))
        self.ids = {word: i for i, word in enumerate(self.words)}
        self.foreign = frozenset(tensors["foreign"].tobytes().decode().split("\n"))
        self.cost = tensors["cost"].data
        self._backoff = tensors["backoff"].data
        self._pair_start = _starts(tensors["pair_counts"])
        self._pair_next = tensors["pair_next"].data
        self._pair_cost = tensors["pair_cost"].data
        self._pair_backoff = tensors["pair_backoff"].data
        self._triple_start = _starts(tensors["triple_counts"])
        self._triple_next = tensors["triple_next"].data
        self._triple_cost = tensors["triple_cost"].data
        self.readings = self._by_plain_form()
        self.costs = lru_cache(maxsize=1 << 16)(self._costs)
        self._pairs = cache(self._find_pairs)
        self._pair_costs = lru_cache(maxsize=1 << 16)(self._look_up_pairs)

    @classmethod
    def open(cls, path: Path) -> SyllableModel:
        """Raises OSError when the file is not there."""
        return cls(path.read_bytes())

    def id_of(self, token: str) -> int:
        """Of a lower-case token; one outside the vocabulary has the id of its class."""
        known = self.ids.get(token)
        if known is not None:
            return known
        return OTHER if token.isalpha() else NUMBER if any(map(str.isdigit, token)) else BREAK

    def _costs(self, first: int, second: int, thirds: Ids) -> Ids:
        """Per candidate, the cost of its following the two."""
        shorter = self._pair_costs(second, thirds)
        pair = self._pairs(first).get(second)
        if pair is None:
            return shorter
        start, end = self._triple_start[pair], self._triple_start[pair + 1]
        backoff = self._pair_backoff[pair]
        if start == end:
            return tuple([cost + backoff for cost in shorter])
        following, triple_cost = self._triple_next, self._triple_cost
        costs = []
        for third, cost in zip(thirds, shorter, strict=True):
            at = bisect_left(following, third, start, end)
            found = at < end and following[at] == third
            costs.append(triple_cost[at] if found else cost + backoff)
        return tuple(costs)

    def _look_up_pairs(self, first: int, seconds: Ids) -> Ids:
        backoff, costs, pairs = self._backoff[first], self._pair_cost, self._pairs(first)
        return tuple(
            [
                costs[pairs[second]] if second in pairs else backoff + self.cost[second]
                for second in seconds
            ]
        )

    def _find_pairs(self, first: int) -> dict[int, int]:
        """What follows a syllable → where that pair lies."""
        start, end = self._pair_start[first], self._pair_start[first + 1]
        return dict(zip(self._pair_next[start:end].tolist(), range(start, end), strict=True))

    def _by_plain_form(self) -> dict[str, Ids]:
        """A syllable without marks → what it may stand for, most frequent first."""
        found: dict[str, list[int]] = {}
        for i, word in enumerate(self.words[OTHER + 1 :], OTHER + 1):
            found.setdefault(fold(word), []).append(i)
        return {
            plain: tuple(i for i in ids[:_READINGS] if self.cost[i] <= self.cost[ids[0]] + _RARER)
            for plain, ids in found.items()
        }


def best_path(model: SyllableModel, lattice: Sequence[Position], width: int) -> list[int]:
    """Per position, the index of its best candidate.

    Viterbi over the last syllable; the one before it is taken from the best path so far, which
    makes trigrams cost no more than bigrams. Paths that cost
    over `width` more than the best are dropped.
    """
    ends: list[_Path] = [(0, BREAK, BREAK, 0, None)]
    for candidates, own in lattice:
        first, *others = [(end, end[0], model.costs(end[1], end[2], candidates)) for end in ends]
        reached: list[_Path] = []
        for at, candidate in enumerate(candidates):
            end, base, fan = first
            cost = base + fan[at]
            for other, base, fan in others:
                if base + fan[at] < cost:
                    end, cost = other, base + fan[at]
            if own:
                cost += own[at]
            reached.append((cost, end[2], candidate, at, end))
        if len(reached) > 1:
            limit = min(reached, key=_cost_of)[0] + width
            reached = [path for path in reached if path[0] <= limit]
        ends = reached
    return _trace(min(ends, key=_cost_of))


# (cost so far, last but one id, last id, index of the last, the path up to there)
_Path = tuple[int, int, int, int, "_Path | None"]


_cost_of: Callable[[_Path], int] = itemgetter(0)


def _trace(path: _Path) -> list[int]:
    chosen = []
    before = path[4]
    while before is not None:
        chosen.append(path[3])
        path, before = before, before[4]
    return chosen[::-1]


def _starts(counts: np.ndarray) -> memoryview:
    return np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.uint32).data
