"""Encoders from the hub or a folder, over sentence-transformers."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from service.domain import FloatArray, PreparedText
from service.errors import BadSetting, ModelUnavailable
from service.models.files import fingerprint, model_folder
from service.models.load import load_model
from service.models.profiles import EncoderProfile
from service.settings import Settings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BATCH = 32


class SentenceTransformerEncoder:
    """An Encoder. Thread-safe: one call at a time, since tokenisers are not."""

    def __init__(self, model: SentenceTransformer, profile: EncoderProfile, mark: str) -> None:
        """`mark` is the fingerprint. Raises BadSetting for a dimension the model does not have."""
        self.name = profile.name
        self.fingerprint = mark
        self._model = model
        self._segmented = profile.segmented
        self._prefix = profile.prefix
        self._lock = threading.Lock()
        own = model.get_embedding_dimension()
        if own is None:
            raise ModelUnavailable(f"{profile.name} does not say how many dimensions it has")
        if profile.dimension and profile.dimension > own:
            raise BadSetting(
                f"{profile.name} has {own} dimensions and cannot be cut to {profile.dimension}"
            )
        self.dimension = profile.dimension or own

    def encode(self, texts: Sequence[PreparedText], /) -> FloatArray:
        """(n, dimension) float32, L2-normalised; an empty text is a zero row."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with self._lock:
            vectors: FloatArray = self._model.encode(  # sorts by length, cuts, then normalises
                [text.segmented if self._segmented else text.plain for text in texts],
                prompt=self._prefix,
                batch_size=_BATCH,
                show_progress_bar=False,
                normalize_embeddings=True,
                truncate_dim=self.dimension,
            ).astype(np.float32)
        vectors[[not text.plain for text in texts]] = 0
        return vectors


def open_transformer(profile: EncoderProfile, settings: Settings) -> SentenceTransformerEncoder:
    """Load an encoder. Raises BadSetting or ModelUnavailable; never falls back to another."""
    backend = settings.encoder_backend
    folder = model_folder(profile, settings.models_dir, "VIFAQ_ENCODER", backend)
    model, weights = load_model(
        "encoder", profile, folder, backend=backend, threads=settings.threads
    )
    options = {"segmented": profile.segmented, "prefix": profile.prefix, "backend": backend}
    options |= {"max_tokens": model.max_seq_length, "dimension": profile.dimension}
    return SentenceTransformerEncoder(model, profile, fingerprint(folder, weights, options))
