"""Where a message falls apart: people put several questions, or a story and a question, in one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.text.diacritics import fold
from service.text.normalise import normalise

_END = re.compile(
    r"[?!;…]+|\.+(?=\s|$)"
    r"|\b(?:v[ớo]i l[ạa]i|ngo[àa]i ra|c[òo]n n[ữu]a|[đd][ồo]ng th[ờo]i|nh[âa]n ti[ệe]n"
    r"|ti[ệe]n th[ểe]|[àa] m[àa])\b",
    re.IGNORECASE,
)
# Between two questions these part them; elsewhere they list things.
_PERHAPS = re.compile(r",(?=\s)|\bv[àa]\b", re.IGNORECASE)
_ASKING = re.compile(
    r"\b(?:bao nhieu|bn|bnh|may|nao|ntn|bao (?:gio|lau)|dau|ai|sao|gi|j"
    r"|khong|ko|k|kh|hk|hong|chua)\b"
)
_WORD = re.compile(r"\w+")
_FEWEST_WORDS = 2


def parts_of(message: str) -> list[str]:
    """The parts of two words or more, each normalised, in order; none for a message of one part.

    Split at the ends of sentences and lines, at words that put one question after another, and at
    commas and "và" between two questions.
    """
    sentences = [part for line in message.splitlines() for part in _END.split(normalise(line))]
    pieces = [piece.strip(" ,") for sentence in sentences for piece in _questions(sentence)]
    parts = [piece for piece in pieces if len(_WORD.findall(piece)) >= _FEWEST_WORDS]
    return parts if len(parts) > 1 else []


def _questions(sentence: str) -> Iterator[str]:
    start = 0
    for cut in _PERHAPS.finditer(sentence):
        if _asks(sentence[start : cut.start()]) and _asks(sentence[cut.end() :]):
            yield sentence[start : cut.start()]
            start = cut.end()
    yield sentence[start:]


def _asks(piece: str) -> bool:
    return _ASKING.search(fold(piece.lower())) is not None
