"""Greetings, apologies, thanks and the like around a question: what to leave out of it.

"Dạ em chào thầy cô, em hơi rối nên nhắn vào đây, thẻ mất thì làm lại ở đâu ạ, em cảm ơn" asks what
"thẻ mất thì làm lại ở đâu" asks. A linear-chain CRF (Lafferty et al. 2001) over words without marks
says of each whether it asks or is courtesy. service.train.courtesy trains it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise, repeat
from pathlib import Path
from zlib import crc32

import numpy as np

from service.text.crf import Moves, labelled
from service.text.diacritics import fold

WEIGHTS = "courtesy.safetensors"
_TOKEN = re.compile(r"\w+|[^\w\s]")
_DIGIT = re.compile(r"\d")
_LETTERS_OR_DIGITS = re.compile(r"\w")
_OUTSIDE = "^"
_FAR = 6  # from either end: there a place tells nothing
_ENDS = frozenset(",.;:!?")  # of clauses
_QUESTION_WORDS = frozenset({"gi", "sao", "nao", "dau", "khong", "chua", "may", "bao", "the"})


@dataclass(frozen=True, slots=True)
class _Word:
    """A token with the summed weights of the clues that it alone gives."""

    folded: str
    own: float
    to_left: tuple[float, float]  # what it adds to the token before it, and to the one before that
    to_right: tuple[float, float]


class Courtesies:
    """Tells courtesy from question. Thread-safe; load the built-in one with `load()`."""

    def __init__(self, weights: Mapping[int, float], moves: Moves, version: str) -> None:
        """weights: hash of a clue → how much it speaks for courtesy rather than question."""
        self.version = version
        self._moves = moves
        self._weights = weights
        self._word = lru_cache(maxsize=1 << 15)(self._weigh_word)
        self._pair = lru_cache(maxsize=1 << 15)(self._weigh_pair)
        self._weigh = lru_cache(maxsize=1 << 15)(lambda clue: weights.get(hashed(clue), 0.0))

    @classmethod
    def load(cls, path: Path | None = None) -> Courtesies:
        """With the weights of a file that save_courtesies wrote; None: with those that ship."""
        from safetensors.numpy import load

        content = (path or files("service.text").joinpath(WEIGHTS)).read_bytes()
        tensors = load(content)
        weights = dict(zip(tensors["clues"].tolist(), tensors["weights"].tolist(), strict=True))
        a, b, c, d = tensors["moves"].tolist()
        return cls(weights, (a, b, c, d), hashlib.sha256(content).hexdigest()[:16])

    def split(self, text: str) -> tuple[str, str]:
        """What is asked, and what was left out of `text`, which is normalised.

        Where nothing would be left, all of it is asked.
        """
        found = list(_TOKEN.finditer(text))
        courtesy = labelled(self.scores([match[0] for match in found]), self._moves)
        if not any(courtesy):
            return text, ""
        asked, left_out = (
            _joined(text, [m for m, own in zip(found, courtesy, strict=True) if own is wanted])
            for wanted in (False, True)
        )
        return (asked, left_out) if _LETTERS_OR_DIGITS.search(asked) else (text, "")

    def scores(self, tokens: Sequence[str]) -> list[float]:
        """For each token the sum of its clues, as clues_of gives them: above 0 for courtesy."""
        outside = self._word(_OUTSIDE)
        words = [outside, outside, *map(self._word, tokens), outside, outside]
        pairs = [self._pair(left.folded, right.folded) for left, right in pairwise(words)]
        last = len(tokens) - 1
        found = []
        for at in range(len(tokens)):
            before, left, here, right, after = words[at : at + 5]
            score = here.own + before.to_right[1] + left.to_right[0]
            score += right.to_left[0] + after.to_left[1]
            score += pairs[at][3] + pairs[at + 1][0] + pairs[at + 2][1] + pairs[at + 3][2]
            three = hashed(f"={left.folded} {here.folded} {right.folded}")
            score += self._weights.get(three, 0.0)
            score += self._weigh(f"<{min(at, _FAR)}") + self._weigh(f">{min(last - at, _FAR)}")
            found.append(score)
        known: tuple[str, ...] = ()
        of_clause = 0.0
        for at, clues in enumerate(_clues_of_clauses([word.folded for word in words[2:-2]])):
            if clues is not known:  # all words of a clause have the same
                known, of_clause = clues, sum(map(self._weigh, clues))
            found[at] += of_clause
        return found

    def _weigh_word(self, token: str) -> _Word:
        def weight(clue: str) -> float:
            return self._weights.get(hashed(clue), 0.0)

        marked = token.lower()
        folded = _shape(marked)
        return _Word(
            folded,
            weight("any") + weight(f"0{folded}") + weight(f"m{marked}"),
            (weight(f"+1{folded}"), weight(f"+2{folded}")),
            (weight(f"-1{folded}"), weight(f"-2{folded}")),
        )

    def _weigh_pair(self, left: str, right: str) -> tuple[float, float, float, float]:
        """What it adds to the right one, the left one, the one before both, the one after both."""
        weight, pair = self._weights.get, f"{left} {right}"
        return (
            weight(hashed(f"-{pair}"), 0.0),
            weight(hashed(f"+{pair}"), 0.0),
            weight(hashed(f"++{pair}"), 0.0),
            weight(hashed(f"--{pair}"), 0.0),
        )


def save_courtesies(path: Path, weights: Mapping[int, float], moves: Moves) -> None:
    """Write one safetensors file."""
    from safetensors.numpy import save_file

    clues = sorted(weights)
    tensors = {
        "clues": np.array(clues, dtype=np.uint32),
        "weights": np.array([weights[clue] for clue in clues], dtype=np.float32),
        "moves": np.array(moves, dtype=np.float32),
    }
    save_file(tensors, path)


def tokens_of(text: str) -> list[str]:
    """Words and single punctuation marks."""
    return _TOKEN.findall(text)


def clues_of(tokens: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """For each token what tells its label: it, its neighbours, its place, and its clause."""
    marked = [token.lower() for token in tokens]
    own = [_shape(token) for token in marked]
    padded = [_OUTSIDE, _OUTSIDE, *own, _OUTSIDE, _OUTSIDE]
    last = len(own) - 1
    windows = zip(padded, padded[1:], own, padded[3:], padded[4:], strict=False)
    for at, ((before, left, here, right, after), of_clause) in enumerate(
        zip(windows, _clues_of_clauses(own), strict=True)
    ):
        yield (
            "any",
            f"0{here}",
            f"m{marked[at]}",
            f"-2{before}",
            f"-1{left}",
            f"+1{right}",
            f"+2{after}",
            f"-{left} {here}",
            f"+{here} {right}",
            f"--{before} {left}",
            f"++{right} {after}",
            f"={left} {here} {right}",
            f"<{min(at, _FAR)}",
            f">{min(last - at, _FAR)}",
            *of_clause,
        )


def _clues_of_clauses(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """For each word. A clause takes the punctuation that ends it."""
    ends = [at for at, word in enumerate(words, 1) if word in _ENDS or at == len(words)]
    for number, (start, end) in enumerate(pairwise([0, *ends])):
        clause = words[start:end]
        asks = not _QUESTION_WORDS.isdisjoint(clause)
        place = f"{min(number, 2)} {min(len(ends) - 1 - number, 2)}"
        clues = (f"q{asks}", f"p{place}", f"pq{place} {asks}", f"f{clause[0]}", f"l{clause[-1]}")
        yield from repeat(clues, end - start)


def _shape(lowered: str) -> str:
    """Without marks, and all digits alike."""
    return _DIGIT.sub("0", fold(lowered))


def hashed(clue: str) -> int:
    """As weights are looked up."""
    return crc32(clue.encode())


def _joined(text: str, kept: Sequence[re.Match[str]]) -> str:
    """The tokens with what stands between them where they are neighbours, else with a space."""
    pieces: list[str] = []
    end = -1
    for match in kept:
        gap = text[end : match.start()] if end >= 0 else ""
        pieces += [gap if gap.isspace() or not gap else " ", match[0]]
        end = match.end()
    return "".join(pieces)
