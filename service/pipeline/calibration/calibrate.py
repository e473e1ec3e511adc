"""Calibrates confidence for one FAQ set, at every reindex, without labels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from service.domain import Faq, Progress
from service.pipeline.calibration.fitting import (
    PRIOR_QUESTIONS,
    Heads,
    Judged,
    cross_validate,
    train,
)
from service.pipeline.calibration.policy import Curve, choose
from service.pipeline.calibration.samples import (
    FAR_FOR_SCALE,
    Kind,
    Limits,
    Prepares,
    Remembering,
    Sample,
    Searcher,
    draw,
    off_topic,
    small_talk,
)
from service.ports import Encoder, OnProgress

_VERSION = 9  # raise it whenever samples, features or models change
_MOST_FAQS = 3000  # beyond it, teaching an encoder once more for each fold takes too long
_FEWEST_FAQS = 8  # fewer cannot be left out in turn
_HANDED_OVER = 0.95  # share of far misses that should not even get suggestions
_NOT_OFFERED = 0.05  # share of questions in scope that this may cost


@dataclass(frozen=True, slots=True, eq=False)
class Prior:
    """What the project's own FAQ sets taught, for one encoder."""

    name: str
    heads: Heads
    curve: Curve


def calibrate(
    faqs: Sequence[Faq],
    text: Prepares,
    encoder: Encoder,
    teach: Callable[[Sequence[Faq]], Encoder],
    *,
    target_precision: float,
    on_progress: OnProgress,
) -> dict[str, Any]:
    """The report that `CalibratedConfidence.from_report` reads.

    `encoder` is the one that will answer; `teach` gives one that has seen these FAQs alone.
    """
    prior, text = shipped_prior(encoder.name), Remembering(text)
    on_progress(Progress("calibrate", 0, 0))
    limits = _limits(faqs)
    samples = draw(faqs, text, teach, limits, on_progress) if limits else []
    inside = sum(sample.kind is Kind.INSIDE for sample in samples)
    far, chatter = off_topic()[:FAR_FOR_SCALE], small_talk()
    scale = Searcher(faqs[:_MOST_FAQS], encoder, text, far, chatter).scale
    heads, curve, suggest_at, checks = _learn(samples, prior, inside)
    return {
        "version": version(),
        "prior": {"name": prior.name, "share": round(_prior_share(inside), 3)},
        "samples": {kind.value: sum(s.kind is kind for s in samples) for kind in Kind},
        "notes": _notes(faqs, inside),
        "checks": checks,
        "policy": choose(curve, target_precision, suggest_at).as_json(),
        "scale": asdict(scale),
        "heads": heads.as_json(),
        "curve": curve.as_json(),
    }


def _limits(faqs: Sequence[Faq]) -> Limits | None:
    """None: nothing can be held out, or it would take too long."""
    if not _FEWEST_FAQS <= len(faqs) <= _MOST_FAQS:
        return None
    asked = any(faq.alternates for faq in faqs)
    return Limits() if asked else Limits(folds=1)  # enough to see how near strangers come


def _notes(faqs: Sequence[Faq], inside: int) -> list[str]:
    """What the user should know about where confidence comes from."""
    if len(faqs) > _MOST_FAQS:
        return [f"more than {_MOST_FAQS} FAQs: the shipped prior was used as it is"]
    if len(faqs) < _FEWEST_FAQS:
        return [f"fewer than {_FEWEST_FAQS} FAQs: the shipped prior was used as it is"]
    if inside < PRIOR_QUESTIONS:
        few = f"only {inside} questions could be held out, so the shipped prior counts most"
        return [f"{few}; more alternates would make confidence the set's own"]
    return []


def version() -> str:
    """Changes whenever the same FAQs could be calibrated differently."""
    prior = json.dumps(_priors(), sort_keys=True)
    return f"{_VERSION}-{hashlib.sha256(prior.encode()).hexdigest()[:12]}"


def shipped_prior(encoder: str) -> Prior:
    """Of the built-in encoder of that name, else of all of them together."""
    priors: Mapping[str, Any] = _priors()["encoders"]
    name = encoder if encoder in priors else "any"
    stored = priors[name]
    return Prior(name, Heads.from_json(stored["heads"]), Curve.from_json(stored["curve"]))


def _learn(
    samples: Sequence[Sample], prior: Prior, inside: int
) -> tuple[Heads, Curve, float, dict[str, float]]:
    if not samples:
        return prior.heads, prior.curve, 0.5, {}
    judged = cross_validate(samples, prior.heads)
    curve = prior.curve
    if inside:
        curve = judged.curve().mixed_with(prior.curve, 1 - _prior_share(inside))
    return train(samples, prior.heads), curve, _suggest_at(judged), _checks(judged)


def _prior_share(inside: int) -> float:
    return PRIOR_QUESTIONS / (PRIOR_QUESTIONS + inside)


def _suggest_at(judged: Judged) -> float:
    far, inside = judged.of(Kind.FAR), judged.of(Kind.INSIDE)
    wanted = float(np.quantile(far, _HANDED_OVER)) if len(far) else 0.5
    dearest = float(np.quantile(inside, _NOT_OFFERED)) if len(inside) >= PRIOR_QUESTIONS else 0.5
    return round(min(wanted, dearest), 5)


def _checks(judged: Judged) -> dict[str, float]:
    """Of held-out questions: how well the kinds are told apart."""
    inside = judged.of(Kind.INSIDE)
    if not len(inside):
        return {}
    return {
        "recall_at_1": _mean(judged.right[judged.kinds == Kind.INSIDE]),
        "far_auroc": _auroc(inside, judged.of(Kind.FAR)),
        "near_auroc": _auroc(inside, judged.of(Kind.NEAR)),
    }


def _auroc(inside: Any, outside: Any) -> float:
    above = (inside[:, None] > outside).mean() + (inside[:, None] == outside).mean() / 2
    return round(float(above), 4)


def _mean(values: Any) -> float:
    return round(float(np.mean(values)), 4)


@cache
def _priors() -> Any:
    path = files("service.pipeline").joinpath("data/calibration_prior.json")
    return json.loads(path.read_text(encoding="utf-8"))
