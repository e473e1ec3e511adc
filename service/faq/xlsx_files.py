"""XLSX workbooks: every sheet that has the right headings."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from service.errors import BadFile
from service.faq.drafts import Ignored, Parsed
from service.faq.tables import TableRow, drafts_of_table, find_header, no_header

MAX_UNPACKED_BYTES = 512 << 20
_UNREADABLE = (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, OSError)


def read_xlsx(path: Path, source: str | None = None) -> Iterator[Parsed]:
    """Drafts of all sheets with a question and an answer column. Raises BadFile."""
    with closing(_open(path)) as book:
        sheets = book.worksheets
        headers = {sheet.title: find_header(_rows(path, sheet)) for sheet in sheets}
        usable = [sheet for sheet in sheets if headers[sheet.title]]
        if not usable:
            rows = _rows(path, sheets[0]) if sheets else iter(())
            raise no_header(
                f"{path.name}, sheet {sheets[0].title!r}" if sheets else path.name, rows
            )
        yield from (Ignored(f"sheet {sheet.title!r}") for sheet in sheets if sheet not in usable)
        for sheet in usable:
            header = headers[sheet.title]
            if header:
                place = _place(source, f"sheet {sheet.title!r}" if len(usable) > 1 else None)
                yield from drafts_of_table(header, _rows(path, sheet), place)


def _open(path: Path) -> Workbook:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            raise BadFile(
                f"{path.name} unpacks to {unpacked >> 20} MB, more than "
                f"{MAX_UNPACKED_BYTES >> 20} MB. Split it, or save it as CSV UTF-8."
            )
        return load_workbook(path, read_only=True, data_only=True)
    except _UNREADABLE as error:
        raise _unreadable(path) from error


def _rows(path: Path, sheet: Any) -> Iterator[TableRow]:
    sheet.reset_dimensions()  # the size that a file claims may be a lie
    try:
        for row in sheet.iter_rows(values_only=True):
            yield [_plain(value) for value in row]
    except _UNREADABLE as error:
        raise _unreadable(path) from error


def _plain(value: object) -> object:
    match value:
        case bool():
            return str(value).upper()
        case datetime() if value.time() == time():
            return value.date()
        case None | str() | int() | float() | date():
            return value
        case _:
            return str(value)


def _place(*parts: str | None) -> str | None:
    return ", ".join(f"{part}" for part in parts if part) or None


def _unreadable(path: Path) -> BadFile:
    return BadFile(
        f"{path.name} is no readable .xlsx workbook (damaged, protected by a password, or of "
        "another kind). Open it in a spreadsheet program and save it as .xlsx again."
    )
