"""The made-up chatbots that quality is measured on."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.evaluation.load import read_faqs, read_queries
from service.text.diacritics import fold
from service.text.normalise import normalise

ROOT = Path(__file__).parents[3]
SETS = sorted(path.parent for path in (ROOT / "eval" / "chatbots").glob("*/queries.jsonl"))
_TELLING = 5  # words; shorter ones anybody types


def words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", fold(normalise(text).lower())))


def trained_on() -> Iterator[str]:
    for path in (ROOT / "faq_data" / "paraphrases").glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            group = json.loads(line)
            yield from (group["faq"], *group["utterances"])


@pytest.fixture(scope="module")
def seen() -> set[tuple[str, ...]]:
    return {words(text) for text in trained_on()}


def test_there_are_nine() -> None:
    assert len(SETS) == 9


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_it_is_a_set_that_nothing_was_trained_on(folder: Path, seen: set[tuple[str, ...]]) -> None:
    faqs = read_faqs(folder / "faqs.jsonl")
    queries = read_queries(folder / "queries.jsonl", [faq.id for faq in faqs])
    asked = [words(text) for text in [f.question for f in faqs] + [q.question for q in queries]]
    assert len(faqs) >= 25
    assert len(queries) >= 5 * len(faqs)
    assert [each for each in asked if len(each) >= _TELLING and each in seen] == []
