"""Adapts any encoder to one FAQ set: a learned linear step after its frozen vectors.

Texts are encoded once, so a slow encoder stays affordable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.domain import FloatArray, PreparedFaq, PreparedText, Progress
from service.errors import BadInput
from service.models.siblings import Batches, same_meaning
from service.models.step import StepLearner, take
from service.models.views import answer_crops, folded_view
from service.ports import Encoder, OnProgress
from service.text.diacritics import has_marks

_BATCH = 256
_STEPS = 200
_STEPS_PER_FAQ = 0.04
_TEMPERATURE = 0.05
_FROM_ANSWER = 0.3
_CROPS = 3  # of each answer
_STRENGTHS = (0.25, 0.5, 1.0)  # how much of the learned step to take
_SEED = 20


class ResidualEncoder:
    """ports.Encoder: a frozen encoder and the step one FAQ set taught it."""

    def __init__(self, base: Encoder, step: FloatArray) -> None:
        """step: W, (dim, dim) float32."""
        self._base, self._step = base, step
        self.name, self.dimension = base.name, base.dimension
        digest = hashlib.sha256(step.tobytes()).hexdigest()[:16]
        self.fingerprint = f"{base.fingerprint}-{digest}"

    def encode(self, texts: Sequence[PreparedText], /) -> FloatArray:
        """(n, dimension) float32, L2-normalised."""
        return take(self._base.encode(texts), self._step)


@dataclass(frozen=True, slots=True)
class _Views:
    """Where an FAQ's texts and answer crops stand among all vectors."""

    texts: list[int]
    crops: list[int]


class ResidualAdapter:
    """ports.Adapter for an encoder whose own weights stay as they are."""

    def __init__(self, base: Encoder) -> None:
        self._base = base

    def adapt(self, faqs: Sequence[PreparedFaq], /, *, on_progress: OnProgress) -> bytes:
        """The step at 16 bits: 2 · dim² bytes."""
        import torch

        texts, views = _collect(faqs)
        vectors = torch.as_tensor(self._base.encode(texts))
        rng, learner = np.random.default_rng(_SEED), StepLearner(self._base.dimension, _SEED)
        questions = vectors[[view.texts[0] for view in views]].numpy()
        batches, same = Batches(questions, _BATCH, rng), same_meaning(faqs)
        steps = round(_STEPS + _STEPS_PER_FAQ * max(0, len(faqs) - _BATCH))
        for done in range(steps):
            chosen = batches.next()
            pairs = [_pair(views[faq], rng) for faq in chosen]
            first, second = (vectors[[pair[side] for pair in pairs]] for side in (0, 1))
            learner.learn(first, second, _TEMPERATURE, same(chosen))
            if done % 10 == 0:
                on_progress(Progress("adapt", done, steps))
        on_progress(Progress("adapt", steps, steps))
        return self._to_bytes(learner.step)

    def variants(self, artefact: bytes, /) -> list[bytes]:
        """A quarter of the step first: the safest where nothing can be measured."""
        step = self._step_of(artefact)
        return [self._to_bytes(strength * step) for strength in _STRENGTHS]

    def load(self, artefact: bytes, /) -> ResidualEncoder:
        """The adapted encoder. Raises BadInput when the artefact belongs to another base."""
        return ResidualEncoder(self._base, self._step_of(artefact))

    def _step_of(self, artefact: bytes) -> FloatArray:
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            tensors = load(artefact)
            base = tensors["base"].tobytes().decode()
            step: FloatArray = tensors["step"].astype(np.float32)
        except (SafetensorError, KeyError, ValueError) as error:
            raise BadInput("These are not weights of a residual adapter: reindex.") from error
        if base != self._base.fingerprint:
            raise BadInput(f"It was adapted from another encoder than {self._base.name}: reindex.")
        return step

    def _to_bytes(self, step: FloatArray) -> bytes:
        from safetensors.numpy import save

        base = np.frombuffer(self._base.fingerprint.encode(), dtype=np.uint8)
        return save({"step": step.astype(np.float16), "base": base})


def _collect(faqs: Sequence[PreparedFaq]) -> tuple[list[PreparedText], list[_Views]]:
    """All texts to encode, and each FAQ's places among them."""
    texts: list[PreparedText] = []
    views = []
    for faq in faqs:
        own = [faq.question, *faq.alternates]
        own += [_folded(text) for text in own if text.has_marks]
        crops = [PreparedText(c.replace("_", " "), c, True) for c in answer_crops(faq.answer)]
        start, crops = len(texts), crops[:_CROPS]
        texts += own + crops
        middle = start + len(own)
        views.append(_Views([*range(start, middle)], [*range(middle, len(texts))]))
    return texts, views


def _folded(text: PreparedText) -> PreparedText:
    plain = folded_view(text)
    return PreparedText(plain, plain, has_marks(plain))


def _pair(views: _Views, rng: np.random.Generator) -> tuple[int, int]:
    first = views.texts[rng.integers(len(views.texts))]
    if views.crops and rng.random() < _FROM_ANSWER:
        return first, views.crops[rng.integers(len(views.crops))]
    return first, views.texts[rng.integers(len(views.texts))]
