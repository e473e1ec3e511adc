"""Word segmentation with pyvi's model: a linear-chain CRF with the labels B_W and I_W.

pyvi builds a dictionary of features per token and crosses into C for each question. Its features
are few, so here its weights are summed per word once and kept, and the best labelling is found by
the same Viterbi recursion over the difference of the two labels. The output is pyvi's own, several
times faster, safe to use from many threads, and scikit-learn (which pyvi imports only to unpickle
its model) stays out of the process.
"""

from __future__ import annotations

import codecs
import io
import pickle
import re
import string
import threading
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

from service.text.crf import Moves, labelled, read_weights
from service.text.diacritics import has_marks

# pyvi's token pattern, alternatives in its order.
_TOKEN = re.compile(
    r"[A-ZĐ]+\.|Tp\.|Mr\.|Mrs\.|Ms\.|Dr\.|ThS\.|==>|->|\.\.\.|>>|\n"
    r"|\w+://[^\s]+|[a-zA-Z0-9_.+-]+@(?:[a-zA-Z0-9-]+\.)+[a-zA-Z0-9-]+"
    r"|\d+(?:[\.,_]\d+)+|[^\w\s]|\w+"
)
_SIMPLE_TOKEN = re.compile(r"\w+|[^\w\s]")  # the same for text without any of:
_SPECIAL = re.compile(r"[.@>\n]|://|\d[,_]\d")


@dataclass(frozen=True, slots=True)
class _Word:
    """A token with its summed weights for I_W over B_W."""

    text: str
    lower: str
    own: float
    after: float  # what it adds to the token on its right
    before: float  # what it adds to the token on its left
    joins: bool  # neither punctuation nor a number
    title: bool


class _Model:
    """pyvi's weights and word lists. Immutable once built."""

    def __init__(self, folder: Path) -> None:
        states, moves = _read_weights((folder / "pyvi3.pkl").read_bytes())
        self._weights = states
        self._bigram = states["-1:word.bi_gram()"], states["+1:word.bi_gram()"]
        self._trigram = states["-2:word.tri_gram()"], states["+2:word.tri_gram()"]
        self._moves = moves
        lines = (folder / "words.txt").read_text(encoding="utf-8").split("\n")
        self._bigrams = frozenset(line for line in lines if line.count(" ") == 1)
        self._trigrams = frozenset(line for line in lines if line.count(" ") == 2)
        self._openings = frozenset(line.rpartition(" ")[0] for line in self._trigrams)
        self._word = lru_cache(maxsize=65536)(self._weigh)

    def _weigh(self, text: str) -> _Word:
        weight, lower = self._weights.get, text.lower()
        shape = {"istitle()": text.istitle(), "isupper()": text.isupper()}

        def total(prefix: str) -> float:
            flags = sum(weight(f"{prefix}word.{k}", 0.0) for k, holds in shape.items() if holds)
            return weight(f"{prefix}word.lower():{lower}", 0.0) + flags

        own = total("") + weight("bias", 0.0)
        own += weight("word.isdigit()", 0.0) if text.isdigit() else 0.0
        joins = text not in string.punctuation and not text[0].isdigit()
        return _Word(text, lower, own, total("-1:"), total("+1:"), joins, text[0].istitle())

    def segment(self, text: str) -> str:
        """The tokens of the text, those of one word joined by "_"."""
        pattern = _TOKEN if _SPECIAL.search(text) else _SIMPLE_TOKEN
        words = list(map(self._word, pattern.findall(text)))
        if not words:
            return text
        inside = labelled(self._scores(words), self._moves)
        pieces = [words[0].text]
        for left, right, joined in zip(words, words[1:], inside[1:], strict=False):
            ok = joined and right.joins and left.joins and not (right.title and not left.title)
            pieces.append("_" if ok else " ")
            pieces.append(right.text)
        return "".join(pieces)

    def _scores(self, words: list[_Word]) -> list[float]:
        """Per token, how much its own features favour I_W over B_W."""
        scores = [words[0].own]
        before = ""  # the pair of words before this one
        for left, right in pairwise(words):
            score = right.own + left.after
            scores[-1] += right.before
            pair = f"{left.lower} {right.lower}"
            if pair in self._bigrams:
                score += self._bigram[0]
                scores[-1] += self._bigram[1]
            if before in self._openings and f"{before} {right.lower}" in self._trigrams:
                score += self._trigram[0]
                scores[-2] += self._trigram[1]
            scores.append(score)
            before = pair
        return scores


class PyviSegmenter:
    """The Segmenter port over pyvi's model, read at first use. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: _Model | None = None
        self.version = f"pyvi-{version('pyvi')}"

    def warm(self) -> None:
        """Read the model now (some 50 ms), so that the first question does not wait for it."""
        with self._lock:
            if self._model is None:
                self._model = _Model(_models_folder())

    def segment(self, text: str, /) -> str:
        """`học phí` → `học_phí`; text without marks is left as it is: pyvi joins it at random."""
        if not has_marks(text):
            return text
        if self._model is None:
            self.warm()
        assert self._model is not None  # noqa: S101 - warm() has just set it
        return self._model.segment(text)


def _models_folder() -> Path:
    spec = find_spec("pyvi")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pyvi is not installed: pip install pyvi")
    return Path(spec.origin).parent / "models"


class _Record:
    """Stands in for every class of a pickle: keeps the state it is given, runs nothing."""

    def __init__(self, *_: object) -> None:
        self.state: Any = None

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Inert(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> Any:
        return codecs.encode if (module, name) == ("_codecs", "encode") else _Record  # bytes


def _read_weights(pickled: bytes) -> tuple[dict[str, float], Moves]:
    """(feature → weight for I_W minus weight for B_W, moves BB, BI, IB, II)."""
    import pycrfsuite

    estimator = _Inert(io.BytesIO(pickled)).load()
    tagger = pycrfsuite.Tagger()
    tagger.open_inmemory(estimator.state["modelfile"].state["__FILE_RESOURCE_DATA__"])
    return read_weights(tagger, "I_W", "B_W")
