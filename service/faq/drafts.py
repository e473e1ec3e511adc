"""What every reader of files yields: one draft per row, with what is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from service.domain import Faq
from service.errors import RowProblem
from service.faq.cells import alternates_of, date_of, tags_of, text_of
from service.faq.folding import squash
from service.faq.headings import MANY, field_of
from service.faq.validate import examine_faq


@dataclass(frozen=True, slots=True)
class Draft:
    """A row that was read. Only without problems may its FAQ be stored."""

    row: int
    source: str | None  # file or sheet, where there are several
    faq: Faq
    problems: tuple[RowProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something in the source that is no part of an FAQ: a column, a key, a file."""

    what: str


Parsed = Draft | Ignored


@dataclass(slots=True)
class Cells:
    """The raw values of one row by field, and what the file calls each field."""

    row: int
    source: str | None = None
    values: dict[str, list[object]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    problems: list[RowProblem] = field(default_factory=list)

    def put(self, field_name: str, label: str, value: object) -> None:
        """One more value; a second one is kept only where a field may have many."""
        if self.values.get(field_name) and field_name not in MANY:
            self.complain(field_name, f"is given twice, here and as {label!r}; keep one")
            return
        self.labels.setdefault(field_name, label)
        self.values.setdefault(field_name, []).append(value)

    def complain(self, field_name: str, reason: str) -> None:
        """Note a problem under the name that the file gives the field."""
        label = self.labels.get(field_name, field_name)
        self.problems.append(RowProblem(self.row, label, reason, self.source))


def draft(cells: Cells) -> Draft:
    """Reads the values into an FAQ and notes everything wrong with it."""
    question = _text(cells, "question")
    row_id = _text(cells, "id") or derived_id(question) or f"row-{cells.row}"
    raw = Faq(
        id=row_id,
        question=question,
        answer=_text(cells, "answer"),
        alternates=tuple(_many(cells, "alternates")),
        tags=tuple(_many(cells, "tags")),
        valid_from=_date(cells, "valid_from"),
        valid_to=_date(cells, "valid_to"),
    )
    faq, complaints = examine_faq(raw)
    told = {problem.column for problem in cells.problems}
    for name, reason in complaints:
        if cells.labels.get(name, name) not in told:
            cells.complain(name, reason)
    return Draft(cells.row, cells.source, faq, tuple(cells.problems))


def derived_id(question: str) -> str:
    """The same id for the same question, whatever its case, spaces and punctuation; "" for none."""
    words = squash(question)
    return f"q-{hashlib.sha256(words.encode()).hexdigest()[:16]}" if words else ""


def draft_of_mapping(
    mapping: Mapping[object, object], row: int, source: str | None
) -> Iterable[Parsed]:
    """The draft of a JSON or YAML mapping, after the keys in it that mean nothing to us."""
    cells = Cells(row, source)
    for key, value in mapping.items():
        name = field_of(str(key))
        if name is None:
            yield Ignored(f"key {str(key)[:80]!r}")
        else:
            cells.put(name, str(key), value)
    yield draft(cells)


def broken(row: int, source: str | None, reason: str) -> Draft:
    """A row that cannot be read at all."""
    return Draft(row, source, Faq("", "", ""), (RowProblem(row, None, reason, source),))


def _text(cells: Cells, name: str) -> str:
    try:
        return text_of(next(iter(cells.values.get(name, [])), None)).strip()
    except ValueError as error:
        cells.complain(name, str(error))
        return ""


def _date(cells: Cells, name: str) -> date | None:
    try:
        return date_of(next(iter(cells.values.get(name, [])), None))
    except ValueError as error:
        cells.complain(name, str(error))
        return None


def _many(cells: Cells, name: str) -> Sequence[str]:
    read = alternates_of if name == "alternates" else tags_of
    try:
        return [part for value in cells.values.get(name, []) for part in read(value)]
    except ValueError as error:
        cells.complain(name, str(error))
        return []
