"""Vietnamese diacritics: whether a text carries any, and the text without them."""

from __future__ import annotations

import re
import unicodedata

_COMBINING = re.compile("[\u0300-\u036f]+")
_MARKED = re.compile(
    "[àáâãèéêìíòóôõùúýăđĩũơưÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝĂĐĨŨƠƯ\u1ea0-\u1ef9"
    "\u0300-\u0303\u0306\u0309\u031b\u0323]"
)


def fold(text: str) -> str:
    """The text without marks, NFC: `đường` → `duong`. Case and everything else stay."""
    if text.isascii():
        return text
    bare = _COMBINING.sub("", unicodedata.normalize("NFD", text))
    return unicodedata.normalize("NFC", bare.replace("đ", "d").replace("Đ", "D"))


def has_marks(text: str) -> bool:
    """Whether any letter carries a Vietnamese tone, shape mark or stroke."""
    return not text.isascii() and _MARKED.search(text) is not None
