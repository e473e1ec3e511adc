"""What the built-in reranker judges a candidate by: a short list of numbers that mean something."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.models.late_interaction import MaxSim, PolyAttention, Words
from service.models.ranker.reading import Reading

Features = npt.NDArray[np.float64]  # (candidates, len(NAMES))

NAMES = (
    "cosine",  # of the question and the text that matched
    "margin",  # by which that is above the best other candidate's, or below it
    "maxsim",  # of the question's words against those of all texts of the FAQ
    "poly",  # the poly-encoder's attention, over the matched text
    "bm25",  # of the matched text among those of the candidates, without marks; over the best one's
    "asked_letters",  # share of the question's letter trigrams that the matched text has
    "text_letters",  # share of the matched text's letter trigrams that the question has
    "entities",  # share of the question's numbers and codes that the FAQ has; 1 where it has none
    "negation",  # 1 when both or neither of question and matched text are negated
    "kind",  # 1 when both ask for one kind of thing, or either does not say for which
    "length",  # log of the matched text's syllables
)
_K1, _B = 1.5, 0.75  # of BM25, as in eval's baseline
_MAXSIM, _POLY = MaxSim(), PolyAttention()


@dataclass(frozen=True, slots=True)
class Contender:
    """A candidate, read."""

    cosine: float
    matched: Reading
    words: Words  # of all its texts
    says: frozenset[str]  # entities of its texts and its answer


def features(question: Reading, contenders: Sequence[Contender]) -> Features:
    """One row of NAMES for each, in their order."""
    matched = [contender.matched for contender in contenders]
    cosines = np.array([contender.cosine for contender in contenders])
    columns = (
        cosines,
        _margins(cosines),
        [_MAXSIM.score(question.words, contender.words) for contender in contenders],
        [_POLY.score(question.words, text.words) for text in matched],
        _bm25(question, matched),
        [_share(question.trigrams, text.trigrams) for text in matched],
        [_share(text.trigrams, question.trigrams) for text in matched],
        [_share(question.entities, contender.says) for contender in contenders],
        [question.negated == text.negated for text in matched],
        [_one_kind(question, text) for text in matched],
        [math.log1p(len(text.syllables)) for text in matched],
    )
    return np.array(columns, dtype=np.float64).T


def _margins(cosines: Features) -> Features:
    """(n,) 0 where there is no other."""
    if len(cosines) < 2:
        return np.zeros(len(cosines))
    first, second = np.sort(cosines)[::-1][:2]
    rivals = np.full(len(cosines), first)
    rivals[cosines.argmax()] = second
    margins: Features = cosines - rivals
    return margins


def _one_kind(one: Reading, other: Reading) -> bool:
    return not (one.kinds and other.kinds) or bool(one.kinds & other.kinds)


def _share(of: frozenset[str], found_in: frozenset[str]) -> float:
    return len(of & found_in) / len(of) if of else 1.0


def _bm25(question: Reading, texts: Sequence[Reading]) -> Features:
    """(n,) Lucene's variant. The candidates are the collection: what all have tells nothing."""
    counts = [Counter(text.syllables) for text in texts]
    n, mean = len(texts), sum(len(text.syllables) for text in texts) / len(texts) or 1.0
    scores = np.zeros(n)
    for syllable in set(question.syllables):
        having = sum(syllable in count for count in counts)
        idf = math.log1p((n - having + 0.5) / (having + 0.5))
        for at, count in enumerate(counts):
            often = count[syllable]
            length = 1 - _B + _B * len(texts[at].syllables) / mean
            scores[at] += idf * often / (often + _K1 * length)
    return scores / (scores.max() or 1.0)
