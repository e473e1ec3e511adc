"""Cross-encoders: rerankers that read both texts together. Imports torch.

Losses: binary cross-entropy over pairs, or LambdaLoss over lists (Wang et al. 2018).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from datasets import Dataset
from sentence_transformers import CrossEncoder
from sentence_transformers.cross_encoder import losses
from torch.nn import Identity, Sigmoid

from service.domain import FloatArray
from service.errors import BadInput
from service.text.noise import NoiseKind
from service.train.config import TrainConfig
from service.train.job import AS_WRITTEN, NO_MARKS, Job
from service.train.material import Material, asked
from service.train.measure import measure_reranker

Rows = list[dict[str, Any]]


def cross_job(config: TrainConfig, material: Material, model: CrossEncoder) -> Job:
    """Raises BadInput when the data does not suit the loss, or the model gives several scores."""
    if model.num_labels != 1:
        raise BadInput(
            f"--base {config.base} is a classifier of {model.num_labels} classes; "
            "a reranker gives a pair one score"
        )
    listwise = config.loss == "lambda"
    rows = _list_rows(material) if listwise else _pair_rows(material)
    loss = losses.LambdaLoss(model) if listwise else losses.BinaryCrossEntropyLoss(model)
    measure = partial(measure_reranker, partial(logits, model), material.dev, material.wording)
    figures = {
        AS_WRITTEN: partial(measure, NoiseKind.NONE),
        NO_MARKS: partial(measure, NoiseKind.NO_MARKS),
    }

    def save(folder: Path) -> None:
        model.save_pretrained(str(folder), create_model_card=False)

    return Job("cross-encoder", model, Dataset.from_list(rows), loss, figures, save)


def logits(model: CrossEncoder, pairs: list[tuple[str, str]]) -> FloatArray:
    """(n,) one score a pair, on the model's own scale."""
    return _predict(model, pairs, Identity())


def probabilities(model: CrossEncoder, pairs: list[tuple[str, str]]) -> FloatArray:
    """(n,) from 0 to 1."""
    return _predict(model, pairs, Sigmoid())


def _predict(model: CrossEncoder, pairs: list[tuple[str, str]], activation: Any) -> FloatArray:
    found: FloatArray = model.predict(
        pairs, batch_size=64, show_progress_bar=False, activation_fn=activation
    )
    return found.reshape(len(pairs))


def _pair_rows(material: Material) -> Rows:
    """Scored pairs; questions are 1 to their own and 0 to each of their hard negatives."""
    write = material.wording.write
    rows = [(p.left, p.right, p.score) for p in material.train.scored]
    for row in asked(material) if material.train.groups else []:
        rows.append((row.anchor, row.positive, 1.0))
        rows += [(row.anchor, negative, 0.0) for negative in row.negatives]
    if not rows:
        raise BadInput("--loss bce needs FAQs with alternates, pairs, triplets or scored pairs")
    return [{"question": write(a), "passage": write(b), "label": score} for a, b, score in rows]


def _list_rows(material: Material) -> Rows:
    write = material.wording.write
    return [
        {
            "question": write(row.anchor),
            "passages": [write(text) for text in (row.positive, *row.negatives)],
            "labels": [1.0] + [0.0] * len(row.negatives),
        }
        for row in asked(material)
    ]
