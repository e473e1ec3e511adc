"""From raw texts to what a model reads."""

from __future__ import annotations

from service.domain import PreparedText
from service.models.profiles import Profile
from service.text.courtesy import Courtesies
from service.text.lexicon import Lexicon
from service.text.noise import NoiseKind, add_noise
from service.text.path import TextPath
from service.text.segment import PyviSegmenter
from service.text.spelling import Speller

_MAX_CHARS = 1000


def text_path() -> TextPath:
    """The one that serves, with the built-in lexicon."""
    return TextPath(
        PyviSegmenter(), Lexicon.load(), Speller.load(), Courtesies.load(), max_chars=_MAX_CHARS
    )


class Wording:
    """Texts as one model wants them: segmented or plain, with its prefix."""

    def __init__(self, text: TextPath, profile: Profile) -> None:
        self.path = text
        self._segmented, self._prefix = profile.segmented, profile.prefix
        self._known: dict[str, PreparedText] = {}  # a stored question stands in many rows

    def prepare(self, raw: str) -> PreparedText:
        """Raises BadInput for a text that is empty after normalising."""
        if raw not in self._known:
            self._known[raw] = self.path.prepare(raw)
        return self._known[raw]

    def write(self, raw: str, noise: NoiseKind = NoiseKind.NONE) -> str:
        """Raises BadInput for a text that is empty after normalising."""
        text = self.prepare(add_noise(raw, noise, seed=0))
        return self._prefix + (text.segmented if self._segmented else text.plain)
