"""Runs one job through sentence-transformers' trainer. Imports torch.

Ten times in a run the held-out families are measured and a checkpoint is written; three times
without a better figure end it, and the best checkpoint is the result.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import (
    CrossEncoderTrainer,
    CrossEncoderTrainingArguments,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.base.evaluation import BaseEvaluator
from sentence_transformers.base.sampler import BatchSamplers
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback

from service.domain import Progress
from service.train.config import TrainConfig
from service.train.job import AS_WRITTEN, Job
from service.train.told import Told

_MEASURED = 10  # times in a run
_PATIENCE = 3
_STATE, _LOSS = "trainer_state.json", "loss.safetensors"


@dataclass(frozen=True, slots=True)
class Fitted:
    """How the training went."""

    steps: int
    best_step: int
    best: float | None  # the metric at that step
    curve: tuple[Mapping[str, float], ...]  # step, loss since the last one, held-out figures


def fit(job: Job, config: TrainConfig, folder: Path, metric: str, told: Told) -> Fitted:
    """Trains job.model in place, from the newest checkpoint in `folder` if there is one."""
    for library in ("sentence_transformers", "transformers"):
        logging.getLogger(library).setLevel(logging.ERROR)
    kind, arguments = _TRAINERS[job.use]
    trainer = kind(
        model=job.model,
        args=arguments(**_arguments(job, config, folder, metric)),
        train_dataset=job.rows,
        loss=job.loss,
        evaluator=_Figures(job),
        callbacks=[EarlyStoppingCallback(_PATIENCE), _Report(told, metric), _KeepLoss(job.loss)],
    )
    trainer.remove_callback(PrinterCallback)
    last = newest_checkpoint(folder)
    if last:
        told.note(f"Continues from step {last.name.rpartition('-')[2]}.")
        _restore_loss(job.loss, last)
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    state = trainer.state
    curve = _curve(state.log_history)
    return Fitted(state.global_step, state.best_global_step, state.best_metric, curve)


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest that is complete: its state is written last. Others are left from a kill."""
    found = [path for path in folder.glob("checkpoint-*") if _is_complete(path)]
    return max(found, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _is_complete(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / _STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _arguments(job: Job, config: TrainConfig, folder: Path, metric: str) -> dict[str, Any]:
    steps = math.ceil(len(job.rows) / config.batch_size) * config.epochs
    every = max(1, min(steps, config.max_steps or steps) // _MEASURED)
    return {
        "output_dir": str(folder),
        "num_train_epochs": config.epochs,
        "max_steps": config.max_steps or -1,
        "per_device_train_batch_size": config.batch_size,
        "learning_rate": config.learning_rate,
        "warmup_steps": 0.1,  # of all
        "batch_sampler": BatchSamplers.NO_DUPLICATES if job.distinct else "batch_sampler",
        "eval_strategy": "steps",
        "eval_steps": every,
        "save_strategy": "steps",
        "save_steps": every,
        "save_total_limit": 2,
        "logging_steps": every,
        "load_best_model_at_end": True,
        "restore_callback_states_from_checkpoint": True,
        "metric_for_best_model": f"eval_{metric}",
        "greater_is_better": True,
        "seed": config.seed,
        "data_seed": config.seed,
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": torch.cuda.is_available(),
    }


def _curve(history: Sequence[Mapping[str, float]]) -> tuple[Mapping[str, float], ...]:
    """The trainer logs losses and figures apart, at the same steps."""
    names = {"loss": "loss"} | {f"eval_{name}": name for name in ("recall@1", "mrr", "spearman")}
    points: dict[float, dict[str, float]] = {}
    for entry in history:
        point = points.setdefault(entry["step"], {"step": entry["step"]})
        point |= {names[key]: value for key, value in entry.items() if key in names}
    return tuple(point for point in points.values() if len(point) > 1)


def _own_weights(loss: torch.nn.Module) -> dict[str, torch.Tensor]:
    """What a loss learns besides the model, such as softmax's classifier."""
    return {
        name: value.detach().cpu().contiguous()
        for name, value in loss.state_dict().items()
        if "model." not in name
    }


def _restore_loss(loss: torch.nn.Module, checkpoint: Path) -> None:
    if _own_weights(loss):
        loss.load_state_dict(load_file(checkpoint / _LOSS), strict=False)


class _NoCard:
    """The project writes a card of its own."""

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """The trainer's would look into the data for examples to show."""


class _EncoderTrainer(_NoCard, SentenceTransformerTrainer):  # type: ignore[misc, unused-ignore]
    pass


class _RerankerTrainer(_NoCard, CrossEncoderTrainer):  # type: ignore[misc, unused-ignore]
    pass


class _Figures(BaseEvaluator):  # type: ignore[misc, unused-ignore]
    def __init__(self, job: Job) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._measure = job.figures[AS_WRITTEN]

    def __call__(self, *_args: Any, **_kwargs: Any) -> dict[str, float]:
        return self._measure()


class _KeepLoss(TrainerCallback):  # type: ignore[misc, unused-ignore]
    """Writes the loss's own weights into each checkpoint: the trainer keeps the model's alone."""

    def __init__(self, loss: torch.nn.Module) -> None:
        self._loss = loss

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if own := _own_weights(self._loss):
            save_file(own, Path(args.output_dir, f"checkpoint-{state.global_step}", _LOSS))


class _Report(TrainerCallback):  # type: ignore[misc, unused-ignore]
    def __init__(self, told: Told, metric: str) -> None:
        self._told, self._metric = told, metric

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._told.progress(Progress("train", state.global_step, state.max_steps))

    def on_evaluate(self, args: Any, state: Any, control: Any, **known: Any) -> None:
        value = known["metrics"][f"eval_{self._metric}"]
        self._told.note(f"step {state.global_step}: {self._metric} {value:.4f}")


_TRAINERS: Mapping[str, tuple[Any, Any]] = {
    "encoder": (_EncoderTrainer, SentenceTransformerTrainingArguments),
    "poly-encoder": (_EncoderTrainer, SentenceTransformerTrainingArguments),
    "cross-encoder": (_RerankerTrainer, CrossEncoderTrainingArguments),
}
