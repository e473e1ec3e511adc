"""Every error this service raises on purpose, in one tree.

VifaqError
├── BadInput              the caller can mend it: names the row, field or setting, and what to do
│   ├── BadFile           an import file; carries every bad row, not only the first
│   └── BadSetting        a VIFAQ_* setting
├── NotFound              no such FAQ set, FAQ, job, key or generation
├── Conflict              somebody else is at it: a reindex is running, a revision is newer
├── NotReady              no usable index for this set, or it does not match the encoder
├── ModelUnavailable      model files are neither cached nor reachable
├── IndexBroken           a freshly built index failed its checks and was not switched to
├── StoreLocked           another process owns the embedded index directory
├── NotAllowed            missing or insufficient API key
├── Overloaded            the queue or a rate limit is full; carries retry_after_s
└── TimedOut              a bounded step did not finish in time
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class VifaqError(Exception):
    """Base of all errors raised on purpose. `str(error)` is fit to show to the user."""


class BadInput(VifaqError):
    """Input that the caller can mend."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong with one row of a file: where, and what to do about it."""

    row: int | None  # 1-based, as the spreadsheet shows it; None: the whole file
    column: str | None
    reason: str
    source: str | None = None  # file or sheet, where there are several

    def __str__(self) -> str:
        place = "file" if self.row is None else f"row {self.row}"
        if self.source:
            place = self.source if self.row is None else f"{self.source}, {place}"
        return f"{place}{f', column {self.column!r}' if self.column else ''}: {self.reason}"


class BadFile(BadInput):
    """An import file with problems. `problems` holds all of them in file order."""

    def __init__(self, message: str, problems: Sequence[RowProblem] = ()) -> None:
        super().__init__("\n".join([message, *map(str, problems)]))
        self.message = message
        self.problems = tuple(problems)


class BadSetting(BadInput):
    """A setting that cannot work; the message names it and a value that does."""


class NotFound(VifaqError):
    """The named thing does not exist."""


class IndexGone(NotFound):
    """The vectors of an index generation have been removed."""


class Conflict(VifaqError):
    """The request collides with work in progress or with newer data."""


class NotReady(VifaqError):
    """There is no index that may be searched; the message says what to run."""


class ModelUnavailable(VifaqError):
    """A model's files are neither cached nor reachable; the message says how to get them."""


class IndexBroken(VifaqError):
    """A freshly built index failed verification. The live one is untouched."""


class StoreLocked(VifaqError):
    """Another process owns the embedded index directory."""


class NotAllowed(VifaqError):
    """The API key is missing, unknown or revoked; or, with `known`, it lacks the scope."""

    def __init__(self, message: str, *, known: bool = False) -> None:
        super().__init__(message)
        self.known = known


class Overloaded(VifaqError):
    """Too much at once. `limited` tells a caller's own limit from a full queue."""

    def __init__(self, message: str, *, retry_after_s: float, limited: bool = False) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.limited = limited


class TimedOut(VifaqError):
    """A bounded step did not finish in time."""
