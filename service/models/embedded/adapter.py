"""Lets one FAQ set move the embedded encoder, in seconds on a CPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from service.domain import FloatArray, PreparedFaq, Progress
from service.errors import BadInput
from service.models.embedded.encoder import EmbeddedEncoder, fingerprint_of
from service.models.embedded.learner import Learner, drop_features, info_nce, single_threaded
from service.models.embedded.overlay import Overlay, load_overlay
from service.models.embedded.quantised import Indices, quantise
from service.models.siblings import Batches, same_meaning
from service.models.step import StepLearner
from service.models.views import answer_crops, folded_view
from service.ports import OnProgress

# Found on development sets; eval/LOG.md has the alternatives.
_BATCH = 256  # FAQs
_STEPS = 150  # for a set of one batch, and more for larger ones
_STEPS_PER_FAQ = 0.04
_LEARNING_RATE = 2e-3
_TEMPERATURE = 0.06
_DROPPED = 0.4  # share of a text's features left out at each step
_FOLDED = 0.4  # share of texts seen without marks
_FROM_ANSWER = 0.5  # share of pairs whose other side is a crop of the answer
# How far to go from the shared vectors to the learned ones, and how much of the step to take.
_STRENGTHS = ((0.25, 0.5), (0.5, 0.5), (1.0, 1.0))
# Mean cosine of an FAQ set's titles to the nearest intent of training: of a set that is new to the
# encoder, and of one that training knew, whose titles alone can only mislead it.
_NEW, _KNOWN = 0.80, 0.86
_LEAST_TRUST = 0.25  # of the careful way, whatever training knew
_MAX_ROWS = 10_000  # of an overlay, 4 MB
_SEED = 20


@dataclass(frozen=True, slots=True)
class _Views:
    """One FAQ as bags of rows."""

    texts: list[tuple[Indices, Indices]]  # as written, without marks
    crops: list[Indices]  # of its answer

    def bags(self) -> Iterator[Indices]:
        for pair in self.texts:
            yield from pair
        yield from self.crops


class EmbeddedAdapter:
    """ports.Adapter: every feature that occurs in the set may move, and all texts take a step.

    The features learn what the set is about. The step takes along what the set has no word of, so
    that "giới thiệu" stays near "tổng quan" in a set that has only one of them.

    Pairs are two texts of one FAQ, or a text and a crop of its answer, each with features dropped
    (as in SimCSE, Gao et al. 2021, dropout makes the views); the other FAQs of the batch, siblings
    first, are the negatives.
    """

    def __init__(self, encoder: EmbeddedEncoder) -> None:
        self._base = encoder
        self._base_fingerprint = fingerprint_of(encoder.table)

    def adapt(self, faqs: Sequence[PreparedFaq], /, *, on_progress: OnProgress) -> bytes:
        """An overlay of the rows that matter most, about 0.4 kB each."""
        views = [self._views(faq) for faq in faqs]
        bags = np.concatenate([bag for view in views for bag in view.bags()])
        at, counts = np.unique(bags, return_counts=True)
        start = self._base.table.vectors.decode(at)
        with single_threaded():
            moved, step = self._learn(faqs, views, at, start, on_progress)
        # A row that hardly moved, or hardly occurs, stays as it ships.
        weight = counts * np.linalg.norm(moved - start, axis=1)
        kept = np.sort(np.argsort(-weight, kind="stable")[:_MAX_ROWS])
        rows = Overlay(self._base_fingerprint, at[kept], quantise(moved[kept]), step)
        return replace(rows, trust=self._trust(faqs)).to_bytes()

    def variants(self, artefact: bytes, /) -> list[bytes]:
        """A quarter of the way first, or less for a set that training knew.

        That is the safest where nothing can be measured.
        """
        overlay = load_overlay(artefact)
        careful, *others = _STRENGTHS
        ways = [(overlay.trust * careful[0], overlay.trust * careful[1]), *others]
        return [
            replace(overlay, strength=strength, step_strength=step).to_bytes()
            for strength, step in ways
        ]

    def _trust(self, faqs: Sequence[PreparedFaq]) -> float:
        """From a quarter for a set that training knew to 1 for one that is new."""
        memory = self._base.table.memory
        if memory is None:
            return 1.0
        known = memory.nearness(self._base.encode([faq.question for faq in faqs])).mean()
        return float(np.clip((_KNOWN - known) / (_KNOWN - _NEW), _LEAST_TRUST, 1.0))

    def _learn(
        self,
        faqs: Sequence[PreparedFaq],
        views: Sequence[_Views],
        at: Indices,
        start: FloatArray,
        on_progress: OnProgress,
    ) -> tuple[FloatArray, FloatArray]:
        """The rows `at` after learning from `start`, (n, dim) float32; the step, (dim, dim)."""
        rng, learner = np.random.default_rng(_SEED), Learner(start)
        step_learner = StepLearner(self._base.dimension, _SEED)
        batches = Batches(self._base.encode([faq.question for faq in faqs]), _BATCH, rng)
        same = same_meaning(faqs)
        local = [_local(view, at) for view in views]
        steps = round(_STEPS + _STEPS_PER_FAQ * max(0, len(faqs) - _BATCH))
        for step in range(steps):
            chosen = batches.next()
            pairs = [_pair(local[faq], rng) for faq in chosen]
            vectors, touched = learner.encode([a for a, _ in pairs] + [b for _, b in pairs])
            first, second = vectors[: len(pairs)], vectors[len(pairs) :]
            alike = same(chosen)
            step_learner.learn(first, second, _TEMPERATURE, alike)
            loss = info_nce(first, second, _TEMPERATURE, alike)
            learner.step(loss, touched, _learning_rate(step, steps))
            if step % 10 == 0:
                on_progress(Progress("adapt", step, steps))
        on_progress(Progress("adapt", steps, steps))
        return learner.vectors, step_learner.step

    def load(self, artefact: bytes, /) -> EmbeddedEncoder:
        """The adapted encoder; the table is shared. Raises BadInput for another base."""
        overlay = load_overlay(artefact)
        if overlay.base != self._base_fingerprint:
            raise BadInput("It was adapted from other weights of the embedded encoder: reindex.")
        return EmbeddedEncoder(self._base.table, overlay)

    def _views(self, faq: PreparedFaq) -> _Views:
        texts = (faq.question, *faq.alternates)
        return _Views(
            [(self._bag(text.segmented), self._bag(folded_view(text))) for text in texts],
            [self._bag(crop) for crop in answer_crops(faq.answer)],
        )

    def _bag(self, segmented: str) -> Indices:
        rows = self._base.table.rows_of_text(segmented)
        return np.asarray(rows or [0], dtype=np.int64)


def _local(views: _Views, at: Indices) -> _Views:
    """The same with positions in `at` instead of rows of the table."""
    return _Views(
        [(np.searchsorted(at, a), np.searchsorted(at, b)) for a, b in views.texts],
        [np.searchsorted(at, crop) for crop in views.crops],
    )


def _pair(views: _Views, rng: np.random.Generator) -> tuple[Indices, Indices]:
    first = _text(views, rng)
    if views.crops and rng.random() < _FROM_ANSWER:
        second = views.crops[rng.integers(len(views.crops))]
    else:
        second = _text(views, rng)
    return drop_features(first, _DROPPED, rng), drop_features(second, _DROPPED, rng)


def _text(views: _Views, rng: np.random.Generator) -> Indices:
    as_written, folded = views.texts[rng.integers(len(views.texts))]
    return folded if rng.random() < _FOLDED else as_written


def _learning_rate(step: int, steps: int) -> float:
    """A short warm-up, then a straight line to zero."""
    return _LEARNING_RATE * min(1.0, (step + 1) / 10) * (1 - step / steps)
