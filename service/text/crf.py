"""A linear-chain CRF of two labels, run without its library: what is learned once, read often."""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# From the other label to itself, other → label, label → other, label → label.
Moves = tuple[float, float, float, float]


def labelled(scores: Sequence[float], moves: Moves) -> list[bool]:
    """Viterbi: True where the best path has the label. scores: what each token has for it."""
    o_o, o_l, l_o, l_l = moves
    lead = 0.0  # of the best path that ends in the label over the best that ends in the other
    came_from_label = []  # per token: the best predecessor (for the other, for the label) has it
    for at, score in enumerate(scores):
        if at:
            to_o, to_l = lead + l_o, lead + l_l
            came_from_label.append((to_o > o_o, to_l > o_l))
            score = score + (to_l if to_l > o_l else o_l) - (to_o if to_o > o_o else o_o)
        lead = score
    labels = [lead > 0] if scores else []
    for choice in reversed(came_from_label):
        labels.append(choice[labels[-1]])
    return labels[::-1]


def read_weights(tagger: Any, label: str, other: str) -> tuple[dict[str, float], Moves]:
    """Of an open pycrfsuite.Tagger: feature → weight for `label` less that for `other`; moves."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "weights.txt"
        tagger.dump(str(path))
        dump = path.read_text(encoding="utf-8")
    found = re.findall(r"^  \(1\) (\w+) --> (\w+): (-?[\d.]+)$", dump, re.M)
    move = {(a, b): float(weight) for a, b, weight in found}
    states: dict[str, float] = defaultdict(float)
    for feature, of, weight in re.findall(
        r"^  \(0\) ([\s\S]*?) --> (\w+): (-?[\d.]+)$", dump, re.M
    ):
        states[feature] += float(weight) if of == label else -float(weight)
    a, b, c, d = (move.get((x, y), 0.0) for x in (other, label) for y in (other, label))
    return dict(states), (a, b, c, d)
