"""Writes training data with hard negatives: what an encoder takes for the right answer and is not.

Negatives that a cross-encoder finds as good as the right one are left out: they are most likely
answers that nobody labelled. Siblings stay: the data says itself that they are different.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from service.errors import BadInput
from service.models.factory import open_encoder
from service.models.profiles import find_encoder
from service.settings import Settings
from service.train.base import find_base, load_base
from service.train.examples import Group
from service.train.negatives import encoding, hard_negatives
from service.train.read import read_examples
from service.train.told import Told
from service.train.wording import Wording, text_path


@dataclass(frozen=True, slots=True)
class MineConfig:
    """One mining."""

    encoder: str  # any that the service can use
    data: tuple[Path, ...]
    out: Path  # a JSONL file that does not exist yet
    negatives: int = 8  # at most, for each FAQ
    judge: str | None = None  # a cross-encoder
    threshold: float = 0.9  # probability from which the judge takes it for the same question


@dataclass(frozen=True, slots=True)
class Mined:
    """What came of it."""

    groups: int
    negatives: int
    dropped: int  # by the judge


def mine(config: MineConfig, settings: Settings, told: Told) -> Mined:
    """Writes `{family, faq, utterances, negatives}` a line, which `vifaq train` reads.

    Raises BadInput, BadFile, BadSetting or ModelUnavailable; config.out then does not exist.
    """
    if config.out.exists():
        raise BadInput(f"--out {config.out} exists already; choose another name or remove it")
    groups = read_examples(config.data).groups
    if not groups:
        raise BadInput("The data has no FAQs, pairs or triplets to mine for.")
    profile = find_encoder(config.encoder, settings, "--encoder")
    encoder = open_encoder(settings.model_copy(update={"encoder": config.encoder}))
    told.note("Encoding…")
    wording = Wording(text_path(), profile)
    found = hard_negatives(groups, encoding(encoder, wording), config.negatives)
    kept = _judged(config, groups, found, settings, told) if config.judge else found
    _write(config.out, groups, kept)
    total, left = sum(map(len, found)), sum(map(len, kept))
    return Mined(len(groups), left, total - left)


def _judged(
    config: MineConfig,
    groups: Sequence[Group],
    found: Sequence[tuple[str, ...]],
    settings: Settings,
    told: Told,
) -> list[tuple[str, ...]]:
    """Without those that the judge takes for the same question."""
    from service.train.cross import probabilities

    option = "--judge"
    profile = find_base(config.judge or "", "reranker", None, settings, option)
    judge = load_base(profile, "reranker", settings, option)
    write = Wording(text_path(), profile).write
    families = {group.question: group.family for group in groups}
    pairs = [
        (group.question, text)
        for group, negatives in zip(groups, found, strict=True)
        for text in negatives
        if families.get(text) != group.family
    ]
    told.note(f"Judging {len(pairs)} candidates…")
    if not pairs:
        return list(found)
    chances = probabilities(judge, [(write(a), write(b)) for a, b in pairs])
    same = {pair for pair, p in zip(pairs, chances, strict=True) if p >= config.threshold}
    return [
        tuple(text for text in negatives if (group.question, text) not in same)
        for group, negatives in zip(groups, found, strict=True)
    ]


def _write(out: Path, groups: Sequence[Group], negatives: Sequence[tuple[str, ...]]) -> None:
    """Under another name until it is whole."""
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.part")
    with unfinished.open("w", encoding="utf-8") as file:
        file.writelines(_lines(groups, negatives))
    unfinished.rename(out)


def _lines(groups: Sequence[Group], negatives: Sequence[tuple[str, ...]]) -> Iterator[str]:
    for group, texts in zip(groups, negatives, strict=True):
        mined = replace(group, negatives=texts)
        question, *utterances = mined.texts
        record = {"family": mined.family, "faq": question, "utterances": utterances}
        record |= {"negatives": list(mined.negatives)} if mined.negatives else {}
        yield json.dumps(record, ensure_ascii=False) + "\n"
