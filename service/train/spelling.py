"""Builds the syllable model of the speller: counts, smooths and packs trigrams.

Absolute discounting with interpolation (Ney, Essen and Kneser 1994). Each corpus is discounted
before it is weighted: a question seen once is one observation, however much it counts.
"""

from __future__ import annotations

import argparse
import json
import lzma
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save

from service.text.diacritics import has_marks
from service.text.lexicon import Lexicon
from service.text.normalise import normalise
from service.text.syllable_model import BREAK, NUMBER, OTHER, UNITS_PER_NAT
from service.text.syllables import plain_syllables, syllables
from service.text.telex import restore

_TOKEN = re.compile(r"[^\W\d_]+|\d[\w.,/]*|[^\w\s]")
_LINE_END = "\n"
_DISCOUNT = 0.75
_SKIPPED_SOURCE = "bible"  # archaic
_MARKED_ENOUGH = 0.4  # share of words with marks, below which a question was typed without
_MIN_SYLLABLE, _MIN_ENGLISH = 4.0, 15.0  # weighted counts to enter the vocabulary
_MIN_FOREIGN = 2.0
_MIN_PAIR, _MIN_TRIPLE = 1.5, 2.5

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_Array = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Lower-case tokens, lines divided by line ends, and how much each occurrence counts."""

    tokens: list[str]
    weight: float


@dataclass(frozen=True, slots=True)
class _Grams:
    """N-grams of one order as numbers to the base of the vocabulary's size, ascending."""

    keys: Ints
    counts: Floats
    discounted: Floats

    def where(self, kept: npt.NDArray[np.bool_]) -> _Grams:
        return _Grams(self.keys[kept], self.counts[kept], self.discounted[kept])


def read_wiki(path: Path) -> Corpus:
    """Paragraphs of .txt.xz, one a line."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return Corpus(_tokens(map(normalise, lines)), 0.5)


def read_parallel(path: Path) -> tuple[Corpus, Corpus]:
    """The Vietnamese and the English side of .tsv.xz with source, English, Vietnamese."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines]
    rows = [row for row in rows if _SKIPPED_SOURCE not in row[0]]
    english, vietnamese = (_tokens(normalise(row[side]) for row in rows) for side in (1, 2))
    return Corpus(vietnamese, 2.0), Corpus(english, 0.3)


def read_paraphrases(paths: Iterable[Path]) -> Corpus:
    """FAQs and utterances of .jsonl, as the text path leaves them; those without marks left out."""
    lexicon = Lexicon.load()
    lines = (line for path in paths for line in path.read_text(encoding="utf-8").splitlines())
    groups = map(json.loads, lines)
    texts = (text for group in groups for text in (group["faq"], *group["utterances"]))
    plain = (lexicon.expand(restore(normalise(text))) for text in texts)
    return Corpus(_tokens(filter(_is_marked, plain)), 20.0)


def build(corpora: Sequence[Corpus]) -> bytes:
    """The model file of `service.text.syllable_model`."""
    totals: defaultdict[str, float] = defaultdict(float)
    for corpus in corpora:
        for token, count in Counter(corpus.tokens).items():
            totals[token] += count * corpus.weight
    words = _vocabulary(totals)
    listed = frozenset(words)
    foreign = [
        token
        for token, count in totals.items()
        if count >= _MIN_FOREIGN and _is_foreign(token) and token not in listed
    ]
    ids = {word: i for i, word in enumerate(words)}
    streams = [(_encode(corpus.tokens, ids), corpus.weight) for corpus in corpora]
    tensors = _pack(len(words), *(_count(streams, len(words), order) for order in (1, 2, 3)))
    tensors["words"] = _text_array(words[OTHER + 1 :])
    tensors["foreign"] = _text_array(sorted(foreign))
    return save(tensors)


def main(argv: Sequence[str] | None = None) -> None:
    """`python -m service.train.spelling --wiki … --parallel … --paraphrases … --out …`."""
    parser = argparse.ArgumentParser(description="Builds the speller's syllable model.")
    parser.add_argument("--wiki", type=Path, required=True)
    parser.add_argument("--parallel", type=Path, required=True)
    parser.add_argument("--paraphrases", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(argv)
    corpora = (
        read_wiki(given.wiki),
        *read_parallel(given.parallel),
        read_paraphrases(given.paraphrases),
    )
    given.out.write_bytes(build(corpora))


def _tokens(texts: Iterable[str]) -> list[str]:
    tokens = [_LINE_END]
    for text in texts:
        tokens += _TOKEN.findall(text.lower())
        tokens.append(_LINE_END)
    return tokens


def _is_marked(text: str) -> bool:
    words = [token for token in _TOKEN.findall(text) if token.isalpha()]
    return sum(map(has_marks, words)) >= _MARKED_ENOUGH * len(words)


def _vocabulary(totals: Mapping[str, float]) -> list[str]:
    """The three classes, then the syllables and the English words that look like one."""
    valid, plain = frozenset(syllables().values()), plain_syllables()
    listed = [
        token
        for token, count in totals.items()
        if (token in valid and count >= _MIN_SYLLABLE) or (token in plain and count >= _MIN_ENGLISH)
    ]
    return [_LINE_END, "0", "?", *sorted(listed, key=lambda token: (-totals[token], token))]


def _is_foreign(token: str) -> bool:
    """A marked word that is no syllable is a slip, however often it was made."""
    return token.isalpha() and not has_marks(token) and token not in plain_syllables()


def _encode(tokens: list[str], ids: dict[str, int]) -> Ints:
    seen = {token: ids.get(token, _class_of(token)) for token in set(tokens)}
    return np.fromiter(map(seen.__getitem__, tokens), np.int64, len(tokens))


def _class_of(token: str) -> int:
    return NUMBER if token[0].isdigit() else OTHER if token[0].isalpha() else BREAK


def _count(streams: Sequence[tuple[Ints, float]], size: int, order: int) -> _Grams:
    keys, counts, discounted = [], [], []
    for ids, weight in streams:
        found, count = np.unique(_windows(ids, size, order), return_counts=True)
        keys.append(found)
        counts.append(count * weight)
        discounted.append((count - _DISCOUNT) * weight)
    merged, at = np.unique(np.concatenate(keys), return_inverse=True)
    counted, left = (_sums(at, np.concatenate(values)) for values in (counts, discounted))
    return _Grams(merged, counted, left)


def _windows(ids: Ints, size: int, order: int) -> Ints:
    if order == 1:
        return ids
    if order == 2:
        return ids[:-1] * size + ids[1:]
    keys = (ids[:-2] * size + ids[1:-1]) * size + ids[2:]
    return np.asarray(keys[ids[1:-1] != BREAK])  # what lies before a break says nothing


def _pack(size: int, ones: _Grams, twos: _Grams, threes: _Grams) -> dict[str, _Array]:
    single = np.full(size, 0.1)
    single[ones.keys] += ones.counts
    single /= single.sum()
    seen = _sums(twos.keys // size, twos.counts, size)
    twos = twos.where(twos.counts >= _MIN_PAIR)
    first, second = twos.keys // size, twos.keys % size
    left = _left_over(seen, _sums(first, twos.discounted, size))
    pair = twos.discounted / seen[first] + left[first] * single[second]

    contexts, at = np.unique(threes.keys // size, return_inverse=True)
    seen = _look_up(contexts, _sums(at, threes.counts), twos.keys)
    threes = threes.where((threes.counts >= _MIN_TRIPLE) & np.isin(threes.keys // size, twos.keys))
    start = np.searchsorted(twos.keys, threes.keys // size)
    pair_left = _left_over(seen, _sums(start, threes.discounted, len(twos.keys)))
    low = threes.keys % (size * size)
    shorter = _look_up(twos.keys, pair, low)
    shorter = np.where(shorter > 0, shorter, left[low // size] * single[low % size])
    triple = threes.discounted / seen[start] + pair_left[start] * shorter
    return {
        "cost": _cost(single),
        "backoff": _cost(left),
        "pair_counts": np.bincount(first, minlength=size).astype(np.uint16),
        "pair_next": second.astype(np.uint16),
        "pair_cost": _cost(pair),
        "pair_backoff": _cost(pair_left),
        "triple_counts": np.bincount(start, minlength=len(twos.keys)).astype(np.uint16),
        "triple_next": (threes.keys % size).astype(np.uint16),
        "triple_cost": _cost(triple),
    }


def _sums(groups: Ints, values: Floats, size: int = 0) -> Floats:
    return np.bincount(groups, values, size).astype(np.float64)


def _left_over(seen: Floats, used: Floats) -> Floats:
    """The share of a context that is left to shorter ones; all of it where nothing was seen."""
    return np.where(seen > 0, (seen - used + 1e-6) / np.maximum(seen, 1e-6), 1.0)


def _look_up(keys: Ints, values: Floats, wanted: Ints) -> Floats:
    """The values of the wanted keys; 0 for one that is not there."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0.0)


def _cost(probability: Floats) -> npt.NDArray[np.uint8]:
    nats = -np.log(np.minimum(probability, 1.0))
    return np.asarray(np.minimum(np.rint(nats * UNITS_PER_NAT), 255), np.uint8)


def _text_array(words: Iterable[str]) -> npt.NDArray[np.uint8]:
    return np.frombuffer("\n".join(words).encode(), np.uint8)


if __name__ == "__main__":
    main()
