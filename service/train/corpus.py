"""What the embedded encoder is trained on, as bags of features."""

from __future__ import annotations

import csv
import hashlib
import json
import lzma
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np

from service.domain import PreparedText
from service.errors import BadInput
from service.models.embedded.features import features
from service.models.views import folded_view
from service.text.noise import NoiseKind, add_noise

Features = tuple[int, ...]
Pair = tuple[Features, Features]

_NOISES = (NoiseKind.NO_MARKS, NoiseKind.TEENCODE, NoiseKind.TYPO, NoiseKind.TELEX)
_MAX_WORDS = 60  # of a sentence of the parallel text
_BIBLE_SHARE = 0.1  # its language is archaic

_UPPER = "A-ZĐÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴ"
_NAME = re.compile(rf"(?<=[a-zà-ỹ,] )[{_UPPER}]\w*(?: [{_UPPER}]\w*){{0,3}}")
_NAME_LETTERS = range(3, 41)
_SENTENCE_END = re.compile(r"(?<=[.!?;]) +")
_SENTENCE_WORDS = range(5, 51)
_PAIRS_PER_PARAGRAPH = 2


class Prepare(Protocol):
    """The text path."""

    def prepare(self, text: str, /) -> PreparedText:
        """Raises BadInput for an empty text."""
        ...


@dataclass(frozen=True, slots=True)
class Utterance:
    """One way to ask, as it may be typed."""

    written: Features
    folded: Features
    noisy: tuple[Features, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Utterances that ask one thing. Groups of one family are easily confused."""

    family: str
    utterances: tuple[Utterance, ...]


@dataclass(frozen=True)
class Corpus:
    """All training text."""

    groups: list[Group]
    parallel: list[Pair] = field(default_factory=list)  # English, Vietnamese
    names: list[Pair] = field(default_factory=list)  # as written, without marks
    neighbours: list[Pair] = field(default_factory=list)  # sentences that follow each other

    @cached_property
    def digest(self) -> str:
        """Changes with any text."""
        content = repr((self.groups, self.parallel, self.names, self.neighbours))
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def is_chatbot(family: str) -> bool:
    """Whether the family is a whole FAQ set, the intents of one chatbot (chatbots_*.jsonl)."""
    return family.startswith("chatbots_")


def read_groups(
    folder: Path, text: Prepare, wanted: Callable[[str], bool] = lambda family: True
) -> list[Group]:
    """Groups of wanted families in `*.jsonl`, `{family, faq, utterances}` a line.

    Raises BadInput for a bad line.
    """
    groups = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                record = json.loads(line)
                texts = [record["faq"], *record["utterances"]]
                family = str(record["family"])
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                raise BadInput(f"{path.name}, line {number}: {error!r}") from error
            if wanted(family):
                groups.append(Group(family, tuple(_utterance(each, text) for each in texts)))
    if not groups:
        raise BadInput(f"{folder} holds no such paraphrases (*.jsonl).")
    return groups


def _utterance(raw: str, text: Prepare) -> Utterance:
    prepared = text.prepare(raw)
    noisy = (text.prepare(add_noise(raw, kind, seed=1)) for kind in _NOISES)
    return Utterance(
        tuple(features(prepared.segmented)),
        tuple(features(folded_view(prepared))),
        tuple(tuple(features(each.segmented)) for each in noisy),
    )


def read_parallel(path: Path, text: Prepare, rng: np.random.Generator) -> list[Pair]:
    """Sentence pairs of an .xz file of source, English, Vietnamese, tab-separated."""
    with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    usable = [row for row in rows if len(row) == 3 and 2 <= len(row[2].split()) <= _MAX_WORDS]
    bible = [row for row in usable if row[0].startswith("bible")]
    others = [row for row in usable if not row[0].startswith("bible")]
    few = rng.choice(len(bible), min(len(bible), int(_BIBLE_SHARE * len(others))), replace=False)
    kept = others + [bible[at] for at in few]
    return [
        (tuple(features(english)), tuple(features(text.prepare(vietnamese).segmented)))
        for _, english, vietnamese in kept
    ]


def read_names(path: Path, text: Prepare) -> list[Pair]:
    """Proper names that occur twice or more inside sentences of an .xz file of plain text."""
    counts: Counter[str] = Counter()
    with lzma.open(path, "rt", encoding="utf-8") as file:
        for number, line in enumerate(file):
            if number % 2 == 0:  # every other paragraph has enough of them
                counts.update(_NAME.findall(line))
    names = [n for n, count in counts.items() if count > 1 and len(n) in _NAME_LETTERS]
    prepared = (text.prepare(name) for name in names)
    return [(tuple(features(p.segmented)), tuple(features(folded_view(p)))) for p in prepared]


def read_neighbours(path: Path, text: Prepare, count: int, rng: np.random.Generator) -> list[Pair]:
    """`count` pairs of neighbouring sentences of an .xz file of paragraphs, or all there are."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        paragraphs = file.read().splitlines()
    found: list[Pair] = []
    for at in rng.permutation(len(paragraphs)):
        sentences = _SENTENCE_END.split(paragraphs[at])
        whole = [s for s in sentences if len(s.split()) in _SENTENCE_WORDS]
        for pair in list(pairwise(whole))[:_PAIRS_PER_PARAGRAPH]:
            first, second = (tuple(features(text.prepare(s).segmented)) for s in pair)
            found.append((first, second))
        if len(found) >= count:
            break
    return found[:count]


def count_features(corpus: Corpus) -> tuple[Counter[int], Counter[int], int]:
    """How much each feature matters, in how many texts it occurs, and how many texts there are."""
    weight: Counter[int] = Counter()
    texts: Counter[int] = Counter()
    for bags, importance in _weighted(corpus):
        for bag in bags:
            for feature in set(bag):
                weight[feature] += importance
    plain = [u.written for group in corpus.groups for u in group.utterances]
    plain += [side for pair in corpus.parallel for side in pair]
    for bag in plain:
        texts.update(set(bag))
    return weight, texts, len(plain)


def _weighted(corpus: Corpus) -> Iterator[tuple[Iterable[Sequence[int]], int]]:
    for group in corpus.groups:
        for utterance in group.utterances:
            yield (utterance.written, utterance.folded), 20
            yield utterance.noisy, 5
    for pair in corpus.parallel:
        yield pair, 1
