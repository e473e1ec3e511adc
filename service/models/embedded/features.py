"""What the embedded encoder sees of a text: hashed words, syllables and letters.

Each kind is a view that survives another way of typing: words with marks tell `dương` from
`đường`; folded syllables and their pairs survive missing marks; letter trigrams survive slips.
A feature is the CRC-32 of its kind and text, so no dictionary of strings is needed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

from service.text.diacritics import fold

VERSION = "1"  # raise it whenever a text could get other features

_WORD = re.compile(r"[^\W_]+(?:_[^\W_]+)*")
_LETTERS = 3


def features(segmented: str) -> list[int]:
    """Feature ids in [0, 2³²) of a text whose words are joined by "_"; repeats are kept."""
    found: list[int] = []
    syllables: list[str] = []
    for own, folded in map(of_word, words(segmented)):
        found += own
        syllables += folded
    return found + of_pairs(syllables)


def features_by_word(segmented: str) -> list[list[int]]:
    """The same, for each word in order; a pair across two words belongs to both."""
    found: list[list[int]] = []
    before: list[str] = []  # last syllable of the word before
    for own, folded in map(of_word, words(segmented)):
        pairs = of_pairs([*before, *folded])
        if before:
            found[-1].append(pairs[0])
        found.append([*own, *pairs])
        before = [folded[-1]]
    return found


def words(segmented: str) -> list[str]:
    """Lower-case words of a text, syllables joined by "_"."""
    return _WORD.findall(segmented.lower())


@lru_cache(maxsize=1 << 16)
def of_word(word: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Features of one word alone, and its folded syllables."""
    folded = fold(word)
    found = [_hash("w", word)] if "_" in word and folded != word else []
    plain = tuple(folded.split("_"))
    found += [_hash("m", m) for m, s in zip(word.split("_"), plain, strict=True) if m != s]
    for syllable in plain:
        found.append(_hash("s", syllable))
        padded = f"^{syllable}$"
        starts = range(len(padded) - _LETTERS + 1)
        found += [_hash("c", padded[at : at + _LETTERS]) for at in starts if len(padded) > _LETTERS]
    return tuple(found), plain


def of_pairs(syllables: list[str]) -> list[int]:
    """Features of neighbouring syllables: faster to work out than to remember."""
    return [_hash("b", f"{first} {second}") for first, second in pairwise(syllables)]


def _hash(kind: str, text: str) -> int:
    return crc32(f"{kind}:{text}".encode())
