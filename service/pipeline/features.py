"""What confidence is judged by: one function, for questions people ask and for calibration."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from service.domain import Candidate, PreparedText
from service.pipeline.guards import conflicts
from service.text.diacritics import fold

Features = npt.NDArray[np.float64]  # (candidates, len(NAMES))

NAMES = (
    "similarity",  # in units of Scale
    "lead",  # over the best FAQ with another answer or, if it is nearer, where strangers come to
    "chatter",  # how near the question is to small talk, in units of Scale
    "enquiry",  # how surely it is put to a help desk at all: see service.pipeline.enquiry
    "overlap",  # share of the question's word weight that its text has
    "covered",  # share of its text's word weight that the question has
    "conflict",  # 1 when a guard fires
    "rerank",  # the reranker's score, 0 without one
    "rerank_lead",  # over the best other, 0 without a reranker
)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Scale:
    """Makes cosines of one encoder over one set comparable, by how near strangers come.

    `far` is the mean of the best similarity of off-topic questions, `spread` its deviation.
    """

    far: float
    spread: float
    common: Mapping[str, float]  # weights of words that the set has more often than others do

    def weight(self, words: Iterable[str]) -> float:
        """How much words tell, in all."""
        return sum(map(self._table.__getitem__, words))

    @cached_property
    def _table(self) -> _Weights:
        return _Weights({**_weights(), **self.common})


class _Weights(dict[str, float]):
    """Word → how much it tells; one that is not listed tells as much as the rarest that is."""

    def __missing__(self, word: str) -> float:
        return _rarest()


def features(
    text: PreparedText, ranked: Sequence[Candidate], scale: Scale, chatter: float, enquiry: float
) -> Features:
    """One row of NAMES for each candidate, best first.

    `chatter` is the cosine of the question and the nearest phrasing of the small-talk pack;
    `enquiry` the log of a probability.
    """
    question = words(text.plain)
    rows = [words(candidate.matched_text) for candidate in ranked]
    asked = scale.weight(question) or 1.0
    shared = [scale.weight(question & row) for row in rows]
    said = f"{text.plain} {text.left_out}"
    against = [bool(conflicts(said, c.faq, c.matched_text)) for c in ranked]
    columns = (
        [(candidate.similarity - scale.far) / scale.spread for candidate in ranked],
        [lead / scale.spread for lead in _leads(ranked, against, scale.far)],
        [(chatter - scale.far) / scale.spread] * len(ranked),
        [enquiry] * len(ranked),
        [part / asked for part in shared],
        [part / (scale.weight(row) or 1.0) for part, row in zip(shared, rows, strict=True)],
        against,
        *_reranked(ranked),
    )
    return np.array(columns, dtype=np.float64).T


def _leads(ranked: Sequence[Candidate], against: Sequence[bool], least: float) -> list[float]:
    """How far each is above the best FAQ with another answer that no guard holds back.

    least: as near as another is taken to be, whatever the set has.
    """
    best: dict[str, float] = {}
    for candidate, held in zip(ranked, against, strict=True):
        if not held:
            answer = candidate.faq.answer
            best[answer] = max(candidate.similarity, best.get(answer, -1.0))
    first, second = sorted((*best.values(), least, least), reverse=True)[:2]
    top = max(best, key=best.__getitem__, default="")
    return [c.similarity - (second if c.faq.answer == top else first) for c in ranked]


def _reranked(ranked: Sequence[Candidate]) -> tuple[npt.ArrayLike, npt.ArrayLike]:
    if all(candidate.rerank_score is None for candidate in ranked):
        return [0.0] * len(ranked), [0.0] * len(ranked)
    scores = np.array([np.nan if c.rerank_score is None else c.rerank_score for c in ranked])
    known = np.sort(scores[~np.isnan(scores)])[::-1]
    if len(known) < 2:
        return np.nan_to_num(scores), np.zeros(len(scores))
    others = np.where(scores == known[0], known[1], known[0])
    return np.nan_to_num(scores, nan=known[-1]), np.nan_to_num(
        scores - others, nan=known[-1] - known[0]
    )


@lru_cache(maxsize=65536)
def words(text: str) -> frozenset[str]:
    """The distinct words of a text, without marks and in lower case."""
    return frozenset(_WORD.findall(fold(text.lower())))


def common_words(texts: Sequence[Sequence[str]]) -> dict[str, float]:
    """The weight, as IDF over FAQs, of each word that tells less here than elsewhere.

    texts: those of each FAQ.
    """
    counts = Counter(word for own in texts for word in frozenset().union(*map(words, own)))
    known, rarest = _weights(), _rarest()
    found = {word: math.log(len(texts) / count) for word, count in counts.items() if count > 1}
    return {w: round(v, 2) for w, v in found.items() if v < known.get(w, rarest) - 0.1}


@cache
def _weights() -> dict[str, float]:
    """How much each word tells, as IDF over the project's own questions."""
    path = files("service.pipeline").joinpath("data/word_weights.tsv")
    lines = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return {word: float(weight) for word, weight in lines}


@cache
def _rarest() -> float:
    return max(_weights().values())
