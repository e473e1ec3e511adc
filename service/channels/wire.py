"""Reading what the platforms send: tolerant of what is new, strict about what is used."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from service.errors import BadInput

Json = dict[str, Any]


class Wire(BaseModel):
    """Unknown fields are ignored; an id may come as a number."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


def json_object(body: bytes) -> Json:
    """Raises BadInput when the bytes are no JSON object."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadInput("The body is not JSON.") from error
    if not isinstance(content, dict):
        raise BadInput("The body is not a JSON object.")
    return content


def from_ms(value: int | str) -> datetime:
    """A time stamp in milliseconds since 1970, number or string. Raises ValueError."""
    try:
        return datetime.fromtimestamp(int(value) / 1000, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"not a time stamp: {value!r:.40}") from error
