"""Rerankers that know passages beforehand: poly-encoders."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from service.domain import Candidate, FloatArray, PreparedText
from service.errors import BadSetting, ModelUnavailable
from service.models.load import load_model
from service.models.profiles import RerankerProfile
from service.models.reranker import Prepare, passage_of
from service.ports import Encoder
from service.settings import RerankPassage, Settings

if TYPE_CHECKING:
    from service.models.poly_codes import PolyEncoder

_KNOWN_PASSAGES = 20_000  # vectors kept, some 30 MB


class PolyEncoderReranker:
    """A Reranker that encodes the question, and each passage once. Thread-safe."""

    def __init__(
        self,
        model: PolyEncoder,
        profile: RerankerProfile,
        prepare: Prepare,
        passage: RerankPassage = "matched",
    ) -> None:
        """`prepare` is the text path, for passages come as they are stored."""
        self.name = profile.name
        self._model = model
        self._profile = profile
        self._prepare = prepare
        self._passage = passage
        self._known: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()

    def score(
        self, question: PreparedText, candidates: Sequence[Candidate], encoder: Encoder, /
    ) -> FloatArray:
        """(n,) float32, higher is better: cosines."""
        import torch

        from service.models.poly_codes import match

        if not candidates:
            return np.zeros(0, dtype=np.float32)
        passages = [passage_of(candidate, self._passage) for candidate in candidates]
        with self._lock, torch.inference_mode():
            views = self._model.views([self._written(question)])
            scores = match(views, self._vectors(passages)[None])[0]
        return np.asarray(scores.float().cpu().numpy(), dtype=np.float32)

    def _vectors(self, passages: Sequence[str]) -> Any:
        """(k, d); the ones met for the first time are encoded together."""
        import torch

        new = [text for text in dict.fromkeys(passages) if text not in self._known]
        if new:
            written = [self._written(self._prepare(text)) for text in new]
            self._known.update(zip(new, self._model.vectors(written), strict=True))
        found = torch.stack([self._known[text] for text in passages])
        for text in passages:
            self._known.move_to_end(text)
        while len(self._known) > _KNOWN_PASSAGES:
            self._known.popitem(last=False)
        return found

    def _written(self, text: PreparedText) -> str:
        return self._profile.prefix + (text.segmented if self._profile.segmented else text.plain)


def open_poly_encoder(
    profile: RerankerProfile, settings: Settings, prepare: Prepare
) -> PolyEncoderReranker:
    """Load a poly-encoder from its folder. Raises BadSetting or ModelUnavailable."""
    if settings.reranker_backend != "torch":
        raise BadSetting(
            f"VIFAQ_RERANKER_BACKEND is {settings.reranker_backend!r}, but {profile.name} is a "
            "poly-encoder, which runs on torch alone"
        )
    folder = Path(profile.model)
    model, _ = load_model("encoder", profile, folder, backend="torch", threads=settings.threads)
    from service.models.poly_codes import PolyEncoder, load_codes, with_codes

    try:
        codes = load_codes(folder)
    except Exception as error:  # whatever a damaged file makes the library raise
        raise ModelUnavailable(
            f"{profile.name}: the codes in {folder} cannot be loaded ({error}). Train it again"
        ) from error
    limit = model.max_seq_length
    whole = with_codes(model, codes)
    whole.max_seq_length = limit
    return PolyEncoderReranker(PolyEncoder(whole), profile, prepare, settings.rerank_passage)
