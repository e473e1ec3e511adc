"""What a model is judged by: questions of held-out families, each with the FAQ it asks for."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from service.domain import FloatArray
from service.text.noise import NoiseKind
from service.train.examples import Examples, Group, Scored
from service.train.negatives import Encode, hard_negatives
from service.train.split import Split
from service.train.wording import Wording

Figures = dict[str, float]  # recall@1 and mrr, or spearman
Vectors = Callable[[Sequence[str]], FloatArray]  # written texts to (n, dim), L2-normalised
Scores = Callable[[Sequence[tuple[str, str]]], FloatArray]  # written pairs to (n,)

_MIN_STORED = 200  # as many FAQs as a help desk has; trained ones fill up
_MAX_QUERIES = 500
_RERANKED = 10
_MAX_RERANKED_QUERIES = 200
_ENTAILS = "entailment"


@dataclass(frozen=True, slots=True)
class Query:
    """A held-out question, where its FAQ is among the stored ones, and what it is confused with."""

    text: str
    answer: int
    rivals: tuple[int, ...]  # the hardest, without the answer


@dataclass(frozen=True, slots=True)
class DevSet:
    """The held-out side of a split, as a task."""

    stored: tuple[str, ...]  # questions: the held-out ones, then trained ones to fill up
    queries: tuple[Query, ...]
    scored: tuple[Scored, ...]

    @property
    def metric(self) -> str:
        """The figure that counts for early stopping."""
        return "mrr" if self.queries else "spearman"


def dev_set(split: Split, alike: Encode, seed: int) -> DevSet:
    """The task of a split. `alike` finds what a question is confused with, before any training."""
    groups = [*split.dev.groups, *_entailed(split.dev)]
    held_out = len(groups)
    groups += split.train.groups[: max(0, _MIN_STORED - held_out)] if groups else []
    stored = [group.question for group in groups]
    places = {question: at for at, question in enumerate(stored)}
    rivals = hard_negatives(groups, alike, _RERANKED - 1) if groups else []
    queries = [
        Query(text, at, tuple(places[rival] for rival in rivals[at] if rival in places))
        for at, group in enumerate(groups[:held_out])
        for text in group.texts[1:]
    ]
    random.Random(seed).shuffle(queries)  # noqa: S311 - a sample, not a secret
    return DevSet(tuple(stored), tuple(queries[:_MAX_QUERIES]), split.dev.scored)


def measure_encoder(
    encode: Vectors, dev: DevSet, wording: Wording, noise: NoiseKind, dimension: int | None = None
) -> Figures:
    """Every stored question is searched; alike pairs are compared with their scores.

    dimension: cut the vectors to so many, as a Matryoshka model allows.
    """

    def vectors(texts: Sequence[str], kind: NoiseKind = NoiseKind.NONE) -> FloatArray:
        found = encode([wording.write(text, kind) for text in texts])[:, :dimension]
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.maximum(lengths, 1e-9), dtype=np.float32)

    figures: Figures = {}
    if dev.queries:
        similar = vectors([q.text for q in dev.queries], noise) @ vectors(dev.stored).T
        answers = similar[np.arange(len(similar)), [q.answer for q in dev.queries]]
        figures |= _ranking((similar >= answers[:, None]).sum(axis=1))
    if dev.scored:
        left = vectors([pair.left for pair in dev.scored], noise)
        right = vectors([pair.right for pair in dev.scored])
        figures |= _correlation((left * right).sum(axis=1), dev.scored)
    return figures


def measure_reranker(score: Scores, dev: DevSet, wording: Wording, noise: NoiseKind) -> Figures:
    """The answer among the stored questions that it is most easily confused with."""
    queries = dev.queries[:_MAX_RERANKED_QUERIES]
    figures: Figures = {}
    if queries:
        pairs = [
            (wording.write(query.text, noise), wording.write(dev.stored[at]))
            for query in queries
            for at in (query.answer, *query.rivals)
        ]
        lengths = [1 + len(query.rivals) for query in queries]
        lists = np.split(score(pairs), np.cumsum(lengths)[:-1])
        figures |= _ranking(np.array([(scores >= scores[0]).sum() for scores in lists]))
    if dev.scored:
        pairs = [(wording.write(p.left, noise), wording.write(p.right)) for p in dev.scored]
        figures |= _correlation(score(pairs), dev.scored)
    return figures


def _entailed(examples: Examples) -> list[Group]:
    pairs = (pair for pair in examples.judged if pair.label == _ENTAILS)
    return [Group(pair.right, (pair.right, pair.left)) for pair in pairs]


def _ranking(ranks: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Figures:
    """ranks: from 1; whatever scores as high as the answer stands before it."""
    return {"recall@1": float(np.mean(ranks == 1)), "mrr": float(np.mean(1 / ranks))}


def _correlation(found: FloatArray, scored: Sequence[Scored]) -> Figures:
    from scipy.stats import spearmanr

    wanted = np.array([pair.score for pair in scored])
    if np.ptp(found) == 0 or np.ptp(wanted) == 0:
        return {"spearman": 0.0}  # what tells nothing apart agrees with nothing
    return {"spearman": float(spearmanr(found, wanted).statistic)}
