"""How the embedded encoder learns: contrastive steps over bags of features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from service.domain import FloatArray
from service.errors import BadInput
from service.models.embedded.learner import Learner, Touched, drop_features, info_nce
from service.models.embedded.memory import Memory
from service.models.embedded.quantised import Indices, pack, quantise
from service.models.embedded.table import Table
from service.train.corpus import Corpus, Features, Group

if TYPE_CHECKING:
    import torch

_PRETRAINING = 1_000  # in the place of a run's number
_TWINS = 0.9  # cosine beyond which two intents are remembered as one
_INTENTS_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Recipe:
    """Found on development sets; eval/LOG.md has the alternatives."""

    dimension: int = 384
    known_features: int = 49_000
    pool_rows: int = 22_000
    neighbours: int = 100_000  # pairs of sentences to begin with
    pretrain_steps: int = 400
    pretrain_batch: int = 512
    pretrain_dropped: float = 0.7  # share of a sentence's features left out
    runs: int = 4  # averaged
    steps: int = 1_000  # of each run
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


class Training(ABC):
    """Steps that move a table, and can be stopped and gone on with."""

    def __init__(
        self, corpus: Corpus, table: Table, recipe: Recipe, device: str, run: int, steps: int
    ) -> None:
        self.recipe, self.table, self.step, self.steps = recipe, table, 0, steps
        self._origin = {"corpus": corpus.digest, "recipe": asdict(recipe), "run": run}
        self._rng = np.random.default_rng([recipe.seed, run])
        self.learner = Learner(table.vectors.decode(np.arange(len(table))), device)

    @abstractmethod
    def train_one(self) -> float:
        """One step; returns the loss."""

    def _follow(self, loss: torch.Tensor, touched: Touched) -> float:
        self.learner.step(loss, touched, self._learning_rate())
        self.step += 1
        return float(loss.detach())

    def _learning_rate(self) -> float:
        left = 1 - self.step / self.steps
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


class Pretrainer(Training):
    """Sentences find their neighbours, so that words which keep company begin side by side.

    The encyclopaedia says which; what is asked in the same way only paraphrases can tell.
    """

    def __init__(self, corpus: Corpus, table: Table, recipe: Recipe, device: str) -> None:
        super().__init__(corpus, table, recipe, device, _PRETRAINING, recipe.pretrain_steps)
        self._pairs = [(_bag(a, table), _bag(b, table)) for a, b in corpus.neighbours]

    def train_one(self) -> float:
        """One step; returns the loss."""
        recipe, rng = self.recipe, self._rng
        size = min(recipe.pretrain_batch, len(self._pairs))
        drawn = [self._pairs[at] for at in rng.choice(len(self._pairs), size, replace=False)]
        sides = [
            [drop_features(pair[side], recipe.pretrain_dropped, rng) for pair in drawn]
            for side in (0, 1)
        ]
        vectors, touched = self.learner.encode(sides[0] + sides[1])
        loss = info_nce(vectors[:size], vectors[size:], recipe.temperature)
        return self._follow(loss, touched)


class Trainer(Training):
    """Contrastive steps over paraphrases, paraphrases with names, and parallel sentences."""

    def __init__(
        self, corpus: Corpus, table: Table, recipe: Recipe, device: str, run: int = 0
    ) -> None:
        """Runs differ in their batches alone."""
        super().__init__(corpus, table, recipe, device, run, recipe.steps)
        self._corpus = corpus
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
        return self._follow(loss, touched)

    def trained(self) -> Table:
        """The table as it is now, with a memory of its groups."""
        return remember(super().trained(), self._corpus.groups)

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


def remember(table: Table, groups: Sequence[Group]) -> Table:
    """The table with a memory of these intents: each the mean of its utterances' vectors."""
    return replace(
        table, memory=Memory(pack(distinct(np.stack([_mean(g, table) for g in groups]))))
    )


def distinct(intents: FloatArray, twins: float = _TWINS) -> FloatArray:
    """(m, dim) of (n, dim) unit vectors: each first one, together with all nearer than `twins`."""
    left = np.ones(len(intents), dtype=bool)
    found = []
    for start in range(0, len(intents), _INTENTS_AT_ONCE):
        near = intents[start : start + _INTENTS_AT_ONCE] @ intents.T > twins
        for number, twin in enumerate(near, start):
            if left[number]:
                left[number] = False
                found.append(intents[number] + intents[twin & left].sum(axis=0))
                left &= ~twin
    means = np.stack(found)
    unit: FloatArray = means / np.linalg.norm(means, axis=1, keepdims=True)
    return unit


def _mean(group: Group, table: Table) -> FloatArray:
    bags = (_bag(utterance.written, table) for utterance in group.utterances)
    sums = np.stack([table.vectors.decode(bag).sum(axis=0) for bag in bags])
    mean = (sums / np.linalg.norm(sums, axis=1, keepdims=True)).sum(axis=0)
    unit: FloatArray = mean / np.linalg.norm(mean)
    return unit


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
