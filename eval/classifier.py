"""The usual chatbot's way to find an FAQ: a classifier with one class per FAQ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.domain import Faq
from service.evaluation.ranking import Ranking
from service.text.diacritics import fold


class IntentClassifier:
    """Multinomial logistic regression over TF-IDF of character 2- to 5-grams, marks folded.

    The same features as the TF-IDF baseline, trained on every text of every FAQ.
    """

    name = "classifier"
    calibrated = False

    def __init__(self, faqs: Sequence[Faq]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        features = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, preprocessor=_folded
        )
        # With a handful of texts for each of many classes, the library's defaults regularise too
        # much, and stop before the first step, for the mean gradient is small from the start.
        self._model = make_pipeline(features, LogisticRegression(C=30.0, max_iter=200, tol=1e-6))
        texts = [(text, faq.id) for faq in faqs for text in faq.texts]
        self._model.fit([text for text, _ in texts], [owner for _, owner in texts])

    def rank(self, question: str, /) -> Ranking:
        """Scores are probabilities of the classes."""
        found = self._model.predict_proba([question])[0]
        order = np.argsort(-found, kind="stable")
        ids = tuple(str(self._model.classes_[n]) for n in order)
        top = float(found[order[0]])
        return Ranking(ids, tuple(found[order].tolist()), confidence=top, in_scope=top)


def _folded(text: str) -> str:
    return fold(text.lower())
