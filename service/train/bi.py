"""Bi-encoders. Imports torch: only for those who train.

Losses: multiple negatives ranking (InfoNCE over the batch and hard negatives), triplet, CoSENT,
softmax over judged pairs (Reimers and Gurevych 2019), each of them also at smaller dimensions
(Kusupati et al. 2022, "Matryoshka representation learning").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import losses

from service.domain import FloatArray
from service.errors import BadInput
from service.text.noise import NoiseKind
from service.train.config import TrainConfig
from service.train.job import AS_WRITTEN, NO_MARKS, Job
from service.train.material import Material, triples
from service.train.measure import Figures, measure_encoder

_MARGIN = 0.3  # of cosines, for triplets

Rows = list[dict[str, Any]]


def bi_job(config: TrainConfig, material: Material, model: SentenceTransformer) -> Job:
    """Raises BadInput when the data does not suit the loss, or dimensions the model."""
    dimensions = matryoshka_dimensions(config, model)
    rows, loss = _LOSSES[config.loss](material, model)
    if dimensions:
        loss = losses.MatryoshkaLoss(model, loss, dimensions)
    return encoder_job(material, model, rows, loss, dimensions[1:], distinct=config.loss == "mnr")


def encoder_job(
    material: Material,
    model: SentenceTransformer,
    rows: Rows,
    loss: Any,
    dimensions: tuple[int, ...] = (),
    *,
    distinct: bool = False,
) -> Job:
    """A job that ends in an encoder, judged as an encoder."""
    measure = partial(measure_encoder, partial(_encode, model), material.dev, material.wording)
    figures: Mapping[str, Callable[[], Figures]] = {
        AS_WRITTEN: partial(measure, NoiseKind.NONE),
        NO_MARKS: partial(measure, NoiseKind.NO_MARKS),
        **{f"{n} dimensions": partial(measure, NoiseKind.NONE, n) for n in dimensions},
    }

    def save(folder: Path) -> None:
        model.save(str(folder), create_model_card=False)

    return Job("encoder", model, Dataset.from_list(rows), loss, figures, save, distinct)


def matryoshka_dimensions(config: TrainConfig, model: SentenceTransformer) -> tuple[int, ...]:
    """Largest first, the model's own among them; none when none are wanted."""
    own = model.get_embedding_dimension() or 0
    for dimension in config.matryoshka:
        if not 0 < dimension < own:
            raise BadInput(
                f"--matryoshka {dimension}: {config.base} has {own} dimensions; go below"
            )
    return tuple(sorted({own, *config.matryoshka}, reverse=True)) if config.matryoshka else ()


def _encode(model: SentenceTransformer, texts: list[str]) -> FloatArray:
    """The prefix has been written already."""
    found: FloatArray = model.encode(
        texts, prompt="", batch_size=64, show_progress_bar=False, normalize_embeddings=True
    )
    return found


def _ranking(material: Material, model: SentenceTransformer) -> tuple[Rows, Any]:
    return _triple_rows(material), losses.MultipleNegativesRankingLoss(model)


def _triplet(material: Material, model: SentenceTransformer) -> tuple[Rows, Any]:
    metric = losses.TripletDistanceMetric.COSINE
    loss = losses.TripletLoss(model, distance_metric=metric, triplet_margin=_MARGIN)
    return _triple_rows(material), loss


def _triple_rows(material: Material) -> Rows:
    write = material.wording.write
    return [
        {"anchor": write(t.anchor), "positive": write(t.positive), "negative": write(t.negative)}
        for t in triples(material)
    ]


def _cosent(material: Material, model: SentenceTransformer) -> tuple[Rows, Any]:
    """Scored pairs; questions are 1 to their own and 0 to their hard negatives."""
    write = material.wording.write
    rows = [(p.left, p.right, p.score) for p in material.train.scored]
    for row in triples(material) if material.train.groups else []:
        rows += [(row.anchor, row.positive, 1.0), (row.anchor, row.negative, 0.0)]
    if not rows:
        raise BadInput('--loss cosent needs lines of {"text1", "text2", "score"}, or FAQs')
    written = [{"left": write(a), "right": write(b), "label": score} for a, b, score in rows]
    return written, losses.CoSENTLoss(model)


def _softmax(material: Material, model: SentenceTransformer) -> tuple[Rows, Any]:
    judged = material.train.judged
    labels = sorted({pair.label for pair in judged})
    if len(labels) < 2:
        raise BadInput(
            '--loss softmax needs lines of {"text1", "text2", "label"}, two labels or more'
        )
    write = material.wording.write
    rows = [
        {"left": write(p.left), "right": write(p.right), "label": labels.index(p.label)}
        for p in judged
    ]
    return rows, losses.SoftmaxLoss(model, model.get_embedding_dimension() or 0, len(labels))


_LOSSES: Mapping[str, Callable[[Material, SentenceTransformer], tuple[Rows, Any]]] = {
    "mnr": _ranking,
    "triplet": _triplet,
    "cosent": _cosent,
    "softmax": _softmax,
}
