"""Whether adapting to an FAQ set pays, decided on questions held out from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from service.domain import FloatArray, PreparedFaq, PreparedText, Progress
from service.holdout import Fold, folds
from service.ports import Adapter, Encoder, OnProgress
from service.reindex.plan import Learned, key_of
from service.text.diacritics import fold
from service.text.noise import NoiseKind, add_noise

_MIN_HELD_OUT = 30  # alternates of the whole set; fewer decide nothing
_FEW = 300  # held out; fewer do not tell a small gain from chance
_MAX_HELD_OUT = 3_000  # per fold
_BEYOND_NOISE = 1.64  # standard errors: one-sided, 95 %
_ANY_BEYOND_NOISE = 2.13  # the same of any of three typings: Bonferroni
_EXAMPLES = 5
_DEPTH = 10

Ranks = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Trial:
    """A set without what a fold holds out, and that as questions."""

    faqs: list[PreparedFaq]
    questions: list[PreparedText]
    owners: list[int]  # index of each question's FAQ


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Ranks of the right FAQ, from 0, per typing."""

    key: str
    artefact: bytes

    before: dict[str, Ranks]
    after: list[dict[str, Ranks]]  # of each variant
    questions: list[PreparedText]


def learn_if_it_pays(
    adapter: Adapter,
    base: Encoder,
    faqs: Sequence[PreparedFaq],
    on_progress: OnProgress,
    *,
    always: bool = False,
) -> Learned:
    """Adapt on folds, compare on what was held out, and adapt to all if that won.

    Of the adapter's variants the one is taken that gains most MRR@10 over questions as typed,
    without marks and misspelt. It wins when these together gain by more than chance, and none of
    the three loses by more; `always` adapts even so. Adapting with care is better on the mean of
    the sets it was measured on: so the most careful variant is taken where too few alternates can
    be held out, and a few held-out questions have to speak against the best one by more than
    chance.
    """
    held_out = sum(len(faq.alternates) for faq in faqs)
    if held_out < _MIN_HELD_OUT:
        why = f"only {held_out} alternates: too few to measure on, so adapted with care"
        return _adapted(adapter, faqs, 0, {"reason": why}, on_progress)
    outcomes = []
    trials = [_trial(faqs, each) for each in folds([faq.id for faq in faqs])]
    for number, trial in enumerate(trials):
        on_progress(Progress("weigh", number, len(trials)))
        outcomes.append(_try(adapter, base, trial))
    on_progress(Progress("weigh", len(trials), len(trials)))
    best = int(np.argmax([_total_gain(outcomes, at)[0] for at in range(len(outcomes[0].after))]))
    report = _report(outcomes, best)
    if not report["adapted"] and _few_and_none_against(outcomes, best):
        report |= {"adapted": True, "reason": "too few held-out questions to speak against it"}
    if not (always or report["adapted"]):
        return Learned(base, None, report)
    learned = _adapted(adapter, faqs, best, report, on_progress)
    return replace(learned, taught={outcome.key: outcome.artefact for outcome in outcomes})


def _adapted(
    adapter: Adapter,
    faqs: Sequence[PreparedFaq],
    variant: int,
    report: dict[str, object],
    on_progress: OnProgress,
) -> Learned:
    full = adapter.adapt(faqs, on_progress=on_progress)
    artefact = adapter.variants(full)[variant]
    return Learned(adapter.load(artefact), artefact, {**report, "adapted": True})


def _few_and_none_against(outcomes: Sequence[_Outcome], variant: int) -> bool:
    few = sum(len(o.questions) for o in outcomes) < _FEW
    return few and not _losers(_gains(outcomes, variant))


def _losers(gains: Mapping[str, tuple[float, float]]) -> list[str]:
    """Typings that lose by more than chance."""
    return [name for name, (gain, error) in gains.items() if gain < -_ANY_BEYOND_NOISE * error]


def _gain(outcomes: Sequence[_Outcome], variant: int, *typings: str) -> tuple[float, float]:
    """In MRR@10 over questions, each the mean of its `typings`, and its standard error."""
    each = []
    for typing in typings:
        before = np.concatenate([o.before[typing] for o in outcomes])
        after = np.concatenate([o.after[variant][typing] for o in outcomes])
        each.append(_reciprocal(after) - _reciprocal(before))
    gain = np.mean(each, axis=0)
    return float(gain.mean()), float(gain.std() / np.sqrt(len(gain)))


def _gains(outcomes: Sequence[_Outcome], variant: int) -> dict[str, tuple[float, float]]:
    return {typing: _gain(outcomes, variant, typing) for typing in outcomes[0].before}


def _total_gain(outcomes: Sequence[_Outcome], variant: int) -> tuple[float, float]:
    return _gain(outcomes, variant, *outcomes[0].before)


def _trial(faqs: Sequence[PreparedFaq], each: Fold) -> _Trial:
    kept, held_out = each.keep(faqs), {faq.id: each.held_out(faq) for faq in faqs}
    questions, owners = [], []
    for at, faq in enumerate(kept):
        known = {_letters(text) for text in (faq.question, *faq.alternates)}
        fresh = [text for text in held_out[faq.id] if _letters(text) not in known]
        questions += fresh
        owners += [at] * len(fresh)
    step = max(1, len(questions) // _MAX_HELD_OUT)
    return _Trial(kept, questions[::step], owners[::step])


def _try(adapter: Adapter, base: Encoder, trial: _Trial) -> _Outcome:
    learned = adapter.adapt(trial.faqs, on_progress=lambda _: None)
    typings = {
        "as typed": trial.questions,
        "no marks": [_plain(fold(text.plain)) for text in trial.questions],
        "misspelt": [_plain(add_noise(t.plain, NoiseKind.TYPO, 1)) for t in trial.questions],
    }
    adapted = [adapter.load(variant) for variant in adapter.variants(learned)]
    return _Outcome(
        key=key_of(trial.faqs),
        artefact=learned,
        before=_ranks(base, trial, typings),
        after=[_ranks(each, trial, typings) for each in adapted],
        questions=trial.questions,
    )


def _letters(text: PreparedText) -> str:
    return fold(text.plain).casefold()


def _plain(text: str) -> PreparedText:
    return PreparedText(text, text, has_marks=False)


def _ranks(
    encoder: Encoder, trial: _Trial, typings: Mapping[str, Sequence[PreparedText]]
) -> dict[str, Ranks]:
    """(n,) rank of the right FAQ among all, from 0, per typing; ties count against it."""
    rows = [text for faq in trial.faqs for text in (faq.question, *faq.alternates)]
    starts = np.cumsum([0] + [1 + len(faq.alternates) for faq in trial.faqs[:-1]])
    index = encoder.encode(rows)

    def ranks(questions: Sequence[PreparedText]) -> Ranks:
        found = []
        for start in range(0, len(questions), 256):
            scores: FloatArray = encoder.encode(questions[start : start + 256]) @ index.T
            by_faq = np.maximum.reduceat(scores, starts, axis=1)
            own = by_faq[np.arange(len(by_faq)), trial.owners[start : start + 256]]
            found.append((by_faq >= own[:, None]).sum(axis=1) - 1)
        return np.concatenate(found)

    return {name: ranks(questions) for name, questions in typings.items()}


def _report(outcomes: Sequence[_Outcome], variant: int) -> dict[str, object]:
    gains, figures = _gains(outcomes, variant), {}
    for name, (gain, error) in gains.items():
        before = np.concatenate([o.before[name] for o in outcomes])
        after = np.concatenate([o.after[variant][name] for o in outcomes])
        figures[name] = {
            "before": _figures(before),
            "after": _figures(after),
            "gain_mrr@10": round(gain, 4),
            "standard_error": round(error, 4),
        }
    total, chance = _total_gain(outcomes, variant)
    won, losers = total > _BEYOND_NOISE * chance, _losers(gains)
    reason = "better on held-out questions"
    if losers:
        reason = f"worse on held-out questions typed so: {', '.join(losers)}"
    elif not won:
        reason = "no better on held-out questions"
    return {
        "adapted": won and not losers,
        "reason": reason,
        "held_out": sum(len(o.questions) for o in outcomes),
        "figures": figures,
        "folds": [
            {
                "before": _figures(o.before["as typed"]),
                "after": _figures(o.after[variant]["as typed"]),
            }
            for o in outcomes
        ],
        "variant": variant,
        "examples": _examples(outcomes, variant),
    }


def _reciprocal(ranks: Ranks) -> npt.NDArray[np.float64]:
    return np.where(ranks < _DEPTH, 1 / (ranks + 1), 0.0)


def _figures(ranks: Ranks) -> dict[str, float]:
    return {
        "recall@1": round(float((ranks < 1).mean()), 4),
        "recall@5": round(float((ranks < 5).mean()), 4),
        "mrr@10": round(float(_reciprocal(ranks).mean()), 4),
    }


def _examples(outcomes: Sequence[_Outcome], variant: int) -> dict[str, list[str]]:
    """Held-out questions that came right, or went wrong, by adapting."""
    changed = [
        (text.plain, int(before), int(after))
        for o in outcomes
        for text, before, after in zip(
            o.questions, o.before["as typed"], o.after[variant]["as typed"], strict=True
        )
    ]
    return {
        "mended": [text for text, before, after in changed if after == 0 < before][:_EXAMPLES],
        "broken": [text for text, before, after in changed if before == 0 < after][:_EXAMPLES],
    }
