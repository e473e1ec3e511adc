"""The built-in reranker: a learned sum over explainable features. Nothing to download."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice
from typing import Protocol
from weakref import WeakKeyDictionary

import numpy as np

from service.domain import Candidate, FloatArray, PreparedText
from service.errors import BadInput
from service.models.late_interaction import TokenEncoder, Words
from service.models.ranker.features import NAMES, Contender, Features, features
from service.models.ranker.reading import Reading, entities
from service.ports import Encoder

NAME = "built-in"
WEIGHTS = "weights.json"
_KNOWN_TEXTS = 2_000  # kept for each index, some 20 kB each
_MAX_TEXTS = 12  # of one FAQ: the one that matched, its question, and the first alternates


class Model(Protocol):
    """What makes one number of a candidate's features."""

    def predict(self, found: Features, /) -> FloatArray:
        """(n,) float32, higher is better. found: (n, len(NAMES))."""
        ...


@dataclass(frozen=True, slots=True)
class Linear:
    """A weighted sum. Differences of sums are logarithms of odds, as it was fitted."""

    weights: Mapping[str, float]  # features that are not named count nothing

    def predict(self, found: Features, /) -> FloatArray:
        """See Model."""
        weights = np.array([self.weights.get(name, 0.0) for name in NAMES])
        scores: FloatArray = (found @ weights).astype(np.float32)
        return scores


class BuiltInReranker:
    """A Reranker over the words of the encoder that found the candidates. Thread-safe."""

    name = NAME

    def __init__(self, model: Model, prepare: Callable[[str], PreparedText]) -> None:
        """`prepare` is the text path, for texts come as they are stored."""
        self._model = model
        self._prepare = prepare
        self._readings: WeakKeyDictionary[Encoder, _Readings] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def score(
        self, question: PreparedText, candidates: Sequence[Candidate], encoder: Encoder, /
    ) -> FloatArray:
        """(n,) float32, higher is better. Raises BadInput for an encoder without word vectors."""
        return self.explain(question, candidates, encoder)[0]

    def explain(
        self, question: PreparedText, candidates: Sequence[Candidate], encoder: Encoder, /
    ) -> tuple[FloatArray, list[Mapping[str, float]]]:
        """The scores, and the features of each candidate by name. Raises as `score` does."""
        if not candidates:
            return np.zeros(0, dtype=np.float32), []
        found = self.features(question, candidates, encoder)
        return self._model.predict(found), [
            dict(zip(NAMES, row, strict=True)) for row in found.tolist()
        ]

    def features(
        self, question: PreparedText, candidates: Sequence[Candidate], encoder: Encoder
    ) -> Features:
        """(n, len(NAMES)) of at least one candidate."""
        if not isinstance(encoder, TokenEncoder):
            raise BadInput(f"{NAME} needs vectors of words, which {encoder.name} does not give.")
        with self._lock:
            readings = self._readings.setdefault(encoder, _Readings(self._prepare))
            contenders = [readings.contender(candidate, encoder) for candidate in candidates]
            return features(Reading(question.plain, encoder.words(question)), contenders)


class _Readings:
    """Texts as they were read last time, through one encoder, which it must not keep alive."""

    def __init__(self, prepare: Callable[[str], PreparedText]) -> None:
        self._prepare = prepare
        self._known: OrderedDict[str, Reading] = OrderedDict()

    def of(self, text: str, encoder: TokenEncoder) -> Reading:
        found = self._known.get(text)
        if found is None:
            prepared = self._prepare(text)
            found = self._known[text] = Reading(prepared.plain, encoder.words(prepared))
            if len(self._known) > _KNOWN_TEXTS:
                self._known.popitem(last=False)
        self._known.move_to_end(text)
        return found

    def contender(self, candidate: Candidate, encoder: TokenEncoder) -> Contender:
        faq = candidate.faq
        chosen = islice(dict.fromkeys((candidate.matched_text, *faq.texts)), _MAX_TEXTS)
        texts = [self.of(text, encoder) for text in chosen]
        words = Words(
            np.concatenate([text.words.vectors for text in texts]),
            np.concatenate([text.words.weights for text in texts]),
        )
        says = entities(faq.answer).union(*(text.entities for text in texts))
        return Contender(candidate.similarity, texts[0], words, says)


def open_built_in_reranker(prepare: Callable[[str], PreparedText]) -> BuiltInReranker:
    """With the weights that ship in this package."""
    text = files(__package__).joinpath(WEIGHTS).read_text(encoding="utf-8")
    return BuiltInReranker(Linear(json.loads(text)["weights"]), prepare)
