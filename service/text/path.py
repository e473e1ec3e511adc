"""The one text path: what is indexed, asked and learned from goes through here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from service.domain import PreparedText
from service.errors import BadInput
from service.ports import Segmenter
from service.text.courtesy import Courtesies
from service.text.diacritics import has_marks
from service.text.lexicon import Lexicon
from service.text.normalise import normalise
from service.text.spelling import Speller
from service.text.telex import restore

_RULES = "3"  # raise it whenever a rule, or the order of the steps, changes a result


class TextPath:
    """From what was typed to what encoders get.

    normalise → cap → restore Telex and VNI → expand abbreviations → mend spelling → leave out
    courtesies → segment.
    """

    def __init__(
        self,
        segmenter: Segmenter,
        lexicon: Lexicon,
        speller: Speller,
        courtesies: Courtesies,
        *,
        max_chars: int,
    ) -> None:
        self._segmenter = segmenter
        self._lexicon = lexicon
        self._speller = speller
        self._courtesies = courtesies
        self._max_chars = max_chars
        versions = (part.version for part in (lexicon, speller, courtesies, segmenter))
        parts = "\n".join((_RULES, *versions, str(max_chars)))
        self.version = hashlib.sha256(parts.encode()).hexdigest()[:16]

    def warm(self) -> None:
        """Read all tables and the segmenter's model now (some 0.2 s), before the first question."""
        self.prepare("Hoà nhập, xem ddieemr ở đâu?")

    def prepare(self, text: str) -> PreparedText:
        """Raises BadInput when nothing is left after normalising.

        `has_marks` tells how the text was typed: marks that only a written-out abbreviation or the
        speller brings do not count.
        """
        typed = restore(normalise(text)[: self._max_chars].rstrip())
        if not typed:
            raise BadInput("The text is empty: it needs at least one visible character.")
        marked = has_marks(typed)
        mended = self._speller.repair(self._lexicon.expand(typed), marked=marked)
        plain, left_out = self._courtesies.split(mended)
        return PreparedText(plain, self._segmenter.segment(plain), marked, left_out)

    def prepare_all(self, texts: Iterable[str]) -> list[PreparedText]:
        """Each text prepared, in order."""
        return [self.prepare(text) for text in texts]
