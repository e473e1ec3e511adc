"""Other ways to see the same FAQ: what adapters make their training pairs of."""

from __future__ import annotations

from service.domain import PreparedText
from service.text.diacritics import fold, has_marks

_CROP_SYLLABLES = 16
_MAX_CROPS = 12
_MIN_MARKED = 5


def folded_view(text: PreparedText) -> str:
    """The text as it would come out of the text path had it been typed without marks."""
    return fold(text.segmented).replace("_", " ")


def answer_crops(answer: PreparedText | None) -> list[str]:
    """Overlapping stretches of the answer's segmented text, at most twelve, evenly spread.

    None when it is no Vietnamese prose: a placeholder or an address teaches nothing.
    """
    if answer is None:
        return []
    words = answer.segmented.split()
    if sum(map(has_marks, words)) < _MIN_MARKED:
        return []
    last = max(0, len(words) - _CROP_SYLLABLES)
    count = min(_MAX_CROPS, 1 + last // (_CROP_SYLLABLES // 2))
    starts = [last * at // max(1, count - 1) for at in range(count)]
    return [" ".join(words[start : start + _CROP_SYLLABLES]) for start in starts]
