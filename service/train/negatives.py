"""Hard negatives: stored questions that look like a group's texts and ask something else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from service.domain import FloatArray
from service.faq.folding import fold
from service.ports import Encoder
from service.train.examples import Group
from service.train.wording import Wording

Encode = Callable[[Sequence[str]], FloatArray]  # raw texts to (n, dim) float32, L2-normalised

_SAME = 0.95  # so alike that both probably ask the same, whatever the labels say
_BLOCK = 256  # groups at once


def encoding(encoder: Encoder, wording: Wording) -> Encode:
    """An encoder over raw texts."""
    return lambda texts: encoder.encode([wording.prepare(text) for text in texts])


def hard_negatives(groups: Sequence[Group], encode: Encode, k: int) -> list[tuple[str, ...]]:
    """Up to k stored questions for each group, hardest first.

    Those that the data names go first, then siblings of the family, then the questions of other
    families that come nearest to any text of the group. Positives are left out, and so are other
    families' questions that are almost the same.
    """
    families: dict[str, list[int]] = defaultdict(list)
    for at, group in enumerate(groups):
        families[group.family].append(at)
    found = []
    for at, alike in enumerate(_similarities(groups, encode)):
        group = groups[at]
        own = {fold(text) for text in group.texts}
        siblings = sorted(families[group.family], key=lambda other: -alike[other])
        nearest = [other for other in _top(alike, k + len(siblings)) if alike[other] < _SAME]
        questions = [groups[other].question for other in (*siblings, *nearest)]
        ordered = dict.fromkeys((*group.negatives, *questions))
        found.append(tuple(text for text in ordered if fold(text) not in own)[:k])
    return found


def _similarities(groups: Sequence[Group], encode: Encode) -> Iterator[FloatArray]:
    """For each group (n,): how near its nearest text comes to each stored question."""
    stored = encode([group.question for group in groups])
    for start in range(0, len(groups), _BLOCK):
        block = groups[start : start + _BLOCK]
        texts = encode([text for group in block for text in group.texts])
        starts = np.cumsum([0, *(len(group.texts) for group in block[:-1])])
        yield from np.maximum.reduceat(texts @ stored.T, starts, axis=0)


def _top(values: FloatArray, k: int) -> list[int]:
    """Indices of the k largest, largest first."""
    k = min(k, len(values))
    top = np.argpartition(-values, k - 1)[:k]
    return [int(at) for at in top[np.argsort(-values[top], kind="stable")]]
