"""Trains the embedded encoder: `python -m service.train.embedded --help`."""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from service.errors import BadInput
from service.models.embedded.encoder import WEIGHTS
from service.models.embedded.learner import Learner, drop_features, info_nce, single_threaded
from service.models.embedded.table import Indices, Table, quantise
from service.text.lexicon import Lexicon
from service.text.path import TextPath
from service.text.segment import PyviSegmenter
from service.text.spelling import Speller
from service.train.corpus import (
    Corpus,
    Features,
    Group,
    count_features,
    read_groups,
    read_names,
    read_parallel,
)

_CHECKPOINT_EVERY = 100  # steps
_MAX_CHARS = 4000


@dataclass(frozen=True, slots=True)
class Recipe:
    """Found on development sets; eval/LOG.md has the alternatives."""

    dimension: int = 384
    known_features: int = 56_000
    pool_rows: int = 24_000
    runs: int = 4  # averaged
    steps: int = 800  # of each run
    batch: int = 768  # groups; whole families
    learning_rate: float = 4e-3
    temperature: float = 0.06
    dropped: float = 0.33  # share of a text's features left out
    folded: float = 0.45  # share of texts seen without marks
    noisy: float = 0.15  # share of texts seen with typing noise
    named: float = 0.3  # pairs with a name put in, per group of the batch
    names_per_group: int = 2
    parallel: float = 0.15  # sentence pairs per group of the batch
    parallel_weight: float = 0.2
    seed: int = 0


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


class Trainer:
    """Contrastive steps over paraphrases, paraphrases with names, and parallel sentences."""

    def __init__(
        self, corpus: Corpus, table: Table, recipe: Recipe, device: str, run: int = 0
    ) -> None:
        """Runs differ in their batches alone."""
        self.recipe, self.table, self.step = recipe, table, 0
        self._origin = {"corpus": corpus.digest(), "recipe": asdict(recipe), "run": run}
        self._rng = np.random.default_rng([recipe.seed, run])
        self.learner = Learner(table.vectors.decode(np.arange(len(table))), device)
        self._groups = [_Bags(group, table) for group in corpus.groups]
        self._parallel = [(_bag(a, table), _bag(b, table)) for a, b in corpus.parallel]
        self._names = [(_bag(a, table), _bag(b, table)) for a, b in corpus.names]
        self._families: dict[str, list[int]] = defaultdict(list)
        for at, group in enumerate(corpus.groups):
            self._families[group.family].append(at)

    def train_one(self) -> float:
        """One step; returns the loss."""
        recipe, groups = self.recipe, self._draw_groups()
        pairs = [self._groups[at].pair(self._rng, recipe) for at in groups]
        pairs += self._named_pairs(groups)
        sentences = self._sentences(int(recipe.parallel * recipe.batch))
        sides = [[self._drop(side[at]) for side in pairs + sentences] for at in (0, 1)]
        vectors, touched = self.learner.encode(sides[0] + sides[1])
        first, second = vectors[: len(sides[0])], vectors[len(sides[0]) :]
        n = len(pairs)
        loss = info_nce(first[:n], second[:n], recipe.temperature)
        if sentences:
            extra = info_nce(first[n:], second[n:], recipe.temperature)
            loss = loss + recipe.parallel_weight * extra
        self.learner.step(loss, touched, self._learning_rate())
        self.step += 1
        return float(loss.detach())

    def _draw_groups(self) -> list[int]:
        """Whole families, so that siblings are negatives of each other."""
        families = list(self._families.values())
        drawn: list[int] = []
        for family in self._rng.permutation(len(families)):
            drawn += families[family]
            if len(drawn) >= self.recipe.batch:
                break
        return drawn

    def _named_pairs(self, groups: list[int]) -> list[tuple[Indices, Indices]]:
        """The same question about different names: the name must tell them apart."""
        recipe, rng = self.recipe, self._rng
        if not self._names:
            return []
        count = int(recipe.named * recipe.batch / recipe.names_per_group)
        chosen = rng.choice(groups, min(count, len(groups)), replace=False)
        pairs = []
        for at in np.repeat(chosen, recipe.names_per_group):
            name = self._names[rng.integers(len(self._names))]
            pairs.append(self._groups[at].pair_about(name, rng, recipe))
        return pairs

    def _sentences(self, count: int) -> list[tuple[Indices, Indices]]:
        if not self._parallel:
            return []
        drawn = self._rng.choice(len(self._parallel), count, replace=False)
        return [self._parallel[at] for at in drawn]

    def _drop(self, bag: Indices) -> Indices:
        return drop_features(bag, self.recipe.dropped, self._rng)

    def _learning_rate(self) -> float:
        left = 1 - self.step / self.recipe.steps
        return self.recipe.learning_rate * min(1.0, (self.step + 1) / 20) * left

    def trained(self) -> Table:
        """The table as it is now."""
        return Table(self.table.known, quantise(self.learner.vectors))

    def save(self, path: Path) -> None:
        """Write a checkpoint; the old one stays until the new one is whole."""
        import torch

        part = path.with_suffix(".part")
        state = {
            "of": self._origin,
            "learner": self.learner.state(),
            "step": self.step,
            "rng": self._rng.bit_generator.state,
        }
        torch.save(state, part)
        part.replace(path)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint. Raises BadInput when it is of another corpus or recipe."""
        import torch

        state = torch.load(path, weights_only=True)
        if state["of"] != self._origin:
            raise BadInput(f"{path} is of another corpus or recipe: delete it to start anew.")
        self.learner.restore(state["learner"])
        self.step = state["step"]
        self._rng.bit_generator.state = state["rng"]


class _Bags:
    """A group as rows of the table."""

    def __init__(self, group: Group, table: Table) -> None:
        self._utterances = [
            (_bag(u.written, table), _bag(u.folded, table), [_bag(n, table) for n in u.noisy])
            for u in group.utterances
        ]

    def pair(self, rng: np.random.Generator, recipe: Recipe) -> tuple[Indices, Indices]:
        first, second = rng.choice(len(self._utterances), 2, replace=False)
        return self._typed(first, rng, recipe), self._typed(second, rng, recipe)

    def _typed(self, at: int, rng: np.random.Generator, recipe: Recipe) -> Indices:
        written, folded, noisy = self._utterances[at]
        draw = rng.random()
        if draw < recipe.folded:
            return folded
        return noisy[rng.integers(len(noisy))] if draw < recipe.folded + recipe.noisy else written

    def pair_about(
        self, name: tuple[Indices, Indices], rng: np.random.Generator, recipe: Recipe
    ) -> tuple[Indices, Indices]:
        first, second = rng.choice(len(self._utterances), 2, replace=False)
        sides = []
        for at, folded in zip((first, second), rng.random(2) < recipe.folded, strict=True):
            sides.append(np.concatenate([self._utterances[at][int(folded)], name[int(folded)]]))
        return sides[0], sides[1]


def _bag(found: Features, table: Table) -> Indices:
    return np.asarray(table.rows(found) or [0], dtype=np.int64)


def read_corpus(paraphrases: Path, data: Path, recipe: Recipe) -> Corpus:
    """Raises BadInput for a bad line, OSError for a missing file."""
    text = TextPath(PyviSegmenter(), Lexicon.load(), Speller.load(), max_chars=_MAX_CHARS)
    rng = np.random.default_rng(recipe.seed)
    return Corpus(
        groups=read_groups(paraphrases, text),
        parallel=read_parallel(data / "parallel_en_vi.tsv.xz", text, rng),
        names=read_names(data / "viwiki.txt.xz", text),
    )


def train(corpus: Corpus, recipe: Recipe, out: Path, device: str, console: Console) -> None:
    """Train and write `out`; checkpoints beside it let a stopped training go on.

    Runs from one start over batches of their own are averaged: what they agree on stays, and what
    one of them overfitted fades (model soups, Wortsman et al. 2022).
    """
    start = start_table(corpus, recipe)
    total = np.zeros((len(start), recipe.dimension), dtype=np.float32)
    checkpoints = [out.with_suffix(f".run{run}.checkpoint") for run in range(recipe.runs)]
    with Progress(*Progress.get_default_columns(), console=console) as bar:
        for run, checkpoint in enumerate(checkpoints):
            trainer = Trainer(corpus, start, recipe, device, run)
            if checkpoint.exists():
                trainer.resume(checkpoint)
            task = bar.add_task("", total=recipe.steps, completed=trainer.step)
            while trainer.step < recipe.steps:
                loss = trainer.train_one()
                name = f"run {run + 1} of {recipe.runs}, loss {loss:.3f}"
                bar.update(task, completed=trainer.step, description=name)
                if trainer.step % _CHECKPOINT_EVERY == 0 or trainer.step == recipe.steps:
                    trainer.save(checkpoint)
            total += trainer.learner.vectors
    facts = {"recipe": json.dumps(asdict(recipe)), "torch": version("torch")}
    averaged = Table(start.known, quantise(total / np.float32(recipe.runs)))
    averaged.save(out, {**facts, "corpus": corpus.digest()})
    for checkpoint in checkpoints:
        checkpoint.unlink(missing_ok=True)


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
        f"{len(corpus.names)} names read in {time.monotonic() - started:.0f} s"
    )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with single_threaded():
        train(corpus, recipe, given.out, device, console)
    console.print(f"wrote {given.out} after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
