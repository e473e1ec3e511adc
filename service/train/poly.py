"""Poly-encoders (Humeau et al. 2020): see service/models/poly_codes.py. Imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from service.domain import FloatArray
from service.errors import BadInput
from service.models.poly_codes import SCALE, PolyCodes, PolyEncoder, match, save_poly, with_codes
from service.text.noise import NoiseKind
from service.train.config import TrainConfig
from service.train.job import AS_WRITTEN, NO_MARKS, Job
from service.train.material import Material, triples
from service.train.measure import measure_reranker

_CODES = 16  # of 16, 64 and 360 in the paper, the fewest: questions are short


def poly_job(config: TrainConfig, material: Material, backbone: SentenceTransformer) -> Job:
    """Raises BadInput for a backbone whose token and sentence vectors differ in length."""
    dimension = backbone.get_embedding_dimension()
    if dimension is None or dimension != _token_dimension(backbone):
        raise BadInput(
            f"--base {config.base}: a poly-encoder needs a backbone whose token and sentence "
            "vectors have the same dimension"
        )
    limit = backbone.max_seq_length
    model = with_codes(backbone, PolyCodes(_CODES, dimension))
    model.max_seq_length = limit
    write = material.wording.write
    rows = [
        {"question": write(t.anchor), "passage": write(t.positive), "negative": write(t.negative)}
        for t in triples(material)
    ]
    score = partial(_score, PolyEncoder(model))
    measure = partial(measure_reranker, score, material.dev, material.wording)
    figures = {
        AS_WRITTEN: partial(measure, NoiseKind.NONE),
        NO_MARKS: partial(measure, NoiseKind.NO_MARKS),
    }
    save = partial(_save, model)
    loss = PolyLoss(model)
    return Job("poly-encoder", model, Dataset.from_list(rows), loss, figures, save, distinct=True)


def _token_dimension(backbone: Any) -> int:
    dimension: int = backbone[0].get_embedding_dimension()
    return dimension


class PolyLoss(torch.nn.Module):
    """Cross-entropy of the right passage against the batch's others and their hard negatives."""

    def __init__(self, model: Any) -> None:
        """model: as `with_codes` makes it."""
        super().__init__()
        self.model = model

    def forward(self, features: Sequence[dict[str, Tensor]], labels: Tensor | None) -> Tensor:
        """features: of n questions, their passages, and as many negatives."""
        views = self.model(features[0])["views"]  # (n, m, d)
        columns = [self.model(column)["sentence_embedding"] for column in features[1:]]
        passages = normalize(torch.cat(columns), dim=-1)  # (2n, d)
        scores = match(views, passages.expand(len(views), -1, -1))  # (n, 2n)
        return cross_entropy(SCALE * scores, torch.arange(len(views), device=scores.device))


def _score(model: PolyEncoder, pairs: Sequence[tuple[str, str]]) -> FloatArray:
    """(n,); every text is encoded once."""
    questions = {text: at for at, text in enumerate(dict.fromkeys(left for left, _ in pairs))}
    passages = {text: at for at, text in enumerate(dict.fromkeys(right for _, right in pairs))}
    views, vectors = model.views(list(questions)), model.vectors(list(passages))
    scores = match(
        views[[questions[left] for left, _ in pairs]],
        vectors[[passages[right] for _, right in pairs]][:, None],
    )
    return np.asarray(scores[:, 0].float().cpu().numpy(), dtype=np.float32)


def _save(model: Any, folder: Path) -> None:
    save_poly(model, folder)
