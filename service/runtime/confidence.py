"""How sure the service is: learned when an index is built, opened with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from service.models.profiles import encoder_profile
from service.pipeline.calibrated import CalibratedConfidence
from service.pipeline.calibration.calibrate import version
from service.pipeline.calibration.samples import small_talk
from service.pipeline.confidence import Confidence, ThresholdConfidence
from service.pipeline.small_talk import SmallTalk, read_small_talk
from service.ports import Encoder
from service.reindex.plan import TextPath
from service.settings import Settings

_NEVER, _ALWAYS = 2.0, -2.0  # cosines beyond reach


def open_confidence(
    settings: Settings, calibration: Mapping[str, Any] | None, text: TextPath, encoder: Encoder
) -> Confidence:
    """By the calibration that came with the index; else by the cosines of the encoder's profile."""
    if calibration is None or not is_current(calibration):
        return _uncalibrated(settings)
    return CalibratedConfidence.from_report(
        calibration,
        encoder.encode([text.prepare(phrasing) for phrasing in small_talk()]),
        target_precision=settings.target_precision,
        answer_at=settings.answer_threshold,
        suggest_at=settings.suggest_threshold,
    )


def is_current(calibration: Mapping[str, Any]) -> bool:
    """Whether this version of the code made it; what another made means something else."""
    return bool(calibration["version"] == version())


def open_small_talk(file: Path | None, text: TextPath, encoder: Encoder) -> SmallTalk:
    """The pack of VIFAQ_SMALL_TALK_FILE, or the one that ships. Raises BadFile."""
    return SmallTalk(read_small_talk(file), text, encoder)


def _uncalibrated(settings: Settings) -> ThresholdConfidence:
    """An encoder whose cosines nobody has measured only suggests: a guess could answer wrongly."""
    profile = encoder_profile(settings)
    structlog.get_logger(__name__).warning(
        "not_calibrated",
        encoder=profile.name,
        effect="confidence is a guess" if profile.answer_at else "it suggests and never answers",
        remedy="run: vifaq reindex",
    )
    return ThresholdConfidence(
        answer_similarity=_NEVER if profile.answer_at is None else profile.answer_at,
        suggest_similarity=_ALWAYS if profile.suggest_at is None else profile.suggest_at,
    )
