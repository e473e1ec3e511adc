"""Questions with known outcomes, made from an FAQ set alone: nobody labels anything.

In each fold (service.holdout) some FAQs are left out whole, and of the others some alternates.
The alternates left out are questions that the rest should answer; all texts of the FAQs left out
are near misses: nothing that is left answers them. Far misses come from a bundled pack. An
encoder that learns is taught by what is left only, for it would know again what it was taught.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Protocol

import numpy as np

from service.domain import Candidate, Faq, FloatArray, PreparedText, Progress
from service.holdout import Fold, folds
from service.pipeline.enquiry import enquiry
from service.pipeline.features import Features, Scale, common_words, features
from service.pipeline.small_talk import read_small_talk
from service.ports import Encoder, OnProgress
from service.text.noise import NoiseKind, add_noise

DEPTH = 20  # rows retrieved
_SPELLINGS = (
    NoiseKind.NONE,
    NoiseKind.NONE,
    NoiseKind.NO_MARKS,
    NoiseKind.TEENCODE,
    NoiseKind.TYPO,
)
FAR_FOR_SCALE = 300
_FEWEST_FOR_SCALE = 40  # FAQs, as few as the shipped prior knows
_STRANGERS = 3  # a third of the far misses is asked in each fold; small talk asked is not known


class Prepares(Protocol):
    """The text path."""

    def prepare(self, text: str, /) -> PreparedText:
        """See service.text.path."""
        ...


class Remembering:
    """A text path that prepares no text twice: folds share most of theirs."""

    def __init__(self, text: Prepares) -> None:
        self._prepare = cache(text.prepare)

    def prepare(self, text: str, /) -> PreparedText:
        """As the text path does."""
        return self._prepare(text)


class Kind(StrEnum):
    """Where a question comes from."""

    INSIDE = "inside"
    NEAR = "near"
    FAR = "far"


@dataclass(frozen=True, slots=True)
class Sample:
    """One question, its first candidate, and whether that answers it.

    Only the first is learned from: what tells a second one from it is not what tells whether it
    answers.
    """

    kind: Kind
    group: str  # questions of one group are never in training and test at once
    features: Features  # (len(NAMES),)
    right: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a large set is looked at."""

    folds: int = 3  # at most
    inside: int = 600  # questions over all folds
    near: int = 400
    far: int = 400
    kept: int | None = None  # alternates that stay with an FAQ; None: all that are not asked


@dataclass(frozen=True, slots=True)
class Reader:
    """What tells enquiries from chit-chat, and which chit-chat may be asked of it."""

    enquiry: Callable[[str], float] = enquiry
    asks: Callable[[str], bool] = lambda question: True


SHIPPED = Reader()


class Searcher:
    """Some FAQs as one encoder sees them, searched exactly, the way questions are answered."""

    def __init__(
        self,
        faqs: Sequence[Faq],
        encoder: Encoder,
        text: Prepares,
        far: Sequence[str],
        chatter: Sequence[str],
        reader: Reader = SHIPPED,
    ) -> None:
        self._faqs = faqs
        self._reader = reader
        self._encoder = encoder
        self._text = text
        rows = [(n, row) for n, faq in enumerate(faqs) for row in faq.texts]
        self._owners = np.array([owner for owner, _ in rows])
        self._rows = [row for _, row in rows]
        self._vectors = encoder.encode([text.prepare(row) for row in self._rows])
        self._chatter = encoder.encode([text.prepare(phrasing) for phrasing in chatter])
        self.scale = self._scale(far)

    def samples(self, kind: Kind, questions: Sequence[tuple[str, str]]) -> Iterator[Sample]:
        """questions: (text, id of its FAQ or a group)."""
        prepared = [self._text.prepare(question) for question, _ in questions]
        for text, vector, (_, owner) in zip(
            prepared, self._encoder.encode(prepared), questions, strict=True
        ):
            chatter = float((self._chatter @ vector).max())
            ranked = self._candidates(vector)
            if ranked:
                right = kind is Kind.INSIDE and ranked[0].faq.id == owner
                asked = self._reader.enquiry(text.plain)
                found = features(text, ranked, self.scale, chatter, asked)
                yield Sample(kind, owner, found[0], right)

    def _candidates(self, vector: FloatArray) -> list[Candidate]:
        if not vector.any():
            return []
        similarity = self._vectors @ vector
        depth = min(DEPTH, len(similarity))
        near = np.argpartition(-similarity, depth - 1)[:depth]
        best: dict[int, Candidate] = {}
        for row in near[np.argsort(-similarity[near], kind="stable")]:
            owner = int(self._owners[row])
            if owner not in best:
                best[owner] = Candidate(self._faqs[owner], self._rows[row], float(similarity[row]))
        return list(best.values())

    def _scale(self, far: Sequence[str]) -> Scale:
        """Strangers come less near to a few FAQs than to many: a small set is filled up first."""
        missing = typical()[: max(0, _FEWEST_FOR_SCALE - len(self._faqs))]
        others = self._encoder.encode([self._text.prepare(question) for question in missing])
        known = np.concatenate([self._vectors, others]) if missing else self._vectors
        vectors = self._encoder.encode([self._text.prepare(question) for question in far])
        nearest = (vectors @ known.T).max(axis=1)
        return Scale(
            float(nearest.mean()),
            max(float(nearest.std()), 1e-3),
            common_words([f.texts for f in self._faqs]),
        )


def off_topic() -> list[str]:
    """The bundled far misses, in a fixed random order."""
    path = files("service.pipeline").joinpath("data/off_topic.jsonl")
    questions = [
        json.loads(line)["question"] for line in path.read_text(encoding="utf-8").splitlines()
    ]
    random.Random(0).shuffle(questions)  # noqa: S311
    return questions


def typical() -> list[str]:
    """Bundled questions as help desks of all kinds get them, in a fixed random order."""
    path = files("service.pipeline").joinpath("data/typical.txt")
    questions = path.read_text(encoding="utf-8").splitlines()
    random.Random(0).shuffle(questions)  # noqa: S311
    return questions


def small_talk() -> list[str]:
    """All phrasings of the bundled small talk, in a fixed random order."""
    phrasings = [phrasing for intent in read_small_talk() for phrasing in intent.phrasings]
    random.Random(0).shuffle(phrasings)  # noqa: S311
    return phrasings


def draw(
    faqs: Sequence[Faq],
    text: Prepares,
    teach: Callable[[Sequence[Faq]], Encoder],
    limits: Limits,
    on_progress: OnProgress = lambda progress: None,
    *,
    reader: Reader = SHIPPED,
) -> list[Sample]:
    """Samples of all folds. `teach` gives the encoder that knows these FAQs alone."""
    far, chatter = off_topic(), small_talk()
    drawn: list[Sample] = []
    used = folds([faq.id for faq in faqs])[: limits.folds]
    for fold in used:
        kept, inside, near = _leave_out(faqs, fold, limits.kept)
        held = chatter[fold.number :: _STRANGERS]
        known = [phrasing for phrasing in chatter if phrasing not in held]
        searcher = Searcher(kept, teach(kept), text, far[:FAR_FOR_SCALE], known, reader)
        strangers = [(q, q) for q in (*far[fold.number :: _STRANGERS], *held) if reader.asks(q)]
        random.Random(fold.number).shuffle(strangers)  # noqa: S311
        for kind, questions, most in (
            (Kind.INSIDE, inside, limits.inside),
            (Kind.NEAR, near, limits.near),
            (Kind.FAR, strangers, limits.far),
        ):
            asked = [
                (spelled(q, n), owner)
                for n, (q, owner) in enumerate(questions[: most // len(used)])
            ]
            drawn += searcher.samples(kind, asked)
        on_progress(Progress("calibrate", fold.number + 1, len(used)))
    return drawn


def _leave_out(
    faqs: Sequence[Faq], fold: Fold, alternates: int | None
) -> tuple[list[Faq], list[tuple[str, str]], list[tuple[str, str]]]:
    """What is left, with so many alternates at most; questions for it; and near misses."""
    kept = [replace(faq, alternates=faq.alternates[:alternates]) for faq in fold.keep(faqs)]
    inside = [(question, faq.id) for faq in faqs for question in fold.held_out(faq)]
    near = [(question, faq.id) for faq in faqs if faq.id in fold.gone for question in faq.texts]
    rng = random.Random(fold.number)  # noqa: S311
    rng.shuffle(inside)
    rng.shuffle(near)
    return kept, inside, near


def spelled(question: str, number: int) -> str:
    """As somebody may type it: three in five carelessly, by `number`."""
    return add_noise(question, _SPELLINGS[number % len(_SPELLINGS)], number) or question
