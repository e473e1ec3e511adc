"""Where a message falls apart: people put several questions, or a story and a question, in one."""

from __future__ import annotations

import re

from service.text.normalise import normalise

_BETWEEN = re.compile(
    r"[?!;…]+|\.+(?=\s|$)"
    r"|\b(?:v[àa]|v[ớo]i l[ạa]i|ngo[àa]i ra|c[òo]n n[ữu]a|[đd][ồo]ng th[ờo]i|nh[âa]n ti[ệe]n"
    r"|ti[ệe]n th[ểe]|[àa] m[àa])\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_FEWEST_WORDS = 2


def parts_of(message: str) -> list[str]:
    """The parts of two words or more, each normalised, in order; none for a message of one part.

    Split at the ends of sentences and lines, and at words that put one question after another.
    """
    pieces = [piece for line in message.splitlines() for piece in _BETWEEN.split(normalise(line))]
    parts = [piece.strip(" ,") for piece in pieces if len(_WORD.findall(piece)) >= _FEWEST_WORDS]
    return parts if len(parts) > 1 else []
