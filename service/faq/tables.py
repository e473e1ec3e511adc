"""Rows of cells (CSV, XLSX) as drafts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from service.errors import BadFile, RowProblem
from service.faq.cells import unguard
from service.faq.drafts import Cells, Ignored, Parsed, draft
from service.faq.headings import Header, header_in

HEADING_ROWS = 10  # a title or a note may stand above the headings
MAX_ROWS = 1_048_576  # as many as a spreadsheet has

TableRow = Sequence[object]


def find_header(rows: Iterable[TableRow]) -> Header | None:
    """The first row of the first ten that names a question and an answer."""
    for number, cells in enumerate(islice(rows, HEADING_ROWS), 1):
        header = header_in(number, ["" if cell is None else str(cell) for cell in cells])
        if header:
            return header
    return None


def no_header(place: str, rows: Iterable[TableRow]) -> BadFile:
    """The error when no row of headings was found; shows what was there instead."""
    first = next((row for row in rows if any(cell not in (None, "") for cell in row)), ())
    shown = ", ".join(repr(str(cell)[:40]) for cell in list(first)[:10]) or "nothing"
    return BadFile(
        f"{place} has no row of headings with a question and an answer among its first "
        f"{HEADING_ROWS} rows. Name two columns 'Câu hỏi' and 'Trả lời' (or 'question' and "
        f"'answer'). The first row holds {shown}."
    )


def drafts_of_table(
    header: Header, rows: Iterable[TableRow], source: str | None
) -> Iterator[Parsed]:
    """A draft per filled row. `rows` starts with the first row of the table, headings included."""
    if header.repeated:
        raise BadFile(
            f"{source or 'The file'} has two columns for the same field: rename or delete "
            + ", ".join(map(repr, header.repeated))
            + "."
        )
    yield from (Ignored(f"column {label!r}") for label in header.ignored)
    for number, row in enumerate(rows, 1):
        if number > MAX_ROWS:
            raise BadFile(f"{source or 'The file'} has more than {MAX_ROWS} rows; split it.")
        if number > header.row and any(cell not in (None, "") for cell in row):
            yield draft(_cells(header, number, row, source))


def _cells(header: Header, number: int, row: TableRow, source: str | None) -> Cells:
    cells = Cells(number, source)
    for label, field in zip(header.labels, header.fields, strict=True):
        if field:
            cells.labels.setdefault(field, label)
    for field, label, value in zip(header.fields, header.labels, row, strict=False):
        if field and value not in (None, ""):
            cells.put(field, label, unguard(value) if isinstance(value, str) else value)
    extra = [value for value in row[len(header.fields) :] if value not in (None, "")]
    if extra:
        reason = (
            f"has more cells than there are headings, from {str(extra[0])[:40]!r} on; put quotes "
            "around texts that hold the separator"
        )
        cells.problems.append(RowProblem(number, None, reason, source))
    return cells
