"""Teencode and abbreviations written out: `đkhp ko đc` → `đăng ký học phần không được`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files

from service.errors import BadInput
from service.text.diacritics import fold
from service.text.normalise import normalise
from service.text.syllables import plain_syllables

_WORD = re.compile(r"(?<![^\W_])(?<!\w[.@_])[^\W_]++(?![@_]|\.\w)")  # none of an address
_GLUED = re.compile(r"(\d+)([^\W\d_]+)")
_CLAUSE_END = re.compile(r"\s*(?:[^\w\s]|$)")
_NEAR = 4  # tokens on either side
_MAX_CHARS = 64


@dataclass(frozen=True, slots=True)
class _Entry:
    """One reading of a short form. Context words are there with their marks and without."""

    short: tuple[str, ...]  # its tokens, lower case
    full: str
    near: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()  # one of them directly precedes it
    after: frozenset[str] = frozenset()
    at_end: bool = False

    @property
    def always(self) -> bool:
        return not (self.near or self.before or self.after or self.at_end)


class _Tokens:
    """The tokens of one text, and whether an entry fits among them."""

    def __init__(self, text: str, words: list[str]) -> None:
        self.text = text
        self.words = words
        self.matches = list(_WORD.finditer(text))

    def holds(self, entry: _Entry, start: int) -> bool:
        """Whether the entry matches from token `start` on, and its context is there."""
        end = start + len(entry.short)
        if len(entry.short) > 1 and tuple(self.words[start:end]) != entry.short:
            return False
        if entry.always:
            return True
        left, right = self.words[max(start - _NEAR, 0) : start], self.words[end : end + _NEAR]
        if left and left[-1].isdigit() and self._touching(start):
            return "#" in entry.before
        return (
            (bool(left) and left[-1] in entry.before)
            or (bool(right) and right[0] in entry.after)
            or not entry.near.isdisjoint(left)
            or not entry.near.isdisjoint(right)
            or (
                entry.at_end
                and _CLAUSE_END.match(self.text, self.matches[end - 1].end()) is not None
            )
        )

    def _touching(self, index: int) -> bool:
        """Whether nothing but white space lies between this token and the one before."""
        return self.text[self.matches[index - 1].end() : self.matches[index].start()].isspace()


class Lexicon:
    """Short forms with their readings. Immutable; load the built-in one with `Lexicon.load()`."""

    def __init__(self, entries: Iterable[_Entry]) -> None:
        self._entries = tuple(entries)
        self._by_first = _index(self._entries)
        digest = hashlib.sha256()
        for e in self._entries:
            parts = (e.short, e.full, sorted(e.near), sorted(e.before), sorted(e.after), e.at_end)
            digest.update(repr(parts).encode())
        self.version = digest.hexdigest()[:16]

    @classmethod
    def load(cls) -> Lexicon:
        """The lexicon of lexicon.tsv, whose header says what a line means."""
        lines = files("service.text").joinpath("lexicon.tsv").read_text(encoding="utf-8")
        rows = [line.split("\t") for line in lines.splitlines()]
        return cls(_parse(row) for row in rows if len(row) > 1)

    def with_additions(self, entries: Mapping[str, str]) -> Lexicon:
        """A lexicon in which a set's own short → full forms win over the built-in ones.

        A short form may have several words. Raises BadInput that names the wrong entry: empty,
        over 64 characters, or one that leads back to itself.
        """
        added = {}
        for short, full in entries.items():
            entry = _addition(short, full)
            added[entry.short] = entry
        _refuse_loops(added)
        return Lexicon([*added.values(), *(e for e in self._entries if e.short not in added)])

    def __contains__(self, word: str) -> bool:
        """Whether a short form begins with this token, in lower case."""
        return word in self._by_first

    def expand(self, text: str) -> str:
        """The text with its short forms written out; punctuation and other words as they were."""
        words = list(map(str.lower, _WORD.findall(text)))
        places = [i for i, word in enumerate(words) if word in self._by_first or word[0].isdigit()]
        if not places:
            return text
        tokens = _Tokens(text, words)
        pieces: list[str] = []
        copied = done = 0  # characters and tokens dealt with
        for index in places:
            if index >= done and (found := self._reading(tokens, index)):
                full, length = found
                first, last = tokens.matches[index], tokens.matches[index + length - 1]
                pieces += text[copied : first.start()], _cased(full, first[0])
                copied = last.end()
                done = index + length
        return "".join([*pieces, text[copied:]])

    def _reading(self, tokens: _Tokens, index: int) -> tuple[str, int] | None:
        """The full form from this token on, and how many tokens it stands for."""
        word = tokens.words[index]
        for entry in self._by_first.get(word, ()):
            if tokens.holds(entry, index):
                return entry.full, len(entry.short)
        if word[0].isdigit() and (glued := _GLUED.fullmatch(word)):
            for entry in self._by_first.get(f"#{glued[2]}", ()):
                return entry.full.replace("#", glued[1]), 1
        return None


def _cased(full: str, typed: str) -> str:
    """`Ko` → `Không`; `SV` and `sv` → `sinh viên`."""
    return full[0].upper() + full[1:] if typed.istitle() and len(typed) > 1 else full


def _parse(row: list[str]) -> _Entry:
    context = f"{row[2]} {fold(row[2])}".lower().split() if len(row) > 2 else []
    return _Entry(
        short=(row[0],),
        full=row[1],
        near=frozenset(word for word in context if word[0] not in "<>$"),
        before=frozenset(word[1:] for word in context if word[0] == "<"),
        after=frozenset(word[1:] for word in context if word[0] == ">"),
        at_end="$" in context,
    )


def _index(entries: tuple[_Entry, ...]) -> dict[str, tuple[_Entry, ...]]:
    """First token → its entries, longest first, else in order; unmarked typing included."""
    index: dict[str, list[_Entry]] = {}
    taken = {entry.short for entry in entries}
    for entry in entries:
        index.setdefault(entry.short[0], []).append(entry)
        bare = tuple(map(fold, entry.short))
        if bare not in taken and not (len(bare) == 1 and bare[0] in plain_syllables()):
            unmarked = _Entry(bare, entry.full, entry.near, entry.before, entry.after, entry.at_end)
            index.setdefault(bare[0], []).append(unmarked)
    return {
        first: tuple(sorted(found, key=lambda entry: -len(entry.short)))
        for first, found in index.items()
    }


def _addition(short: str, full: str) -> _Entry:
    name = f"Abbreviation {short!r} → {full!r}"
    words = tuple(_WORD.findall(normalise(short).lower()))
    if not words or not normalise(full):
        raise BadInput(f"{name}: both sides need at least one letter or digit.")
    if max(len(short), len(full)) > _MAX_CHARS:
        raise BadInput(f"{name}: shorten it, a side holds at most {_MAX_CHARS} characters.")
    return _Entry(words, normalise(full))


def _refuse_loops(added: Mapping[tuple[str, ...], _Entry]) -> None:
    """Raises BadInput when writing an entry out brings it up again, directly or by others."""
    contains = {short: _short_forms(entry.full, added) for short, entry in added.items()}
    for start in added:
        seen, waiting = set(), list(contains[start])
        while waiting:
            if (current := waiting.pop()) == start:
                raise BadInput(
                    f"Abbreviation {' '.join(start)!r} → {added[start].full!r}: it leads back to "
                    "itself. Remove it, or the entry that its full form contains."
                )
            if current not in seen:
                seen.add(current)
                waiting += contains[current]


def _short_forms(full: str, added: Mapping[tuple[str, ...], _Entry]) -> list[tuple[str, ...]]:
    words = tuple(_WORD.findall(full.lower()))
    spans = {
        words[start:end] for start in range(len(words)) for end in range(start + 1, len(words) + 1)
    }
    return [span for span in spans if span in added]
