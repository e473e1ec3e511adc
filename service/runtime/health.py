"""Whether questions can be answered, and if not, what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.errors import NotFound, NotReady
from service.runtime.confidence import is_current
from service.runtime.parts import Parts


def problems(parts: Parts) -> list[str]:
    """Of the default set, and of every other set that has an index; each says what to run."""
    try:
        return _problems(parts)
    except SQLAlchemyError as error:
        structlog.get_logger(__name__).error("database_unreachable", error=repr(error))
        return ["The FAQ database does not answer; see VIFAQ_DATABASE_URL and the log."]


def index_problem(parts: Parts, set_name: str) -> str | None:
    """Why the set's live index cannot be searched; None: it can."""
    try:
        parts.store.count(parts.live.get(set_name).collection)
    except (NotReady, NotFound) as error:
        return str(error)
    return None


def is_calibrated(parts: Parts, set_name: str) -> bool:
    """Whether the live index answers by a calibration of this version. Raises as `live.get`."""
    calibration = parts.live.get(set_name).generation.report.get("calibration")
    return calibration is not None and is_current(cast(Mapping[str, Any], calibration))


def _problems(parts: Parts) -> list[str]:
    default = parts.settings.faq_set
    names = parts.records.faqs.set_names()
    if default not in names:
        steps = f"`vifaq import FILE --set {default}`, then `vifaq reindex --set {default}`"
        return [f"There is no FAQ set {default!r}. Run {steps}."]
    live_number = parts.records.generations.live_number
    served = [name for name in names if name == default or live_number(name) is not None]
    return [problem for name in served if (problem := index_problem(parts, name))]
