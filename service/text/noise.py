"""Spoils clean questions the way people do when they type: for evaluation and for training."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from enum import StrEnum
from functools import cache
from importlib.resources import files

from service.text.diacritics import fold, has_marks
from service.text.syllables import TONES

_WORD = re.compile(r"[^\W\d_]+")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    key: row[max(at - 1, 0) : at] + row[at + 1 : at + 2]
    for row in _ROWS
    for at, key in enumerate(row)
}
_TONE_OF = {mark: key for key, mark in TONES.items() if mark}
_SHAPE_KEYS = {"\u0302": None, "\u0306": "w", "\u031b": "w"}  # None: the vowel once more


class NoiseKind(StrEnum):
    """What happens to the text."""

    NONE = "none"
    NO_MARKS = "no-marks"
    TEENCODE = "teencode"
    TYPO = "typo"
    TELEX = "telex"


def add_noise(text: str, kind: NoiseKind | str, seed: int) -> str:
    """The text as if typed carelessly; a pure function of its arguments.

    no-marks folds; teencode shortens about 60 % of the words that have a short form and drops the
    marks of one word in six; typo spoils one word in six, at least one; telex leaves the keys of a
    third of the marked words, at least one. Raises ValueError for an unknown kind.
    """
    kind = NoiseKind(kind)
    rng = random.Random(f"{kind}:{seed}:{text}")  # noqa: S311 - noise, not secrets
    match kind:
        case NoiseKind.NONE:
            return text
        case NoiseKind.NO_MARKS:
            return fold(text)
        case NoiseKind.TEENCODE:
            return _teencode(text, rng)
        case NoiseKind.TYPO:
            return _some_words(text, rng, 1 / 6, lambda word: len(word) > 1, _misspell)
        case NoiseKind.TELEX:
            return _some_words(text, rng, 1 / 3, has_marks, lambda word, _: telex_keys(word))


def telex_keys(word: str, *, in_place: bool = False) -> str:
    """The Telex keys of a word: `học` → `hocj`, with in_place `hojc`. Case is kept."""
    keys, tone = "", ""
    for letter in unicodedata.normalize("NFC", word):
        base, *marks = list(unicodedata.normalize("NFD", letter))
        shape = next((_SHAPE_KEYS[m] or base for m in marks if m in _SHAPE_KEYS), "")
        own_tone = next((_TONE_OF[m] for m in marks if m in _TONE_OF), "")
        keys += "dd" if base == "đ" else "Dd" if base == "Đ" else base + shape.lower()
        keys, tone = (keys + own_tone, tone) if in_place else (keys, tone or own_tone)
    keys += tone
    return keys.upper() if len(word) > 1 and word.isupper() else keys


def _some_words(
    text: str,
    rng: random.Random,
    share: float,
    fits: Callable[[str], bool],
    change: Callable[[str, random.Random], str],
) -> str:
    """Change that share of the fitting words, at least one, wherever they stand."""
    words = [match for match in _WORD.finditer(text) if fits(match[0])]
    count = min(len(words), max(1, round(share * len(words))))
    chosen = {match.start() for match in rng.sample(words, count)}
    return _WORD.sub(lambda m: change(m[0], rng) if m.start() in chosen else m[0], text)


@cache
def _short_forms() -> tuple[re.Pattern[str], dict[str, list[str]]]:
    lines = files("service.text").joinpath("noise.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if "\t" in line]
    forms = {phrase.lower(): short.split("|") for phrase, short in rows}
    longest_first = sorted(forms, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(longest_first)})\b", re.IGNORECASE), forms


def _teencode(text: str, rng: random.Random) -> str:
    pattern, forms = _short_forms()

    def shorten(match: re.Match[str]) -> str:
        return rng.choice(forms[match[0].lower()]) if rng.random() < 0.6 else match[0]

    return _some_words(pattern.sub(shorten, text), rng, 1 / 6, has_marks, lambda w, _: fold(w))


def _misspell(word: str, rng: random.Random) -> str:
    slips = [_adjacent, _drop, _double, _swap] + ([_wrong_tone] if has_marks(word) else [])
    return rng.choice(slips)(word, rng)


def _adjacent(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    near = _NEIGHBOURS.get(fold(word[at]).lower(), word[at])
    return word[:at] + rng.choice(near) + word[at + 1 :]


def _drop(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    return word[:at] + word[at + 1 :]


def _double(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word))
    return word[: at + 1] + word[at:]


def _swap(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def _wrong_tone(word: str, rng: random.Random) -> str:
    """Another tone on the same vowel, or none; a word whose marks are all shapes loses them."""
    marks = unicodedata.normalize("NFD", word)
    tone = next((mark for mark in marks if mark in _TONE_OF), None)
    if tone is None:
        return fold(word)
    others = [mark for mark in TONES.values() if mark != tone]
    return unicodedata.normalize("NFC", marks.replace(tone, rng.choice(others)))
