"""Figures of merit, from ir-measures and scikit-learn. All are fractions in [0, 1].

Confidence figures follow selective classification (Geifman & El-Yaniv 2017): every question gets
a confidence, and is answered when that is high enough.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from service.errors import BadSetting

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DEPTH = 10  # FAQs per question that the ranking figures look at


def ranking_figures(rankings: Sequence[Sequence[str]], gold: Sequence[str]) -> dict[str, float]:
    """Figures over questions, each with one right FAQ. `rankings`: FAQ ids, best first."""
    try:
        import ir_measures
        from ir_measures import RR, R, nDCG
    except ImportError as error:
        raise BadSetting('Evaluation needs ir-measures: pip install "vifaq[eval]"') from error
    names = {"recall@1": R @ 1, "recall@5": R @ 5, "mrr@10": RR @ 10, "ndcg@10": nDCG @ 10}
    qrels = [ir_measures.Qrel(str(n), faq_id, 1) for n, faq_id in enumerate(gold)]
    # The rank itself as score: equal scores must not be put in another order by the library.
    run = [
        ir_measures.ScoredDoc(str(n), faq_id, float(-rank))
        for n, ranking in enumerate(rankings)
        for rank, faq_id in enumerate(ranking[:DEPTH])
    ]
    found = ir_measures.calc_aggregate(names.values(), qrels, run)
    return {name: float(found[measure]) for name, measure in names.items()}


def auroc(inside: Floats, outside: Floats) -> float:
    """Chance that a question in scope is given more confidence than one out of scope."""
    from sklearn.metrics import roc_auc_score

    labels = np.r_[np.ones(len(inside)), np.zeros(len(outside))]
    return float(roc_auc_score(labels, np.r_[inside, outside]))


def fpr_at_95_recall(inside: Floats, outside: Floats) -> float:
    """Share of out-of-scope questions let through when 95 % of those in scope are."""
    threshold = np.quantile(inside, 0.05, method="lower")
    return float(np.mean(outside >= threshold))


def coverage_at_precision(confidence: Floats, right: Bools, precision: float = 0.95) -> float:
    """Largest share of all questions answered while that share of the answers is right."""
    order = np.argsort(-confidence, kind="stable")
    answered = np.arange(1, len(order) + 1)
    precise = np.cumsum(right[order]) / answered >= precision
    # A threshold cannot part questions of equal confidence.
    last_of_equals = np.r_[np.diff(confidence[order]) != 0, True]
    possible = answered[precise & last_of_equals]
    return float(possible.max() / len(order)) if len(possible) else 0.0


def area_under_risk_coverage(confidence: Floats, right: Bools) -> float:
    """Mean share of wrong answers over all coverages; lower is better."""
    order = np.argsort(-confidence, kind="stable")
    return float(np.mean(np.cumsum(~right[order]) / np.arange(1, len(order) + 1)))


def expected_calibration_error(confidence: Floats, right: Bools, bins: int = 15) -> float:
    """Mean gap of confidence and accuracy in bins of equal width (Guo et al. 2017)."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        np.mean(which == b) * abs(confidence[which == b].mean() - right[which == b].mean())
        for b in np.unique(which)
    ]
    return float(sum(gaps))
