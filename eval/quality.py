"""How often the right FAQ comes first: the service beside what else one might use.

Every labelled set × every ranker × 0, 3 and 5 alternates per FAQ × every kind of typing noise.
The service is measured by the classes that serve, over an exact index in memory.

Run: python -m eval.quality FOLDER   (its sub-folders hold faqs.jsonl and queries.jsonl)
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from eval.classifier import IntentClassifier
from eval.quality_data import LabelledSet, Split, read_sets, splits
from eval.quality_plots import plot_tables
from eval.quality_tables import Run, Runs, write_tables
from eval.record import RESULTS, write_record
from service.domain import Faq, PreparedText
from service.evaluation.baselines import Bm25, Tfidf
from service.evaluation.ranking import Ranker, Ranking
from service.evaluation.run import evaluate
from service.evaluation.service_path import ServiceRanker
from service.models.factory import open_adapter, open_encoder
from service.reindex.plan import TextPath
from service.runtime.learning import Adapt, Learning
from service.runtime.wiring import open_text_paths, text_path_of
from service.settings import Settings
from service.text.noise import NoiseKind

OpenRanker = Callable[[Sequence[Faq]], Ranker]


class Remembered:
    """A text path that prepares every text once: the rankers share the work."""

    def __init__(self, path: TextPath) -> None:
        self.version = path.version
        self.prepare: Callable[[str], PreparedText] = cache(path.prepare)


class AskedOnce:
    """A ranker that is asked every question once, however many splits ask it."""

    def __init__(self, ranker: Ranker) -> None:
        self.name, self.calibrated = ranker.name, ranker.calibrated
        self.rank: Callable[[str], Ranking] = cache(ranker.rank)


def main() -> None:
    """Measure everything, write the record, the tables and the plots."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="each sub-folder has faqs.jsonl, queries.jsonl")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the results")
    options = parser.parse_args()
    rankers = _rankers()
    runs = [run for labelled in read_sets(options.folder) for run in measure_set(labelled, rankers)]
    record = [run.as_json() for run in runs]
    figures: dict[str, object] = {"command": "make quality DATA=folder", "runs": record}
    print(f"Written to {write_record('quality', figures, options.out)}")
    for path in [write_tables(Runs(runs), options.out), *plot_tables(Runs(runs), options.out)]:
        print(f"Written to {path}")


def measure_set(labelled: LabelledSet, rankers: dict[str, OpenRanker]) -> Iterator[Run]:
    """All runs on one set. A ranker is opened once for all splits with the same FAQs."""
    many = splits(labelled)
    for name, open_ranker in rankers.items():
        opened: dict[tuple[Faq, ...], Ranker] = {}
        for split in many:
            faqs = tuple(split.task.faqs)
            if name == IntentClassifier.name and not any(faq.alternates for faq in faqs):
                continue  # one text per class is nothing to learn from
            started = time.perf_counter()
            if faqs not in opened:
                opened[faqs] = AskedOnce(open_ranker(faqs))
            yield from _runs(labelled.name, split, name, opened[faqs])
            took_s = time.perf_counter() - started
            what = f"{split.alternates} alternates, {split.questions} questions"
            print(f"{labelled.name}: {name}, {what}: {took_s:.0f} s", file=sys.stderr)


def _runs(set_name: str, split: Split, name: str, ranker: Ranker) -> Iterator[Run]:
    for noise in NoiseKind:
        result = evaluate(ranker, split.task, noise=noise)
        yield Run(
            set=set_name,
            ranker=name,
            alternates=split.alternates,
            mean_alternates=round(split.mean_alternates, 2),
            questions=split.questions,
            noise=str(noise),
            n_faqs=result.n_faqs,
            n_queries=result.n_queries,
            adapted=ranker.name.endswith("+adapted"),
            data_hash=result.data_hash,
            figures={measure: round(value, 4) for measure, value in result.ranking.items()},
        )


def _rankers() -> dict[str, OpenRanker]:
    settings = Settings(encoder="embedded")
    encoder = open_encoder(settings)
    adapter = open_adapter(encoder)
    learning = Learning(encoder, adapter, encoder, adapter, settings.target_precision)
    text_paths = open_text_paths()
    texts: dict[str, Remembered] = {}

    def service(adapt: Adapt) -> OpenRanker:
        def over(faqs: Sequence[Faq]) -> ServiceRanker:
            text = text_path_of(faqs, text_paths)
            remembered = texts.setdefault(text.version, Remembered(text))
            return ServiceRanker(faqs, text=remembered, plan=learning.plan(adapt))

        return over

    return {
        "bm25": Bm25,
        "tfidf": Tfidf,
        IntentClassifier.name: IntentClassifier,
        "embedded": service("off"),
        "embedded, adapted": service("auto"),
    }


if __name__ == "__main__":
    main()
