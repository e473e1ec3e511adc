"""Makes what calibration starts from, out of the project's own questions. Needs a checkout.

Two files of service/pipeline/data: how much each word tells, and per built-in encoder the models
and the curve that small FAQ sets fall back on. In the place of users' sets stand the university
FAQs, whole and in part, and sets of paraphrase groups of one domain each; all of them with no
alternates, two, or all. Every part must be as new to what judges it as users' sets are: the
embedded encoder was trained on the paraphrases, so for these sets another is trained, for a short
time and on the other half of the families; and the enquiry model is one that saw neither these
families, nor the university FAQs, nor the chit-chat that is asked.

The chatbots among the paraphrases have no part in it: their intents are so broad that a prior which
knows them is sure of next to nothing where no alternates speak for a set (eval/LOG.md).

Run: make calibration-prior DATA=folder, which trains the enquiry model first
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from service.domain import Faq
from service.models.embedded.encoder import EmbeddedEncoder
from service.models.embedded.learner import single_threaded
from service.models.factory import open_adapter, open_encoder
from service.pipeline.calibration.fitting import MIX, cross_validate, train
from service.pipeline.calibration.samples import Kind, Limits, Reader, Sample, draw
from service.pipeline.features import words
from service.ports import Encoder
from service.reindex.plan import TextPath, prepare_faq
from service.runtime import open_text_paths
from service.settings import Settings
from service.train.contrastive import Recipe, Trainer
from service.train.corpus import Corpus, is_chatbot, read_groups
from service.train.embedded import start_table
from service.train.enquiry import FAQ_DATA, UNIVERSITY, Example, read_examples, side, train_enquiry

ENCODERS = ("lexical", "embedded")
_DATA = Path(__file__).parents[1] / "pipeline" / "data"
_KEPT = (0, 2, None)  # alternates that an FAQ keeps
_UNIVERSITY_LIMITS = Limits(far=600)
_DOMAIN_LIMITS = Limits(folds=2, inside=240, near=160, far=240)  # there are many such sets
_SMALLEST = 40  # groups of a domain that make a set
_STEPS = 200  # of the encoder trained on half of the families
_PART = 3  # every third of the FAQs is a smaller set as well
_HOLD = 1.0  # of models that start from nothing
_SEEN = 3  # questions with a word, for it to get a weight of its own


@dataclass(frozen=True, slots=True)
class _Material:
    """What stands in for users' sets. Of all families, those of side 0."""

    university: list[Faq]
    domains: dict[str, list[Faq]]
    reader: Reader


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the training text")
    data = parser.parse_args().data
    faqs, domains = _university(), _domains()
    _write_word_weights([*(text for faq in faqs for text in faq.texts), *_pool()])
    text = open_text_paths()({})
    material = _Material(faqs, domains, _reader(read_examples(data, text)))
    drawn = {name: _draw_all(name, material, text) for name in ENCODERS}
    _write_prior(drawn, len(faqs) + sum(map(len, domains.values())))


def _reader(examples: Sequence[Example]) -> Reader:
    """An enquiry model that knows neither the sets nor the strangers of side 0."""
    known = [e for e in examples if side(e.family) == 1 and e.family != UNIVERSITY]
    return Reader(train_enquiry(known), lambda stranger: side(stranger) == 0)


def _write_prior(drawn: dict[str, list[list[Sample]]], n_faqs: int) -> None:
    drawn["any"] = [samples for each in list(drawn.values()) for samples in each]
    record = {
        "made_by": "python -m service.train.calibration_prior",
        "faqs": n_faqs,
        "alternates_kept": _KEPT,
        "assumed_mix": {kind.value: share for kind, share in MIX.items()},
        "encoders": {name: _prior(samples) for name, samples in drawn.items()},
    }
    path = _DATA / "calibration_prior.json"
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    sys.stdout.write(f"wrote {path}\n")


def _university() -> list[Faq]:
    faqs = []
    for path in sorted((FAQ_DATA / "university").glob("*.yaml")):
        for faq in yaml.safe_load(path.read_text(encoding="utf-8")):
            alternates = tuple(faq.get("alternates", ()))
            faqs.append(Faq(faq["id"], faq["question"], faq["answer"], alternates))
    return faqs


def _domains() -> dict[str, list[Faq]]:
    """The groups of each domain whose families are of side 0; every one has its own answer."""
    found: dict[str, list[Faq]] = defaultdict(list)
    for domain, group in _groups():
        if side(group["family"]) == 0 and not is_chatbot(group["family"]):
            number = f"{domain} {len(found[domain])}"
            found[domain].append(Faq(number, group["faq"], number, tuple(group["utterances"])))
    return {domain: faqs for domain, faqs in found.items() if len(faqs) >= _SMALLEST}


def _groups() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every paraphrase group, and its domain: academics2.jsonl goes on with academics.jsonl."""
    for path in sorted((FAQ_DATA / "paraphrases").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield path.stem.rstrip("0123456789"), json.loads(line)


def _pool() -> Iterator[str]:
    for _, group in _groups():
        yield from (group["faq"], *group["utterances"])


def _sets(faqs: list[Faq]) -> Iterator[list[Faq]]:
    yield faqs
    yield random.Random(1).sample(faqs, len(faqs) // _PART)  # noqa: S311


def _write_word_weights(texts: Sequence[str]) -> None:
    counts = Counter(word for text in texts for word in words(text))
    lines = [
        f"{word}\t{math.log(len(texts) / count):.2f}\n"
        for word, count in sorted(counts.items())
        if count >= _SEEN and not word.isdigit()
    ]
    (_DATA / "word_weights.tsv").write_text("".join(lines), encoding="utf-8")


def _draw_all(name: str, material: _Material, text: TextPath) -> list[list[Sample]]:
    encoder = open_encoder(Settings(encoder=name))
    other = _half_taught(text) if isinstance(encoder, EmbeddedEncoder) else encoder
    drawn = []

    def add(what: str, taught: Encoder, faqs: Sequence[Faq], limits: Limits) -> None:
        teach = _teacher(taught, limits.kept, text)
        drawn.append(draw(faqs, text, teach, limits, reader=material.reader))
        right = np.mean([s.right for s in drawn[-1] if s.kind is Kind.INSIDE])
        sys.stdout.write(f"{name}, {what}, {len(faqs)} FAQs, kept {limits.kept}: {right:.3f}\n")

    for kept, own in product(_KEPT, _sets(material.university)):
        add("university", encoder, own, replace(_UNIVERSITY_LIMITS, kept=kept))
    for number, (domain, faqs) in enumerate(material.domains.items()):
        for kept in (0, _KEPT[1 + number % 2]):
            add(domain, other, faqs, replace(_DOMAIN_LIMITS, kept=kept))
    return drawn


def _half_taught(text: TextPath) -> Encoder:
    """The embedded encoder without the families of side 0, and taught by nothing else."""
    recipe = replace(Recipe(), steps=_STEPS)
    known = read_groups(
        FAQ_DATA / "paraphrases", text, lambda name: side(name) == 1 and not is_chatbot(name)
    )
    corpus = Corpus(known)
    with single_threaded():
        trainer = Trainer(corpus, start_table(corpus, recipe), recipe, "cpu")
        while trainer.step < recipe.steps:
            trainer.train_one()
    return EmbeddedEncoder(trainer.trained())


def _teacher(encoder: Encoder, kept: int | None, text: TextPath) -> Callable[..., Encoder]:
    """As a reindex would teach it: with care where there are no alternates to measure on."""
    adapter = open_adapter(encoder)

    def teach(faqs: Sequence[Faq]) -> Encoder:
        prepared = [prepare_faq(text, faq) for faq in faqs]
        variants = adapter.variants(adapter.adapt(prepared, on_progress=lambda progress: None))
        return adapter.load(variants[0 if kept == 0 else -1])

    return teach


def _prior(drawn: Sequence[list[Sample]]) -> dict[str, Any]:
    """The models of all sets, and the curve of each FAQ as judged by models of the others."""
    everything = [sample for samples in drawn for sample in samples]
    hold = {"hold": _HOLD, "hold_strangers": _HOLD}
    heads = train(everything, None, **hold)
    curve = cross_validate(everything, None, **hold).curve()
    return {"heads": heads.as_json(), "curve": curve.as_json()}


if __name__ == "__main__":
    main()
