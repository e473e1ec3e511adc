"""Rerankers: cross-encoders that read question and passage together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from service.domain import Candidate, FloatArray, PreparedText
from service.errors import BadSetting, ModelUnavailable
from service.models.files import model_folder
from service.models.load import load_model
from service.models.profiles import RerankerProfile
from service.ports import Encoder
from service.settings import RerankPassage, Settings

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

Prepare = Callable[[str], PreparedText]

_BATCH = 32


def passage_of(candidate: Candidate, passage: RerankPassage) -> str:
    """What a reranker reads of a candidate, as it is stored."""
    if passage == "matched":
        return candidate.matched_text
    question = candidate.faq.question
    return question if passage == "question" else f"{question} {candidate.faq.answer}"


class CrossEncoderReranker:
    """A Reranker. Thread-safe: one call at a time, since tokenisers are not."""

    def __init__(
        self,
        model: CrossEncoder,
        profile: RerankerProfile,
        prepare: Prepare,
        passage: RerankPassage = "matched",
    ) -> None:
        """`prepare` is the text path, for passages come as they are stored."""
        self.name = profile.name
        self._model = model
        self._segmented = profile.segmented
        self._prepare = prepare
        self._passage = passage
        self._lock = threading.Lock()

    def score(
        self, question: PreparedText, candidates: Sequence[Candidate], encoder: Encoder, /
    ) -> FloatArray:
        """(n,) float32, higher is better: the model's logits, not squeezed into 0 to 1."""
        from torch.nn import Identity

        if not candidates:
            return np.zeros(0, dtype=np.float32)
        left = self._written(question)
        passages = [passage_of(candidate, self._passage) for candidate in candidates]
        pairs = [(left, self._written(self._prepare(passage))) for passage in passages]
        with self._lock:
            scores = self._model.predict(
                pairs, batch_size=_BATCH, show_progress_bar=False, activation_fn=Identity()
            )
        return np.asarray(scores, dtype=np.float32).reshape(len(candidates))

    def _written(self, text: PreparedText) -> str:
        return text.segmented if self._segmented else text.plain


def open_cross_encoder(
    profile: RerankerProfile, settings: Settings, prepare: Prepare
) -> CrossEncoderReranker:
    """Load a reranker. Raises BadSetting or ModelUnavailable."""
    backend = settings.reranker_backend
    folder = model_folder(profile, settings.models_dir, "VIFAQ_RERANKER", backend)
    _require_reranker(profile, folder)
    model, _ = load_model("reranker", profile, folder, backend=backend, threads=settings.threads)
    return CrossEncoderReranker(model, profile, prepare, settings.rerank_passage)


def _require_reranker(profile: RerankerProfile, folder: Path) -> None:
    """Anything else would be given a head with random weights, and rank at random."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{profile.name}: no model in {folder} ({error})") from error
    heads = [name for name in config.architectures or [] if "SequenceClassification" in name]
    if not heads or config.num_labels != 1:
        what = f"a classifier of {config.num_labels} classes" if heads else "no cross-encoder"
        raise BadSetting(
            f"VIFAQ_RERANKER={profile.name} is {what}; a reranker gives a pair one score"
        )
