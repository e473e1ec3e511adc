"""Whether the service knows what it knows, on labelled sets that it has never seen.

Run: python -m eval.calibration SETS_FOLDER [--ood FILE] [--encoder embedded] [--alternates 0 3 5]

SETS_FOLDER has one folder for each set, with faqs.jsonl and queries.jsonl. Every set is asked
three times: "far", whole, with the out-of-scope questions of FILE among its own; "near", with half
of its FAQs taken out, whose questions then are near misses; and "mixed", with as much of either as
the service assumes people to ask. Only there can confidence be right on the mean: where nothing
is a near miss it is too low, where half is too high. Writes results/calibration-*.json and two
pictures: a reliability diagram and the risk–coverage curves.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eval.record import RESULTS, write_record
from service.evaluation import metrics
from service.evaluation.load import OutOfScope, Task, read_faqs, read_out_of_scope, read_queries
from service.evaluation.open import service_ranker
from service.evaluation.ranking import Ranking
from service.evaluation.splits import near_misses, with_alternates
from service.pipeline.calibration.fitting import MIX
from service.pipeline.calibration.samples import Kind
from service.settings import Settings

_SET_ASIDE = 5  # questions of each FAQ that runs with any number of alternates do not ask


@dataclass(frozen=True, slots=True)
class Asked:
    """All questions of one run and what became of them."""

    confidence: metrics.Floats
    in_scope: metrics.Floats
    similarity: metrics.Floats
    answered: metrics.Bools
    right: metrics.Bools
    inside: metrics.Bools

    @classmethod
    def of(cls, task: Task, rankings: list[Ranking]) -> Asked:
        """In the order of the task: queries, then out of scope."""
        gold = [query.faq_id for query in task.queries]
        right = [r.faq_ids[:1] == (g,) for r, g in zip(rankings, gold, strict=False)]
        outside = len(task.out_of_scope)
        return cls(
            np.array([r.confidence for r in rankings]),
            np.array([r.in_scope for r in rankings]),
            np.array([max(r.scores, default=-1.0) for r in rankings]),
            np.array([r.answered for r in rankings]),
            np.array(right + [False] * outside),
            np.array([True] * len(gold) + [False] * outside),
        )

    def figures(self) -> dict[str, float | int]:
        """What the page on results shows."""
        precision = float(self.right[self.answered].mean()) if self.answered.any() else 1.0
        one_cosine = metrics.coverage_at_precision(self.similarity, self.right, precision)
        inside = self.in_scope[self.inside], self.in_scope[~self.inside]
        return {
            "questions": len(self.right),
            "recall_at_1": float(self.right[self.inside].mean()),
            "ece": metrics.expected_calibration_error(self.confidence, self.right),
            "auroc": metrics.auroc(*inside),
            "auroc_of_cosine": metrics.auroc(
                self.similarity[self.inside], self.similarity[~self.inside]
            ),
            "fpr_at_95_recall": metrics.fpr_at_95_recall(*inside),
            "area_under_risk_coverage": metrics.area_under_risk_coverage(
                self.confidence, self.right
            ),
            "answered": int(self.answered.sum()),
            "precision": precision,
            "coverage": float(self.answered.mean()),
            "coverage_of_one_cosine": one_cosine,
            "coverage_at_95": metrics.coverage_at_precision(self.confidence, self.right),
            "coverage_at_95_of_one_cosine": metrics.coverage_at_precision(
                self.similarity, self.right
            ),
        }


def main() -> None:
    """Measure, write, and print one line for each run."""
    arguments = _arguments()
    settings = Settings(encoder=arguments.encoder)
    far = read_out_of_scope(arguments.ood) if arguments.ood else []
    runs: dict[str, Asked] = {}
    for name, task in _tasks(arguments.sets, arguments.alternates, far):
        with service_ranker(settings, task.faqs) as ranker:
            questions = [q.question for q in task.queries] + [q.question for q in task.out_of_scope]
            runs[name] = Asked.of(task, [ranker.rank(question) for question in questions])
        shown = {k: round(v, 3) for k, v in runs[name].figures().items()}
        print(name, *(f"{key}={value}" for key, value in shown.items()), flush=True)
    title = f"calibration-{arguments.encoder}"
    write_record(title, {name: asked.figures() for name, asked in runs.items()})
    draw_reliability(runs, RESULTS / f"{title}-reliability.png")
    draw_risk_coverage(runs, RESULTS / f"{title}-risk-coverage.png")


def _tasks(sets: Path, alternates: list[int], far: list[OutOfScope]) -> Iterator[tuple[str, Task]]:
    for folder in sorted(path.parent for path in sets.glob("*/faqs.jsonl")):
        faqs = read_faqs(folder / "faqs.jsonl")
        queries = read_queries(folder / "queries.jsonl", [faq.id for faq in faqs])
        for count in alternates:
            task = with_alternates(faqs, queries, alternates=count, set_aside=_SET_ASIDE)
            yield f"{folder.name}, {count} alternates, far", Task(task.faqs, task.queries, far)
            yield f"{folder.name}, {count} alternates, near", near_misses(task.faqs, task.queries)
            if far:
                yield f"{folder.name}, {count} alternates, mixed", _mixed(task, far)


def _mixed(task: Task, far: list[OutOfScope]) -> Task:
    """Near and far misses among the questions in the shares that calibration assumes."""
    removed = MIX[Kind.NEAR] / (MIX[Kind.NEAR] + MIX[Kind.INSIDE])
    near = near_misses(task.faqs, task.queries, removed=removed)
    count = round(len(near.queries) * MIX[Kind.FAR] / MIX[Kind.INSIDE])
    some = random.Random(0).sample(far, min(count, len(far)))
    return Task(near.faqs, near.queries, [*near.out_of_scope, *some])


def draw_reliability(runs: dict[str, Asked], path: Path) -> None:
    """Share of right first candidates against confidence, in ten bins."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 7), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="as sure as right")
    for name, asked in runs.items():
        which = np.minimum((asked.confidence * 10).astype(int), 9)
        bins = [b for b in range(10) if (which == b).sum() >= 10]
        sure = [asked.confidence[which == b].mean() for b in bins]
        axes.plot(sure, [asked.right[which == b].mean() for b in bins], marker="o", label=name)
    axes.set(xlabel="confidence", ylabel="share right", title="Reliability")
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=120)


def draw_risk_coverage(runs: dict[str, Asked], path: Path) -> None:
    """Share of wrong answers against the share of questions answered."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots()
    for name, asked in runs.items():
        order = np.argsort(-asked.confidence, kind="stable")
        answered = np.arange(1, len(order) + 1)
        axes.plot(answered / len(order), np.cumsum(~asked.right[order]) / answered, label=name)
    axes.set(xlabel="coverage", ylabel="risk", title="Risk against coverage", ylim=(0, 0.5))
    axes.axhline(0.05, color="grey", linestyle=":")
    axes.legend(fontsize="small")
    figure.savefig(path, dpi=120)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sets", type=Path)
    parser.add_argument("--ood", type=Path)
    parser.add_argument("--encoder", default="embedded")
    parser.add_argument("--alternates", type=int, nargs="+", default=[0, 5])
    return parser.parse_args()


if __name__ == "__main__":
    main()
