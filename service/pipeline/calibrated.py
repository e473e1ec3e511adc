"""Confidence as a probability, by what a reindex learned about its FAQ set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from service.domain import Candidate, FloatArray, PreparedText
from service.pipeline.calibration.fitting import Heads
from service.pipeline.calibration.policy import Curve, choose
from service.pipeline.enquiry import enquiry
from service.pipeline.features import NAMES, Scale, features

_HELD_BACK = 0.9  # of answer_at: as sure as an FAQ can be against which a guard speaks


@dataclass(frozen=True, slots=True, eq=False)
class CalibratedConfidence:
    """How likely each candidate answers (`confidence.Confidence`).

    `reasons` holds all features, how likely the question `belongs` here at all, and how likely
    anything in the set `fits` it.
    """

    heads: Heads
    scale: Scale
    chatter: FloatArray  # (n, dim) the bundled small talk as the index's encoder sees it
    answer_at: float
    suggest_at: float

    @classmethod
    def from_report(
        cls,
        report: Mapping[str, Any],
        chatter: FloatArray,
        *,
        target_precision: float,
        answer_at: float | None = None,
        suggest_at: float | None = None,
    ) -> Self:
        """From generation.report["calibration"]; thresholds of one's own win."""
        stored = report["policy"]["suggest_at"]
        policy = choose(Curve.from_json(report["curve"]), target_precision, stored)
        return cls(
            Heads.from_json(report["heads"]),
            Scale(**report["scale"]),
            chatter,
            policy.answer_at if answer_at is None else answer_at,
            policy.suggest_at if suggest_at is None else suggest_at,
        )

    def judge(
        self, text: PreparedText, vector: FloatArray, ranked: Sequence[Candidate], /
    ) -> list[Candidate]:
        """The same candidates in the same order, with `confidence` and `reasons` filled in."""
        if not ranked:
            return []
        chatter = float((self.chatter @ vector).max())
        found = features(text, ranked, self.scale, chatter, enquiry(text.plain))
        said = self.heads(found).tolist()
        nearest = max(range(len(ranked)), key=lambda n: ranked[n].similarity)
        _, belongs, known = said[nearest]
        overall = {"belongs": belongs, "fits": belongs * known}
        judged = []
        for candidate, (right, _, _), row in zip(ranked, said, found.tolist(), strict=True):
            reasons = dict(zip(NAMES, row, strict=True)) | overall
            most = _HELD_BACK * self.answer_at if reasons["conflict"] else 1.0
            judged.append(replace(candidate, confidence=min(right, belongs, most), reasons=reasons))
        return judged

    def any_fits(self, judged: Sequence[Candidate], /) -> float:
        """How sure it is that one of these answers; two near ones both may."""
        return max((c.reasons["fits"] for c in judged[:1]), default=0.0)
