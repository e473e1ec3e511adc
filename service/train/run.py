"""From a configuration to a model folder. Imports torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from transformers import set_seed

from service.errors import BadInput, VifaqError
from service.models.lexical import LexicalEncoder
from service.models.manifest import Manifest, write_manifest
from service.models.profiles import Profile
from service.settings import Settings
from service.train.base import Kind, find_base, load_base
from service.train.bi import bi_job
from service.train.config import TrainConfig
from service.train.cross import cross_job
from service.train.distill import distill_job
from service.train.fit import Fitted, fit, newest_checkpoint
from service.train.job import AS_WRITTEN, Job
from service.train.material import Material
from service.train.measure import Figures, dev_set
from service.train.negatives import encoding
from service.train.poly import poly_job
from service.train.read import read_examples
from service.train.report import Report, write_card
from service.train.split import split_by_family
from service.train.told import Told
from service.train.wording import Wording, text_path
from service.train.workspace import workspace

Build = Callable[[TrainConfig, Material, Any], Job]

_NOISE = 1e-2  # how far a figure may move when it is measured again, on a GPU
_BUILDERS: Mapping[str, tuple[Kind, Build]] = {
    "bi": ("encoder", bi_job),
    "cross": ("reranker", cross_job),
    "poly": ("encoder", poly_job),
    "distill": ("encoder", distill_job),
}


def train(what: str, config: TrainConfig, settings: Settings, told: Told) -> Report:
    """Trains "bi", "cross", "poly" or "distill"; config.out holds the result when it returns.

    Raises BadInput, BadFile, BadSetting, ModelUnavailable or Conflict; config.out then does not
    exist. What was interrupted after its first checkpoint is continued with config.resume.
    """
    kind, build = _BUILDERS[what]
    profile = find_base(config.base, kind, config.segmented, settings)
    recipe = {"objective": what, **config.recipe()}
    with workspace(config.out, recipe, resume=config.resume, has_progress=_has_progress) as place:
        started = time.monotonic()
        told.note("Reading and preparing the data…")
        material = _material(config, profile, settings)
        set_seed(config.seed)
        job = build(config, material, load_base(profile, kind, settings))
        before = _measure(job, "the base model", told)
        fitted = fit(job, config, place.checkpoints, material.dev.metric, told)
        after = _measure(job, "the result", told)
        _require_best(fitted, after[AS_WRITTEN][material.dev.metric])
        report = Report(
            objective=what,
            recipe=recipe,
            dev=material.dev,
            rows=len(job.rows),
            before=before,
            after=after,
            fitted=fitted,
            seconds=time.monotonic() - started,
        )
        manifest = _manifest(config, profile, job)
        place.publish(partial(_write, job, manifest, report))
    return report


def _material(config: TrainConfig, profile: Profile, settings: Settings) -> Material:
    split = split_by_family(read_examples(config.data), config.seed)
    wording = Wording(text_path(), profile)
    alike = encoding(LexicalEncoder(), wording)
    dev = dev_set(split, alike, config.seed)
    if not dev.queries and not dev.scored:
        raise BadInput(
            "There is nothing to check the result on: the held-out part has neither FAQs with "
            "alternates nor scored nor entailed pairs. Add some."
        )
    return Material(split.train, dev, wording, alike, settings, config.seed)


def _measure(job: Job, what: str, told: Told) -> dict[str, Figures]:
    told.note(f"Measuring {what} on the held-out families…")
    return {name: measure() for name, measure in job.figures.items()}


def _require_best(fitted: Fitted, measured: float) -> None:
    """The trainer only logs that it could not load its best checkpoint."""
    if fitted.best is not None and measured < fitted.best - _NOISE:
        raise VifaqError("The best checkpoint could not be loaded. Run it again with --resume.")


def _manifest(config: TrainConfig, profile: Profile, job: Job) -> Manifest:
    return Manifest(
        use=job.use,
        base=config.base,
        segmented=profile.segmented,
        prefix=profile.prefix,
        max_tokens=job.model.max_seq_length,
        matryoshka=config.matryoshka,
        licence=config.licence,
    )


def _write(job: Job, manifest: Manifest, report: Report, folder: Path) -> None:
    job.save(folder)
    write_manifest(folder, manifest)
    write_card(folder, manifest, report)


def _has_progress(checkpoints: Path) -> bool:
    return newest_checkpoint(checkpoints) is not None
