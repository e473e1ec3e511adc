"""What every objective is given, and the rows it is trained on."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.errors import BadInput
from service.settings import Settings
from service.text.noise import NoiseKind, add_noise
from service.train.examples import Examples, Group
from service.train.measure import DevSet
from service.train.negatives import Encode, hard_negatives
from service.train.wording import Wording

_NEGATIVES = 4  # a question
_UNMARKED = 0.3  # share of questions learned as typed without marks


@dataclass(frozen=True, slots=True)
class Material:
    """Data, split and worded."""

    train: Examples
    dev: DevSet
    wording: Wording
    alike: Encode  # finds what looks alike without any model
    settings: Settings
    seed: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as typed, its stored question, and stored ones it is not."""

    anchor: str
    positive: str
    negatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Triple:
    """A question as typed, what it asks for, and one thing that it does not."""

    anchor: str
    positive: str
    negative: str


def asked(material: Material) -> list[Asked]:
    """Every question of the training groups. Raises BadInput when there is nothing to tell apart.

    Positives and negatives are stored questions alone, so that a batch without repeated texts never
    takes one way to ask something for a negative of another.
    """
    groups = material.train.groups
    rng = random.Random(material.seed)  # noqa: S311 - a sample, not a secret
    found = list(_asked(groups, hard_negatives(groups, material.alike, _NEGATIVES), material, rng))
    if not found:
        raise BadInput(
            "The data has no FAQs with alternates, pairs or triplets to tell apart; "
            "this loss needs some."
        )
    return found


def _asked(
    groups: Sequence[Group],
    negatives: Sequence[tuple[str, ...]],
    material: Material,
    rng: random.Random,
) -> Iterator[Asked]:
    write = material.wording.write
    for group, hard in zip(groups, negatives, strict=True):
        others = hard or _any_other(groups, group, rng)
        for text in group.texts[1:]:
            noise = NoiseKind.NO_MARKS if rng.random() < _UNMARKED else NoiseKind.NONE
            anchor = add_noise(text, noise, seed=0)
            if others and write(anchor) != write(group.question):
                yield Asked(anchor, group.question, others)


def triples(material: Material) -> list[Triple]:
    """One for each question; a group's negatives take turns."""
    turns = enumerate(asked(material))
    return [Triple(a.anchor, a.positive, a.negatives[at % len(a.negatives)]) for at, a in turns]


def _any_other(groups: Sequence[Group], group: Group, rng: random.Random) -> tuple[str, ...]:
    """For a group that nothing resembles."""
    others = [other.question for other in rng.sample(groups, min(2, len(groups)))]
    return tuple(question for question in others if question != group.question)[:1]
