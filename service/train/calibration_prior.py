"""Makes what calibration starts from, out of the project's own questions. Needs a checkout.

Two files of service/pipeline/data: how much each word tells, and per built-in encoder the models
and the curve that small FAQ sets fall back on. The university FAQs, whole and in parts, with all
their alternates or with few, stand in for users' sets. The paraphrase pool cannot: the embedded
encoder was trained on it, and would be surer than it can be of questions that are new to it.

Run: make calibration-prior
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from service.domain import Faq
from service.models.factory import open_adapter, open_encoder
from service.pipeline.calibration.fitting import CAUTIOUS_MIX, cross_validate, train
from service.pipeline.calibration.samples import Kind, Limits, Sample, draw
from service.pipeline.features import words
from service.ports import Encoder
from service.reindex.plan import TextPath, prepare_faq
from service.runtime import open_text_paths
from service.settings import Settings

ENCODERS = ("lexical", "embedded")
_DATA = Path(__file__).parents[1] / "pipeline" / "data"
_FAQ_DATA = Path(__file__).parents[2] / "faq_data"
_KEPT = (0, 2, None)  # alternates that an FAQ keeps
_PART = 3  # every third of the FAQs is a smaller set as well
_HOLD = 1.0  # of models that start from nothing
_SEEN = 3  # questions with a word, for it to get a weight of its own


def main() -> None:
    """Write both files."""
    faqs = _university()
    _write_word_weights([*(text for faq in faqs for text in faq.texts), *_pool()])
    text = open_text_paths()({})
    _write_prior({name: _draw_all(name, faqs, text) for name in ENCODERS}, len(faqs))


def _write_prior(drawn: dict[str, list[list[Sample]]], n_faqs: int) -> None:
    drawn["any"] = [samples for each in list(drawn.values()) for samples in each]
    record = {
        "made_by": "python -m service.train.calibration_prior",
        "faqs": n_faqs,
        "alternates_kept": _KEPT,
        "assumed_mix": {kind.value: share for kind, share in CAUTIOUS_MIX.items()},
        "encoders": {name: _prior(samples) for name, samples in drawn.items()},
    }
    path = _DATA / "calibration_prior.json"
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    sys.stdout.write(f"wrote {path}\n")


def _university() -> list[Faq]:
    faqs = []
    for path in sorted((_FAQ_DATA / "university").glob("*.yaml")):
        for faq in yaml.safe_load(path.read_text(encoding="utf-8")):
            alternates = tuple(faq.get("alternates", ()))
            faqs.append(Faq(faq["id"], faq["question"], faq["answer"], alternates))
    return faqs


def _pool() -> Iterator[str]:
    for path in sorted((_FAQ_DATA / "paraphrases").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            group = json.loads(line)
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


def _draw_all(encoder: str, faqs: list[Faq], text: TextPath) -> list[list[Sample]]:
    teach = _teacher(encoder, text)
    drawn = []
    for kept, own in product(_KEPT, _sets(faqs)):
        drawn.append(draw(own, text, teach, Limits(far=600, kept=kept)))
        right = np.mean([s.answered for s in drawn[-1] if s.kind is Kind.INSIDE])
        sys.stdout.write(f"{encoder}, {len(own)} FAQs, alternates kept: {kept}: {right:.3f}\n")
    return drawn


def _teacher(name: str, text: TextPath) -> Callable[[Sequence[Faq]], Encoder]:
    encoder = open_encoder(Settings(encoder=name))
    adapter = open_adapter(encoder, encoder)

    def teach(faqs: Sequence[Faq]) -> Encoder:
        prepared = [prepare_faq(text, faq) for faq in faqs]
        return adapter.load(adapter.adapt(prepared, on_progress=lambda progress: None))

    return teach


def _prior(drawn: Sequence[list[Sample]]) -> dict[str, Any]:
    """The models of all sets, and the curve of each FAQ as judged by models of the others."""
    everything = [sample for samples in drawn for sample in samples]
    heads = train(everything, None, mix=CAUTIOUS_MIX, hold=_HOLD)
    curve = cross_validate(everything, None, mix=CAUTIOUS_MIX, hold=_HOLD).curve()
    return {"heads": heads.as_json(), "curve": curve.as_json()}


if __name__ == "__main__":
    main()
