"""CSV in whatever encoding and with whatever separator the spreadsheet program chose."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

from charset_normalizer import from_bytes

from service.errors import BadFile, RowProblem
from service.faq.drafts import Parsed
from service.faq.headings import Header
from service.faq.tables import HEADING_ROWS, drafts_of_table, find_header, no_header

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What programs in Vietnam write beside UTF-8. Guessing among all encodings errs far more often.
_LEGACY = ["cp1258", "utf_16_le", "utf_16_be"]
_DELIMITERS = ",;\t|"
_SAMPLE_BYTES = 1 << 18
_CHUNK_BYTES = 1 << 20


def read_csv(path: Path, source: str | None = None) -> Iterator[Parsed]:
    """Drafts of a CSV file, in bounded memory. Raises BadFile."""
    encoding = detect_encoding(path)
    header, delimiter = _header(path, encoding)
    yield from drafts_of_table(header, _rows(path, encoding, delimiter), source)


def detect_encoding(path: Path) -> str:
    """By byte order mark, else UTF-8 when all of it is, else the likeliest legacy one."""
    with path.open("rb") as file:
        sample = file.read(_SAMPLE_BYTES)
    for bom, encoding in _BOMS:
        if sample.startswith(bom):
            return encoding
    if b"\0" not in sample and _is_utf8(path):
        return "utf-8"
    best = from_bytes(sample, cp_isolation=_LEGACY).best()
    if best is None:
        raise BadFile(
            f"The encoding of {path.name} is not known. Save it as 'CSV UTF-8' (Excel: File, "
            "Save As, CSV UTF-8) or as .xlsx."
        )
    return best.encoding


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _header(path: Path, encoding: str) -> tuple[Header, str]:
    # The right separator is the one that makes headings out of the first rows.
    for delimiter in _DELIMITERS:
        header = find_header(_first_rows(path, encoding, delimiter))
        if header:
            return header, delimiter
    raise no_header(path.name, _first_rows(path, encoding, ","))


def _first_rows(path: Path, encoding: str, delimiter: str) -> list[list[str]]:
    rows = []
    for row in _rows(path, encoding, delimiter):
        rows.append(row)
        if len(rows) == HEADING_ROWS:
            break
    return rows


def _rows(path: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    number = 0
    with path.open(encoding=encoding, newline="") as file:
        try:
            for number, row in enumerate(csv.reader(file, delimiter=delimiter), 1):  # noqa: B007
                yield row
        except csv.Error as error:
            reason = f'{error}; is a quote (") not closed, or a cell longer than 131,072?'
            raise BadFile(
                f"{path.name} cannot be read.", [RowProblem(number + 1, None, reason)]
            ) from error
        except UnicodeDecodeError as error:
            reason = f"is not {encoding} like the rows before it; save the file as CSV UTF-8"
            raise BadFile(
                f"{path.name} cannot be read.", [RowProblem(number + 1, None, reason)]
            ) from error
