"""Reads and writes the values of single cells."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime

_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ][\d:.]*Z?)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
# A spreadsheet runs a cell that starts with one of these as a formula.
_RISKY = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
Split = Callable[[str], list[str]]
_CELL_CHARS = 16_000  # a spreadsheet cell holds 32,767 UTF-16 units


def guard(cell: str) -> str:
    """The cell with ' in front when a spreadsheet could run it."""
    return f"'{cell}" if _RISKY.match(cell) else cell


def unguard(cell: str) -> str:
    """Undoes `guard`."""
    return cell[1:] if _GUARDED.match(cell) else cell


def text_of(value: object) -> str:
    """A cell or a document's value as text; raises ValueError for lists, mappings and booleans."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float | date):
        raise ValueError(f"must be text, not {type(value).__name__}")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def alternates_of(value: object) -> list[str]:
    """Many questions in one value: a list, a JSON list, or parted by new lines or `|`."""
    return _many(value, _split_alternates)


def tags_of(value: object) -> list[str]:
    """Many tags in one value: a list, a JSON list, or parted by `,` `;` `|` or new lines."""
    return _many(value, _split_tags)


def date_of(value: object) -> date | None:
    """A date cell, dd/mm/yyyy or ISO; raises ValueError that says how to write it."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = text_of(value).strip()
    if not text:
        return None
    try:
        if iso := _ISO_DATE.fullmatch(text):
            return date(*map(int, iso.groups()))
        if day_first := _DAY_FIRST.fullmatch(text):
            day, month, year = map(int, day_first.groups())
            return date(year, month, day)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a day of the calendar; mend it") from error
    raise ValueError(f"{text!r} is not a date; write 31/08/2026 or 2026-08-31")


def alternates_cells(alternates: Sequence[str]) -> list[str]:
    """As few cells as hold them all: one question a line, or a JSON list where that is unclear."""
    cells: list[str] = []
    batch: list[str] = []
    for alternate in alternates:
        if batch and len(_cell([*batch, alternate], "\n", _split_alternates)) > _CELL_CHARS:
            cells.append(_cell(batch, "\n", _split_alternates))
            batch = []
        batch.append(alternate)
    return [*cells, _cell(batch, "\n", _split_alternates)]


def tags_cell(tags: Sequence[str]) -> str:
    """Tags in one cell."""
    return _cell(tags, ", ", _split_tags)


def _many(value: object, split: Split) -> list[str]:
    if isinstance(value, list):
        return [text_of(part) for part in value]
    text = text_of(value).strip()
    listed = _json_list(text)
    return listed if listed is not None else split(text)


def _json_list(text: str) -> list[str] | None:
    # A question may well start with "[": then it is no list, and no mistake either.
    if not text.startswith("["):
        return None
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return [text_of(part) for part in parsed] if isinstance(parsed, list) else None


def _cell(parts: Sequence[str], glue: str, split: Split) -> str:
    joined = glue.join(parts)
    if _many(joined, split) == list(parts):
        return joined
    return json.dumps(list(parts), ensure_ascii=False)


def _split_alternates(text: str) -> list[str]:
    parts = [part.strip() for part in text.replace("|", "\n").split("\n")]
    if len(parts) > 1:  # "một câu;" on each line
        parts = [part.removesuffix(";").rstrip() for part in parts]
    return [part for part in parts if part]


def _split_tags(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;|\n]", text) if part.strip()]
