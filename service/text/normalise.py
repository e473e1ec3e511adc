"""One way to write each Vietnamese text, so that equal questions are equal strings."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from service.text.syllables import misspelled

# Controls, soft hyphen, zero-width, bidi, variation selectors, tags and lone surrogates. Those
# that Python counts as white space are left to the collapsing.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_LOOKALIKES = str.maketrans("ÐðƉɖ", "ĐđĐđ")
_NEEDS_MAPPING = re.compile("[ÐðƉɖ\uff01-\uff5e]")
_COMBINING = re.compile("[\u0300-\u036f]+")
_SHAPES = "\u0302\u0306\u031b"  # circumflex, breve, horn: they go on before the tone
_WORD = re.compile(r"[^\W\d_]+")
_TONED_WORD = re.compile(r"[^\W\d_]*[\u00c0-\u1ef9][^\W\d_]*")


def normalise(text: str) -> str:
    """NFC, Đ for its lookalikes, one tone placement, no invisible characters, single spaces.

    Full-width forms become ASCII; ½, ² and the like stay. Idempotent; may return "".
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    text = _INVISIBLE.sub("", text)
    if _NEEDS_MAPPING.search(text):
        text = text.translate(_FULL_WIDTH).translate(_LOOKALIKES)
    text = unicodedata.normalize("NFC", text)
    if _COMBINING.search(text):
        text = _compose(text)
    if not misspelled().keys().isdisjoint(_WORD.findall(text.lower())):  # few texts have any
        text = _TONED_WORD.sub(_respell_match, text)
    return " ".join(text.split())


def _compose(text: str) -> str:
    """Marks put in the order in which they compose; a mark that fits no letter is dropped."""
    ordered = _COMBINING.sub(_order_marks, unicodedata.normalize("NFD", text))
    bare = _COMBINING.sub("", unicodedata.normalize("NFC", ordered))
    return unicodedata.normalize("NFC", bare)


def _order_marks(match: re.Match[str]) -> str:
    marks = dict.fromkeys(match[0])  # each once
    return "".join(sorted(marks, key=lambda mark: mark not in _SHAPES))


def _respell_match(match: re.Match[str]) -> str:
    return _respell(match[0])


@lru_cache(maxsize=32768)
def _respell(word: str) -> str:
    """The word with its tone where it belongs, letter by letter in the case it had."""
    right = misspelled().get(word.lower())
    if right is None:
        return word
    return "".join(
        new.upper() if old.isupper() else new for old, new in zip(word, right, strict=True)
    )
