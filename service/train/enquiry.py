"""Trains what tells enquiries from chit-chat: `make calibration-prior DATA=folder`.

Enquiries are the project's paraphrases and university FAQs. The rest is the off-topic pack, small
talk (the service's own, and that of the chatbots among the paraphrases), sentences of video
subtitles and of Tatoeba, and crops of Wikipedia. All are seen as people type: a fifth each without
marks, in teencode, and with slips.
"""

from __future__ import annotations

import argparse
import csv
import json
import lzma
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import numpy.typing as npt
import yaml

from service.pipeline.calibration.samples import off_topic, small_talk, spelled
from service.pipeline.enquiry import BUCKETS, WEIGHTS, Enquiry, buckets
from service.reindex.plan import TextPath
from service.runtime import open_text_paths

FAQ_DATA = Path(__file__).parents[2] / "faq_data"
UNIVERSITY = "university"  # family of all its FAQs
_OUT = Path(__file__).parents[1] / "pipeline" / "data" / WEIGHTS
# Half of the weight is on enquiries; of the other half so much is on each source.
_SHARES = {"off_topic": 0.4, "small_talk": 0.3, "tatoeba": 0.12, "subtitles": 0.12, "wiki": 0.06}
_PER_SOURCE = 9000
_WIKI = 3000
_MOST_WORDS = 14  # of a sentence or crop: as long as questions are
_FIRMNESS = 4e-4  # precision of the weights, per example: half as many teach as sure a model


@dataclass(frozen=True, slots=True)
class Example:
    """One text as it may be typed, out of the text path."""

    plain: str
    source: str  # "enquiry" or a key of _SHARES
    family: str  # texts of one family are never in training and test at once


def side(family: str) -> int:
    """0 or 1: which half of all families it is in."""
    return crc32(family.encode()) % 2


def read_examples(data: Path, text: TextPath) -> list[Example]:
    """`data` holds parallel_en_vi.tsv.xz and viwiki.txt.xz. Raises OSError for a missing file."""
    typed = [*_written_here(), *_rest(data)]
    return [
        Example(text.prepare(spelled(question, number)).plain, source, family)
        for number, (question, source, family) in enumerate(typed)
    ]


def train_enquiry(examples: Sequence[Example]) -> Enquiry:
    """A logistic regression with a Gaussian prior; the same for the same examples."""
    from scipy.optimize import minimize
    from scipy.sparse import csr_matrix

    rows = [buckets(example.plain) for example in examples]
    starts = np.cumsum([0, *map(len, rows)])
    flat = np.concatenate([np.array(row, dtype=np.int64) for row in rows])
    x = csr_matrix((np.ones(len(flat)), flat, starts), shape=(len(rows), BUCKETS))
    y = np.array([example.source == "enquiry" for example in examples], dtype=np.float64)
    weights, firmness = _weights(examples), _FIRMNESS * len(examples)

    def loss(b: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        t = x @ b[:-1] + b[-1]
        gap = weights * (1 / (1 + np.exp(-t)) - y)
        value = weights @ (np.logaddexp(0, t) - y * t) + firmness / 2 * (b[:-1] @ b[:-1])
        return float(value), np.r_[x.T @ gap + firmness * b[:-1], gap.sum()]

    found = minimize(loss, np.zeros(BUCKETS + 1), jac=True, method="L-BFGS-B").x
    return Enquiry.of(found[:-1].astype(np.float32), float(found[-1]))


def main() -> None:
    """Read, train, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training text")
    examples = read_examples(parser.parse_args().data, open_text_paths()({}))
    train_enquiry(examples).save(_OUT)
    counts = dict(Counter(example.source for example in examples))
    sys.stdout.write(f"wrote {_OUT}, from {counts}\n")


def _weights(examples: Sequence[Example]) -> npt.NDArray[np.float64]:
    """(n,) that add up to n, shared out as _SHARES says."""
    counts = Counter(example.source for example in examples)
    shares = {"enquiry": 1.0, **_SHARES}
    each = {source: shares[source] / 2 / count for source, count in counts.items()}
    return len(examples) * np.array([each[example.source] for example in examples])


def _written_here() -> Iterator[tuple[str, str, str]]:
    for path in sorted((FAQ_DATA / "paraphrases").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            group = json.loads(line)
            source = "small_talk" if group.get("small_talk") else "enquiry"
            for utterance in (group["faq"], *group["utterances"]):
                yield utterance, source, group["family"]
    for path in sorted((FAQ_DATA / "university").glob("*.yaml")):
        for faq in yaml.safe_load(path.read_text(encoding="utf-8")):
            for utterance in (faq["question"], *faq.get("alternates", ())):
                yield utterance, "enquiry", UNIVERSITY


def _rest(data: Path) -> Iterator[tuple[str, str, str]]:
    yield from ((question, "off_topic", question) for question in off_topic())
    yield from ((phrasing, "small_talk", phrasing) for phrasing in small_talk())
    rng = random.Random(0)  # noqa: S311
    for prefix, source in (("tatoeba", "tatoeba"), ("viet-slang", "subtitles")):
        yield from ((s, source, s) for s in _sentences(data, prefix, rng))
    yield from ((crop, "wiki", crop) for crop in _crops(data, rng))


def _sentences(data: Path, prefix: str, rng: random.Random) -> list[str]:
    with lzma.open(data / "parallel_en_vi.tsv.xz", "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    found = [row[2] for row in rows if len(row) == 3 and row[0].startswith(prefix)]
    short = [sentence for sentence in found if 1 <= len(sentence.split()) <= _MOST_WORDS]
    return rng.sample(short, min(_PER_SOURCE, len(short)))


def _crops(data: Path, rng: random.Random) -> Iterator[str]:
    with lzma.open(data / "viwiki.txt.xz", "rt", encoding="utf-8") as file:
        lines = [line.split() for line in file]
    for words in rng.sample(lines, _WIKI):
        size = rng.randint(3, _MOST_WORDS)
        start = rng.randrange(max(1, len(words) - size))
        yield " ".join(words[start : start + size])


if __name__ == "__main__":
    main()
