"""Whether sets of a few FAQs are right as often as they promise.

Run: python -m eval.small_sets SET_FOLDER ... --ood FILE [--sizes 3 7 12 25]

Of each labelled set (a folder with faqs.jsonl and queries.jsonl) some FAQs stay, drawn three times;
their questions are asked, with near misses and chit-chat in the shares that calibration assumes.
Writes results/small-sets.json.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from eval.record import write_record
from service.evaluation.load import read_faqs, read_out_of_scope, read_queries
from service.evaluation.open import service_ranker
from service.evaluation.splits import near_misses
from service.pipeline.calibration.fitting import MIX
from service.pipeline.calibration.samples import Kind
from service.settings import Settings

_DRAWS = 3
_MOST_INSIDE = 100  # questions of one draw


def main() -> None:
    """Measure, write, and print one line for each size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--ood", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[3, 7, 12, 25])
    given = parser.parse_args()
    far = [question.question for question in read_out_of_scope(given.ood)]
    found: dict[str, object] = {}
    for size in given.sizes:
        runs = [
            _answers(folder, size, far, seed) for folder in given.sets for seed in range(_DRAWS)
        ]
        asked, answered, right = (sum(figures) for figures in zip(*runs, strict=True))
        precision = round(right / answered, 4) if answered else None
        found[str(size)] = {"questions": asked, "answered": answered, "precision": precision}
        print(size, found[str(size)], flush=True)
    write_record("small-sets", {"sets": [folder.name for folder in given.sets], "faqs": found})


def _answers(folder: Path, size: int, far: list[str], seed: int) -> tuple[int, int, int]:
    """How many questions were asked, answered, and answered right."""
    faqs = read_faqs(folder / "faqs.jsonl")
    queries = read_queries(folder / "queries.jsonl", [faq.id for faq in faqs])
    task = near_misses(faqs, queries, seed=seed, removed=1 - size / len(faqs))
    rng = random.Random(seed)
    inside = rng.sample(task.queries, min(_MOST_INSIDE, len(task.queries)))
    gold: list[tuple[str, str | None]] = [(query.question, query.faq_id) for query in inside]
    near = [question.question for question in task.out_of_scope]
    for kind, strangers in ((Kind.NEAR, near), (Kind.FAR, far)):
        count = round(len(inside) * MIX[kind] / MIX[Kind.INSIDE])
        gold += [(question, None) for question in rng.sample(strangers, min(count, len(strangers)))]
    with service_ranker(Settings(encoder="embedded"), task.faqs) as ranker:
        rankings = [(ranker.rank(question), faq_id) for question, faq_id in gold]
    answered = [(ranking, faq_id) for ranking, faq_id in rankings if ranking.answered]
    right = sum(ranking.faq_ids[:1] == (faq_id,) for ranking, faq_id in answered)
    return len(gold), len(answered), right


if __name__ == "__main__":
    main()
