"""What can be read off one text alone, for comparing it with another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from service.models.late_interaction import Words
from service.text.diacritics import fold

_SYLLABLE = re.compile(r"\w+")
_WITH_DIGIT = re.compile(r"\b\w*\d\w*\b")
_CAPITALS = re.compile(r"\b[A-ZĐ]{2,}\b")
_PARTICLES = r"(?: (?:a|vay|nhi|the|ha|nua|he|ta|thay|ban|ad|admin))*\W*$"
# "không" at the end of a question, or before its last particles, only asks.
_NEGATED = re.compile(rf"\b(?:khong|chua|ko|chang)\b(?!{_PARTICLES})")
_KINDS = {
    "how much": r"\bbao nhieu\b|\bmay\b(?! (?:gio|tinh|anh|chieu|in|moc)\b)",
    "when": r"\b(?:khi|luc|ngay|thoi gian) nao\b|\bbao (?:gio|lau)\b|\bmay gio\b|\bthoi han\b",
    "where": r"\bo dau\b|\b(?:cho|noi|phong) nao\b|\bdia (?:chi|diem)\b",
    "who": r"\bai\b|\b(?:doi tuong|nguoi) nao\b",
    "how": r"\blam (?:sao|gi)\b|\bthe nao\b|\bcach\b|\bthu tuc\b|\bra sao\b|\bnhu nao\b",
    "why": r"\b(?:tai|vi) sao\b|\bsao lai\b|\bly do\b",
    "whether": rf"\b(?:khong|chua|ko)\b{_PARTICLES}|\bco phai\b",
}


@dataclass(frozen=True)
class Reading:
    """A text, and what is worked out of it when first asked for."""

    plain: str  # prepared
    words: Words  # of the encoder that found the candidates

    @cached_property
    def _folded(self) -> str:
        return fold(self.plain.lower())

    @cached_property
    def syllables(self) -> tuple[str, ...]:
        """In lower case without marks."""
        return tuple(_SYLLABLE.findall(self._folded))

    @cached_property
    def trigrams(self) -> frozenset[str]:
        """Three letters in a row within a syllable, its ends marked."""
        padded = (f"^{syllable}$" for syllable in self.syllables)
        return frozenset(own[at : at + 3] for own in padded for at in range(len(own) - 2))

    @cached_property
    def entities(self) -> frozenset[str]:
        """Numbers, codes and abbreviations, without marks."""
        return entities(self.plain)

    @cached_property
    def negated(self) -> bool:
        """Whether it says that something is not so."""
        return _NEGATED.search(self._folded) is not None

    @cached_property
    def kinds(self) -> frozenset[str]:
        """What kind of thing it asks for; empty where no word tells."""
        return frozenset(
            kind for kind, pattern in _KINDS.items() if re.search(pattern, self._folded)
        )


def entities(text: str) -> frozenset[str]:
    """Words with a digit, and words in capitals unless all is; folded, in lower case."""
    found = _WITH_DIGIT.findall(text) + ([] if text.isupper() else _CAPITALS.findall(text))
    return frozenset(fold(each).lower() for each in found)
