"""Trains the embedded encoder: `python -m service.train.embedded --help`."""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from service.models.embedded.encoder import WEIGHTS
from service.models.embedded.learner import single_threaded
from service.models.embedded.quantised import quantise
from service.models.embedded.table import Table
from service.text.courtesy import Courtesies
from service.text.lexicon import Lexicon
from service.text.path import TextPath
from service.text.segment import PyviSegmenter
from service.text.spelling import Speller
from service.train.contrastive import Pretrainer, Recipe, Trainer, Training, remember
from service.train.corpus import (
    Corpus,
    count_features,
    read_groups,
    read_names,
    read_neighbours,
    read_parallel,
)

_CHECKPOINT_EVERY = 100  # steps
_MAX_CHARS = 4000


def start_table(corpus: Corpus, recipe: Recipe) -> Table:
    """Random directions whose lengths are IDFs: rare words count from the start."""
    weight, texts, n_texts = count_features(corpus)
    known = [feature for feature, _ in weight.most_common(recipe.known_features)]
    longest = math.log(n_texts + 1)
    idf = [math.log((n_texts + 1) / (texts[feature] + 1)) / longest for feature in known]
    lengths = np.array(idf + [0.5] * recipe.pool_rows, dtype=np.float32)
    rng = np.random.default_rng(recipe.seed)
    directions = rng.standard_normal((len(lengths), recipe.dimension), dtype=np.float32)
    vectors = directions / math.sqrt(recipe.dimension) * lengths[:, None]
    return Table(np.array(known, dtype=np.uint32), quantise(vectors))


def read_corpus(paraphrases: Path, data: Path, recipe: Recipe) -> Corpus:
    """Raises BadInput for a bad line, OSError for a missing file."""
    text = TextPath(
        PyviSegmenter(), Lexicon.load(), Speller.load(), Courtesies.load(), max_chars=_MAX_CHARS
    )
    rng = np.random.default_rng(recipe.seed)
    return Corpus(
        groups=read_groups(paraphrases, text),
        parallel=read_parallel(data / "parallel_en_vi.tsv.xz", text, rng),
        names=read_names(data / "viwiki.txt.xz", text),
        neighbours=read_neighbours(data / "viwiki.txt.xz", text, recipe.neighbours, rng),
    )


def train(corpus: Corpus, recipe: Recipe, out: Path, device: str, console: Console) -> None:
    """Train and write `out`; checkpoints beside it let a stopped training go on.

    Runs from one start over batches of their own are averaged: what they agree on stays, and what
    one of them overfitted fades (model soups, Wortsman et al. 2022).
    """
    checkpoints = [out.with_suffix(f".run{run}.checkpoint") for run in range(recipe.runs)]
    with Progress(*Progress.get_default_columns(), console=console) as bar:
        start = start_table(corpus, recipe)
        if corpus.neighbours:
            first = Pretrainer(corpus, start, recipe, device)
            checkpoints.append(out.with_suffix(".pretrain.checkpoint"))
            _finish(first, checkpoints[-1], "pretraining", bar)
            start = first.trained()
        total = np.zeros((len(start), recipe.dimension), dtype=np.float32)
        for run in range(recipe.runs):
            trainer = Trainer(corpus, start, recipe, device, run)
            _finish(trainer, checkpoints[run], f"run {run + 1} of {recipe.runs}", bar)
            total += trainer.learner.vectors
    facts = {"recipe": json.dumps(asdict(recipe)), "torch": version("torch")}
    averaged = Table(start.known, quantise(total / np.float32(recipe.runs)))
    remember(averaged, corpus.groups).save(out, {**facts, "corpus": corpus.digest})
    for checkpoint in checkpoints:
        checkpoint.unlink(missing_ok=True)


def _finish(training: Training, checkpoint: Path, name: str, bar: Progress) -> None:
    """All steps that are left, from the checkpoint where there is one."""
    if checkpoint.exists():
        training.resume(checkpoint)
    task = bar.add_task(name, total=training.steps, completed=training.step)
    while training.step < training.steps:
        loss = training.train_one()
        bar.update(task, completed=training.step, description=f"{name}, loss {loss:.3f}")
        if training.step % _CHECKPOINT_EVERY == 0 or training.step == training.steps:
            training.save(checkpoint)


def main() -> None:
    """Read the corpus, train, write the weights."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training text")
    parser.add_argument("--paraphrases", type=Path, default=Path("faq_data/paraphrases"))
    parser.add_argument("--out", type=Path, default=Path("service/models/embedded") / WEIGHTS)
    parser.add_argument("--steps", type=int, default=Recipe().steps)
    given = parser.parse_args()
    if given.out.is_dir():
        parser.error(f"--out {given.out} is a folder: name the file to write")
    console, recipe = Console(), replace(Recipe(), steps=given.steps)
    started = time.monotonic()
    corpus = read_corpus(given.paraphrases, given.data, recipe)
    console.print(
        f"{len(corpus.groups)} groups, {len(corpus.parallel)} sentence pairs, "
        f"{len(corpus.names)} names and {len(corpus.neighbours)} pairs of neighbours read "
        f"in {time.monotonic() - started:.0f} s"
    )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with single_threaded():
        train(corpus, recipe, given.out, device, console)
    console.print(f"wrote {given.out} after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
