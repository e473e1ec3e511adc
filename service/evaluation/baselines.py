"""The lexical rankers that an encoder has to beat. Every text of an FAQ is a row; best row wins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from service.domain import Faq
from service.evaluation.ranking import Ranker, Ranking
from service.text.diacritics import fold

BaselineName = Literal["bm25", "tfidf"]

_SYLLABLE = re.compile(r"\w+(?:[-./]\w+)*")  # "covid-19" and "08/2021" are one


def baseline(name: BaselineName, faqs: Sequence[Faq]) -> Ranker:
    """The named baseline over these FAQs."""
    return Bm25(faqs) if name == "bm25" else Tfidf(faqs)


class _Rows:
    """Which FAQ every row belongs to."""

    def __init__(self, faqs: Sequence[Faq]) -> None:
        self.texts = [text for faq in faqs for text in faq.texts]
        self._owners = np.repeat(np.arange(len(faqs)), [len(faq.texts) for faq in faqs])
        self._ids = [faq.id for faq in faqs]

    def rank(self, scores: npt.NDArray[np.floating]) -> Ranking:
        """scores: (rows,). FAQs of equal score stay in the order of the file."""
        best = np.full(len(self._ids), -np.inf)
        np.maximum.at(best, self._owners, scores)
        order = np.argsort(-best, kind="stable")
        ids = tuple(self._ids[n] for n in order)
        top = float(best[order[0]])
        return Ranking(ids, tuple(best[order].tolist()), confidence=top, in_scope=top)


class Bm25:
    """BM25 (Lucene's variant, k1 1.5, b 0.75) on lower-cased syllables, marks kept."""

    name = "bm25"
    calibrated = False

    def __init__(self, faqs: Sequence[Faq]) -> None:
        import bm25s

        self._rows = _Rows(faqs)
        self._index = bm25s.BM25(k1=1.5, b=0.75)
        self._index.index([_syllables(text) for text in self._rows.texts], show_progress=False)

    def rank(self, question: str, /) -> Ranking:
        """Scores are BM25 sums, 0 where no syllable is shared."""
        known = [word for word in _syllables(question) if word in self._index.vocab_dict]
        scores = self._index.get_scores(known) if known else np.zeros(len(self._rows.texts))
        return self._rows.rank(scores)


class Tfidf:
    """Cosine of TF-IDF over character 2- to 5-grams within words, marks folded."""

    name = "tfidf"
    calibrated = False

    def __init__(self, faqs: Sequence[Faq]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._rows = _Rows(faqs)
        self._vectorizer = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, preprocessor=_folded
        )
        self._matrix = self._vectorizer.fit_transform(self._rows.texts)

    def rank(self, question: str, /) -> Ranking:
        """Scores are cosines in [0, 1]."""
        found = self._matrix @ self._vectorizer.transform([question]).T
        return self._rows.rank(found.toarray()[:, 0])


def _syllables(text: str) -> list[str]:
    return _SYLLABLE.findall(text.lower())


def _folded(text: str) -> str:
    return fold(text.lower())
