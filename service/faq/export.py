"""Writes FAQs to a file that imports as exactly the same FAQs."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

import yaml
from openpyxl import Workbook

from service.domain import Faq
from service.errors import BadInput
from service.faq.cells import alternates_cells, guard, tags_cell
from service.faq.headings import EXPORTED
from service.faq.records import faq_of, record_of


def export_faqs(faqs: Iterable[Faq], target: Path) -> int:
    """Write a .csv, .xlsx, .jsonl or .yaml file, in bounded memory; how many FAQs it has.

    The file appears complete or not at all. Raises BadInput for another suffix.
    """
    write = _WRITERS.get(target.suffix.lower())
    if write is None:
        raise BadInput(f"Cannot export to {target.name!r}; end its name in {', '.join(_WRITERS)}.")
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(handle)
    unfinished = Path(name)
    counted = _Counted(faqs)
    try:
        write(counted, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return counted.count


class _Counted:
    def __init__(self, faqs: Iterable[Faq]) -> None:
        self._faqs = faqs
        self.count = 0

    def __iter__(self) -> Iterator[Faq]:
        for faq in self._faqs:
            self.count += 1
            yield faq


def _write_jsonl(faqs: Iterable[Faq], target: Path) -> None:
    with target.open("w", encoding="utf-8", newline="\n") as file:
        _write_lines(faqs, file)


def _write_lines(faqs: Iterable[Faq], file: IO[str]) -> None:
    for faq in faqs:
        file.write(json.dumps(record_of(faq), ensure_ascii=False) + "\n")


def _write_yaml(faqs: Iterable[Faq], target: Path) -> None:
    with target.open("w", encoding="utf-8", newline="\n") as file:
        for faq in faqs:  # one list of one entry after the other is one list
            yaml.safe_dump([record_of(faq)], file, allow_unicode=True, sort_keys=False, width=100)


def _write_csv(faqs: Iterable[Faq], target: Path) -> None:
    # Excel takes a CSV without a byte order mark for the encoding of its country.
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(_table(faqs))


def _write_xlsx(faqs: Iterable[Faq], target: Path) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("FAQ")
    sheet.freeze_panes = "A2"
    for row in _table(faqs):
        sheet.append(row)
    book.save(target)


def _table(faqs: Iterable[Faq]) -> Iterator[list[str]]:
    """The heading row, then a row per FAQ.

    How many columns the alternates need is known at the end only, hence the file in between.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n") as file:
        width = 1
        for faq in faqs:
            width = max(width, len(alternates_cells(faq.alternates)))
            _write_lines([faq], file)
        file.seek(0)
        yield _headings(width)
        for line in file:
            yield [guard(cell) for cell in _cells(faq_of(json.loads(line)), width)]


def _headings(width: int) -> list[str]:
    more = [f"{EXPORTED['alternates']} {number}" for number in range(2, width + 1)]
    first = [EXPORTED[field] for field in ("id", "question", "answer", "alternates")]
    return [*first, *more, *(EXPORTED[field] for field in ("tags", "valid_from", "valid_to"))]


def _cells(faq: Faq, width: int) -> list[str]:
    alternates = alternates_cells(faq.alternates)
    alternates += [""] * (width - len(alternates))
    days = [day.isoformat() if day else "" for day in (faq.valid_from, faq.valid_to)]
    return [faq.id, faq.question, faq.answer, *alternates, tags_cell(faq.tags), *days]


_WRITERS: dict[str, Callable[[Iterable[Faq], Path], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".jsonl": _write_jsonl,
    ".yaml": _write_yaml,
}
