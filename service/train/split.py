"""Parts training data into what is learned and what is held out, whole families at a time."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace

from service.errors import BadInput
from service.faq.folding import fold
from service.train.examples import Examples, Group

_HELD_OUT = 0.1  # share of the examples


@dataclass(frozen=True, slots=True)
class Split:
    """No text and no family is on both sides."""

    train: Examples
    dev: Examples


def split_by_family(examples: Examples, seed: int) -> Split:
    """Holds out about a tenth. Raises BadInput when there is too little to hold anything out.

    Families that share a text, with or without marks, stay together.
    """
    linked = _Links()
    for group in examples.groups:
        linked.join(_family(group), *map(_key, group.texts))
    for pair in examples.pairs:
        linked.join(_key(pair.left), _key(pair.right))
    held_out = _choose(examples, linked, seed)
    parts = [
        Examples(
            tuple(g for g in examples.groups if (linked.root(_family(g)) in held_out) is dev),
            tuple(p for p in examples.scored if (linked.root(_key(p.left)) in held_out) is dev),
            tuple(p for p in examples.judged if (linked.root(_key(p.left)) in held_out) is dev),
        )
        for dev in (False, True)
    ]
    return Split(_without(parts[0], {fold(text) for text in parts[1].texts()}), parts[1])


class _Links:
    """Disjoint sets (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def root(self, key: str) -> str:
        while (parent := self._parent.setdefault(key, key)) != key:
            self._parent[key] = self._parent[parent]
            key = parent
        return key

    def join(self, first: str, *others: str) -> None:
        for other in others:
            self._parent[self.root(other)] = self.root(first)


def _family(group: Group) -> str:
    return f"family {group.family}"


def _key(text: str) -> str:
    return f"text {fold(text)}"


def _choose(examples: Examples, linked: _Links, seed: int) -> set[str]:
    """Roots of what is held out. What is too large for that stays in training."""
    sizes: dict[str, int] = defaultdict(int)
    for group in examples.groups:
        sizes[linked.root(_family(group))] += len(group.texts) - 1
    for pair in examples.pairs:
        sizes[linked.root(_key(pair.left))] += 1
    useful = sorted(root for root, size in sizes.items() if size)
    random.Random(seed).shuffle(useful)  # noqa: S311 - a split, not a secret
    total = sum(sizes.values())
    chosen: set[str] = set()
    filled = 0
    for root in useful:
        if filled < _HELD_OUT * total and filled + sizes[root] <= total / 2:
            chosen.add(root)
            filled += sizes[root]
    if not chosen:
        raise BadInput(
            f"The data has {len(useful)} famil{'y' if len(useful) == 1 else 'ies'} with more than "
            "one text, too few to learn from some and check on others. Add FAQs with alternates."
        )
    return chosen


def _without(examples: Examples, held_out: Collection[str]) -> Examples:
    """Drops negatives that are held-out texts: they must not be seen from any side."""
    groups = (
        replace(group, negatives=tuple(n for n in group.negatives if fold(n) not in held_out))
        for group in examples.groups
    )
    return replace(examples, groups=tuple(groups))
