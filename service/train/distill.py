"""A cross-encoder teaches a bi-encoder. Imports torch.

Margin-MSE (Hofstätter et al. 2020): the student learns by how much the teacher prefers the right
text to the wrong one. The service compares cosines, so the teacher's scores are taken as
probabilities, whose differences lie in the same range as the student's.
"""

from __future__ import annotations

from typing import Any

from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.losses import MarginMSELoss
from sentence_transformers.util import pairwise_cos_sim

from service.errors import BadInput
from service.train.base import find_base, load_base
from service.train.bi import encoder_job
from service.train.config import TrainConfig
from service.train.cross import probabilities
from service.train.job import Job
from service.train.material import Material, Triple, triples
from service.train.wording import Wording


def distill_job(config: TrainConfig, material: Material, student: SentenceTransformer) -> Job:
    """Raises BadInput or ModelUnavailable for the teacher."""
    learned = triples(material)
    margins = _margins(config.teacher or "", material, learned)
    write = material.wording.write
    rows = [
        {
            "anchor": write(triple.anchor),
            "positive": write(triple.positive),
            "negative": write(triple.negative),
            "label": margin,
        }
        for triple, margin in zip(learned, margins, strict=True)
    ]
    loss = MarginMSELoss(student, similarity_fct=pairwise_cos_sim)
    return encoder_job(material, student, rows, loss)


def _margins(name: str, material: Material, learned: list[Triple]) -> list[float]:
    """By how much the teacher, which may want its text another way, prefers each positive."""
    option = "--teacher"
    profile = find_base(name, "reranker", None, material.settings, option)
    teacher: Any = load_base(profile, "reranker", material.settings, option)
    if teacher.num_labels != 1:
        raise BadInput(f"{option} {name} is a classifier of {teacher.num_labels} classes")
    write = Wording(material.wording.path, profile).write
    right = [(write(triple.anchor), write(triple.positive)) for triple in learned]
    wrong = [(write(triple.anchor), write(triple.negative)) for triple in learned]
    difference = probabilities(teacher, right) - probabilities(teacher, wrong)
    return [float(margin) for margin in difference]
