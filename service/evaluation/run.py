"""Runs a ranker over labelled questions and sums up how well it did."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from time import perf_counter

import numpy as np

from service.domain import Progress
from service.evaluation import metrics
from service.evaluation.load import Task
from service.evaluation.ranking import Ranker, Ranking
from service.ports import OnProgress
from service.text.noise import NoiseKind, add_noise


@dataclass(frozen=True, slots=True)
class Result:
    """Figures of one run. Fractions in [0, 1]; latencies in milliseconds."""

    ranker: str
    noise: str
    data_hash: str  # of the questions and FAQs, before noise
    n_faqs: int
    n_queries: int
    ranking: dict[str, float]  # recall@1, recall@5, mrr@10, ndcg@10
    latency_ms: dict[str, float]  # p50, p95
    rejection: dict[str, dict[str, float]]  # kind → auroc, fpr95
    coverage_at_95_precision: float  # of all questions asked, out of scope included
    area_under_risk_coverage: float
    expected_calibration_error: float | None  # None: the confidence is no probability
    at_target: dict[str, float] | None  # precision and coverage of what would be answered

    def as_json(self) -> dict[str, object]:
        """The record as it is written to a file."""
        return {
            "n_faqs": self.n_faqs,
            "n_queries": self.n_queries,
            **self.ranking,
            "latency_ms": self.latency_ms,
            "rejection": {
                **self.rejection,
                "coverage_at_95_precision": self.coverage_at_95_precision,
            },
            "area_under_risk_coverage": self.area_under_risk_coverage,
            "expected_calibration_error": self.expected_calibration_error,
            "at_target": self.at_target,
            "ranker": self.ranker,
            "noise": self.noise,
            "data_hash": self.data_hash,
        }


def evaluate(
    ranker: Ranker,
    task: Task,
    *,
    noise: NoiseKind | str = NoiseKind.NONE,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> Result:
    """Ask every question once, one at a time, out-of-scope ones too; noise goes on all of them.

    `ranker` must hold the FAQs of the task.
    """
    questions = [q.question for q in task.queries] + [q.question for q in task.out_of_scope]
    typed = [add_noise(question, noise, seed) for question in questions]
    rankings, spent_ms = _ask(ranker, typed, on_progress)
    inside, outside = rankings[: len(task.queries)], rankings[len(task.queries) :]
    gold = [query.faq_id for query in task.queries]
    right = np.array(
        [r.faq_ids[:1] == (faq_id,) for r, faq_id in zip(inside, gold, strict=True)]
        + [False] * len(outside)
    )
    confidence = np.array([ranking.confidence for ranking in rankings])
    p50, p95 = np.percentile(spent_ms, [50, 95])
    return Result(
        ranker=ranker.name,
        noise=str(noise),
        data_hash=data_hash(task),
        n_faqs=len(task.faqs),
        n_queries=len(task.queries),
        ranking=metrics.ranking_figures([r.faq_ids for r in inside], gold),
        latency_ms={"p50": float(p50), "p95": float(p95)},
        rejection=_rejection(task, inside, outside),
        coverage_at_95_precision=metrics.coverage_at_precision(confidence, right),
        area_under_risk_coverage=metrics.area_under_risk_coverage(confidence, right),
        expected_calibration_error=(
            metrics.expected_calibration_error(confidence, right) if ranker.calibrated else None
        ),
        at_target=_at_target(rankings, right) if ranker.calibrated else None,
    )


def data_hash(task: Task) -> str:
    """Tells whether two records were measured on the same data."""
    text = json.dumps(asdict(task), ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _ask(
    ranker: Ranker, questions: Sequence[str], on_progress: OnProgress | None
) -> tuple[list[Ranking], list[float]]:
    rankings, spent_ms = [], []
    ranker.rank(questions[0])  # the first one loads what is loaded lazily
    for done, question in enumerate(questions, start=1):
        started = perf_counter()
        rankings.append(ranker.rank(question))
        spent_ms.append((perf_counter() - started) * 1000)
        if on_progress:
            on_progress(Progress("ask", done, len(questions)))
    return rankings, spent_ms


def _rejection(
    task: Task, inside: Sequence[Ranking], outside: Sequence[Ranking]
) -> dict[str, dict[str, float]]:
    by_kind: dict[str, list[float]] = defaultdict(list)
    for question, ranking in zip(task.out_of_scope, outside, strict=True):
        by_kind[question.kind].append(ranking.in_scope)
    accepted = np.array([ranking.in_scope for ranking in inside])
    return {
        kind: {
            "auroc": metrics.auroc(accepted, np.array(scores)),
            "fpr95": metrics.fpr_at_95_recall(accepted, np.array(scores)),
        }
        for kind, scores in sorted(by_kind.items())
    }


def _at_target(rankings: Sequence[Ranking], right: metrics.Bools) -> dict[str, float]:
    """What the thresholds came to, beside the best that one cosine threshold could have given.

    Without an answer none is wrong: precision is 1 then, at no coverage.
    """
    answered = np.array([ranking.answered for ranking in rankings])
    similarity = np.array([max(ranking.scores, default=-1.0) for ranking in rankings])
    precision = float(right[answered].mean()) if answered.any() else 1.0
    return {
        "answered": int(answered.sum()),
        "precision": precision,
        "coverage": float(answered.mean()),
        "coverage_of_one_cosine": metrics.coverage_at_precision(similarity, right, precision),
    }
