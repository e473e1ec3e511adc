"""One stable way to see two spellings as one: without marks, case and punctuation."""

from __future__ import annotations

import re
import unicodedata

_MARKS = re.compile(r"[\u0300-\u036f]")
_NOT_WORD = re.compile(r"[\W_]+")


def squash(text: str) -> str:
    """Lower case, words parted by one space, no punctuation: `Học  phí?` → `học phí`."""
    return _NOT_WORD.sub(" ", unicodedata.normalize("NFC", text).casefold()).strip()


def fold(text: str) -> str:
    """`squash` without marks: `Học phí?` → `hoc phi`."""
    bare = _MARKS.sub("", unicodedata.normalize("NFD", text.casefold()))
    return _NOT_WORD.sub(" ", unicodedata.normalize("NFC", bare).replace("đ", "d")).strip()
