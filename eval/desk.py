"""The bundled FAQs, asked as people ask a help desk: in two words, in teencode, telling a story.

Run: python -m eval.desk

eval/desk has questions ("faq_ids" names the FAQs that answer; none: nothing does), stories of some
sentences that end in one, questions in English, and courtesies of the kind that people put around
them. None of it is known to training. Every question is asked as it stands, after an opening,
before a closing, and between both; stories and English as they stand; and two questions in one
message.
Writes results/desk.json.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from eval.quality_data import BUNDLED
from eval.record import write_record
from service.evaluation.open import service_ranker
from service.evaluation.service_path import ServiceRanker
from service.faq.drafts import Draft
from service.faq.parse import parse
from service.settings import Settings
from service.train.courtesy import read_courtesies

_FOLDER = Path(__file__).parent / "desk"
_OFFERED = 3  # FAQs of a suggestion
_MESSAGES = 300  # of two questions
_JOINTS = ("? ", ". ", "\n", " với lại ", "? Còn nữa, ", " và ")

Asked = list[tuple[str, list[str]]]


def main() -> None:
    """Measure, write, and print one line for each way to ask."""
    asked = _read("questions")
    openings, closings = read_courtesies(_FOLDER / "courtesies.tsv")
    rng = random.Random(0)
    ways: dict[str, Callable[[str], str]] = {
        "as it stands": lambda question: question,
        "after an opening": lambda question: f"{rng.choice(openings)} {question}",
        "before a closing": lambda question: question + rng.choice(closings),
        "between both": lambda question: f"{rng.choice(openings)} {question}{rng.choice(closings)}",
    }
    faqs = [draft.faq for draft in parse(BUNDLED) if isinstance(draft, Draft)]
    found: dict[str, object] = {}
    with service_ranker(Settings(encoder="embedded"), faqs) as ranker:
        for way, put in ways.items():
            found[way] = _figures([(put(question), ids) for question, ids in asked], ranker)
            print(f"{way}: {found[way]}", flush=True)
        for way, name in (("told as a story", "stories"), ("in English", "english")):
            found[way] = _figures(_read(name), ranker)
            print(f"{way}: {found[way]}", flush=True)
        found["two in one message"] = _both(_paired(asked, rng), ranker)
        print(f"two in one message: {found['two in one message']}", flush=True)
    write_record("desk", found)


def _read(name: str) -> Asked:
    lines = (_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [(line["question"], line["faq_ids"]) for line in map(json.loads, lines)]


def _figures(asked: Asked, ranker: ServiceRanker) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for question, ids in asked:
        ranking = ranker.rank(question)
        right = bool(ranking.faq_ids) and ranking.faq_ids[0] in ids
        side = "with an answer" if ids else "without"
        counts[side] += 1
        counts[f"{side}, handed over"] += not ranking.offered
        counts["answered"] += ranking.answered
        counts["answered right"] += ranking.answered and ranking.offered[0] in ids
        counts["right one first"] += right
        counts["right one among three"] += not set(ids).isdisjoint(ranking.faq_ids[:_OFFERED])
        counts["right one given or offered"] += not set(ids).isdisjoint(ranking.offered[:_OFFERED])
    return dict(counts)


def _paired(asked: Asked, rng: random.Random) -> list[tuple[str, list[str], list[str]]]:
    """Messages of two questions that different FAQs answer."""
    known = [(question, ids) for question, ids in asked if ids]
    messages: list[tuple[str, list[str], list[str]]] = []
    while len(messages) < _MESSAGES:
        (first, ids), (second, others) = rng.sample(known, 2)
        if set(ids).isdisjoint(others):
            messages.append((first.rstrip("?. ") + rng.choice(_JOINTS) + second, ids, others))
    return messages


def _both(messages: list[tuple[str, list[str], list[str]]], ranker: ServiceRanker) -> Counter[str]:
    counts: Counter[str] = Counter(messages=len(messages))
    for message, ids, others in messages:
        ranking = ranker.rank(message)
        within = [not set(own).isdisjoint(ranking.offered[:_OFFERED]) for own in (ids, others)]
        counts["answered"] += ranking.answered
        counts["handed over"] += not ranking.offered
        counts["both given or offered"] += all(within)
        counts["one of them"] += any(within) and not all(within)
    return counts


if __name__ == "__main__":
    main()
