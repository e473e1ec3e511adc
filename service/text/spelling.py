"""Puts the marks on questions typed without them, and mends slips of the fingers.

`hoc phi nganh ke toan` → `học phí ngành kế toán`; `họpc phí` → `học phí`. The candidates of each
token form a lattice, and a model of Vietnamese syllables finds the likeliest way through. English
words, codes, numbers, names and abbreviations are fixed points of it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise, repeat
from typing import NamedTuple

from rapidfuzz.distance import OSA

from service.text.diacritics import fold
from service.text.syllable_model import OTHER, UNITS_PER_NAT, Ids, SyllableModel, best_path

_FILE = "spelling.safetensors"
# An address or a file name is one token, and so is a code: A00, office365.
_TOKEN = re.compile(r"\w++(?:(?:(?:://|[@.:#\\])\w++)++(?:[/?=&]\S*+)?)?+|[^\w\s]")
_WIDTH = 7 * UNITS_PER_NAT
_RARELY = 4 * UNITS_PER_NAT  # a syllable is bare once in fifty times or less
_SLIP = 5 * UNITS_PER_NAT  # what an edit costs
_STAY = 12 * UNITS_PER_NAT  # what an unknown word costs beyond its class
_SHORTEST_SLIP, _LONGEST_SLIP = 3, 8  # two letters with a mark on them are enough, too
_REPAIRS = 16
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    key: row[max(at - 1, 0) : at] + row[at + 1 : at + 2]
    for row in _ROWS
    for at, key in enumerate(row)
}
_LETTERS = "abcdeghiklmnopqrstuvxy"


class _Position(NamedTuple):
    """What one token may stand for."""

    ids: Ids
    own: Ids | None = None  # what each candidate costs by itself
    free: bool = False  # more than one candidate


class Speller:
    """Immutable; load the built-in one with `Speller.load()`."""

    def __init__(self, model: SyllableModel) -> None:
        self._model = model
        self.version = model.version
        self._missing_marks = self._rarely_bare()
        self._fine = (frozenset(model.ids) | model.foreign) - self._missing_marks
        self._position = lru_cache(maxsize=1 << 15)(self._find_position)

    @classmethod
    def load(cls) -> Speller:
        """The speller over the model that comes with the package."""
        content = files("service.text").joinpath(_FILE).read_bytes()
        return cls(SyllableModel(content))

    def repair(self, text: str, *, marked: bool) -> str:
        """The text with marks and slips put right; spaces, punctuation and case stay.

        marked: whether the text was typed with marks. Then only stretches without any that have a
        word in them that needs some are completed.
        """
        lower = text.lower()
        if marked and not any(map(self._suspect, set(_TOKEN.findall(lower)) - self._fine)):
            return text
        if len(lower) != len(text):  # İ: positions would differ
            return text
        matches = list(_TOKEN.finditer(text))
        opened = self._open(_TOKEN.findall(lower)) if marked else repeat(True)
        shouting = text.isupper()
        lattice = [
            self._position(match[0], may, shouting)
            for match, may in zip(matches, opened, strict=False)
        ]
        if not any(position.free for position in lattice):
            return text
        chosen = best_path(self._model, [position[:2] for position in lattice], _WIDTH)
        return self._written(text, matches, lattice, chosen)

    def _suspect(self, token: str) -> bool:
        return token in self._missing_marks or self._may_be_slip(token)

    def _may_be_slip(self, token: str) -> bool:
        return (
            _SHORTEST_SLIP - (not token.isascii()) <= len(token) <= _LONGEST_SLIP
            and token not in self._fine
            and token not in self._model.readings
            and token.isalpha()
        )

    def _rarely_bare(self) -> frozenset[str]:
        """Typed forms that hardly ever stand without marks in a text that has some."""
        ids, cost = self._model.ids, self._model.cost
        return frozenset(
            plain
            for plain, readings in self._model.readings.items()
            if plain not in ids or cost[ids[plain]] > cost[readings[0]] + _RARELY
        )

    def _open(self, tokens: list[str]) -> list[bool]:
        """Which tokens lie in a stretch without marks that has a word in need of some."""
        bare = [token.isalpha() and token.isascii() for token in tokens]
        edges = [0, *(i for i in range(1, len(bare)) if bare[i] != bare[i - 1]), len(bare)]
        opened: list[bool] = []
        for start, end in pairwise(edges):
            needs = bare[start] and not self._missing_marks.isdisjoint(tokens[start:end])
            opened += [needs] * (end - start)
        return opened

    def _find_position(self, typed: str, opened: bool, shouting: bool) -> _Position:
        token = typed.lower()
        acronym = len(typed) > 1 and typed.isupper() and not shouting
        if opened and not acronym and token.isascii():
            readings = self._model.readings.get(token, ())
            if len(readings) > 1 or (readings and self._model.words[readings[0]] != token):
                return _Position(readings, free=True)
        if not acronym and self._may_be_slip(token):
            return self._repairs(token)
        return _Position((self._model.id_of(token),))

    def _repairs(self, token: str) -> _Position:
        """The word as it is, and the syllables one edit away."""
        plain = fold(token)
        compared = fold if token == plain else str
        found = {
            i
            for near in {plain, *_edits(plain)}
            for i in self._model.readings.get(near, ())
            if OSA.distance(token, compared(self._model.words[i]), score_cutoff=1) <= 1
        }
        best = sorted(found, key=self._model.cost.__getitem__)[:_REPAIRS]
        own = (_STAY, *(_SLIP for _ in best))
        return _Position((OTHER, *best), own, free=bool(best))

    def _written(
        self, text: str, matches: list[re.Match[str]], lattice: list[_Position], chosen: list[int]
    ) -> str:
        pieces: list[str] = []
        copied = 0
        for match, position, at in zip(matches, lattice, chosen, strict=True):
            if position.free and position.ids[at] != OTHER:
                word = self._model.words[position.ids[at]]
                pieces += text[copied : match.start()], _cased(word, match[0])
                copied = match.end()
        return "".join([*pieces, text[copied:]])


def _edits(word: str) -> set[str]:
    """What was meant, if a key was hit besides, dropped, swapped with the next or missed."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    extra = {left + right[1:] for left, right in cuts if right}
    dropped = {left + letter + right for left, right in cuts for letter in _LETTERS}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    beside = {
        left + key + right[1:]
        for left, right in cuts
        if right
        for key in _NEIGHBOURS.get(right[0], "")
    }
    return extra | dropped | swapped | beside


def _cased(word: str, typed: str) -> str:
    if len(word) == len(typed):
        return "".join(
            new.upper() if old.isupper() else new for new, old in zip(word, typed, strict=True)
        )
    if typed.isupper():
        return word.upper()
    return word.capitalize() if typed[0].isupper() else word
