"""Reads a file, or a folder of files, as drafts of FAQs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from service.errors import BadFile
from service.faq.csv_files import read_csv
from service.faq.documents import drafts_of_document, load_json, load_yaml, read_jsonl
from service.faq.drafts import Ignored, Parsed
from service.faq.rasa import drafts_of_rasa, is_rasa
from service.faq.xlsx_files import read_xlsx

Reader = Callable[[Path, str | None], Iterator[Parsed]]

_STREAMS: dict[str, Reader] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".txt": read_csv,
    ".xlsx": read_xlsx,
    ".xlsm": read_xlsx,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
}
_DOCUMENTS: dict[str, Callable[[Path], Any]] = {
    ".json": load_json,
    ".yaml": load_yaml,
    ".yml": load_yaml,
}
SUFFIXES = (*_STREAMS, *_DOCUMENTS)


def parse(source: Path) -> Iterator[Parsed]:
    """Drafts in file order, row by row. A folder is read file by file, by name.

    Raises BadFile for a file that cannot be read at all; problems of rows are in the drafts.
    """
    if source.is_dir():
        return _folder(source)
    if not source.is_file():
        raise BadFile(f"There is no file {source}.")
    if source.suffix.lower() not in SUFFIXES:
        raise BadFile(
            f"{source.name} is of no kind that can be imported ({', '.join(SUFFIXES)}). "
            "Save an old .xls or an .ods as .xlsx."
        )
    return _file(source)


def _file(path: Path, name: str | None = None) -> Iterator[Parsed]:
    suffix = path.suffix.lower()
    if suffix in _STREAMS:
        yield from _STREAMS[suffix](path, name)
        return
    document = _DOCUMENTS[suffix](path)
    if is_rasa(document):
        yield from drafts_of_rasa([document], name)
    else:
        yield from drafts_of_document(document, path.name, name)


def _folder(folder: Path) -> Iterator[Parsed]:
    rasa: list[Any] = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or any(part.startswith(".") for part in Path(name).parts):
            continue
        if path.suffix.lower() not in SUFFIXES:
            yield Ignored(f"file {name!r}")
        elif path.suffix.lower() in (".yaml", ".yml"):
            document = load_yaml(path)
            if is_rasa(document):
                rasa.append(document)  # the parts of a Rasa project complete one another
            elif isinstance(document, dict) and "faqs" not in document:
                yield Ignored(f"file {name!r}")  # such as Rasa's config.yml
            else:
                yield from drafts_of_document(document, name, name)
        else:
            yield from _file(path, name)
    yield from drafts_of_rasa(rasa, None)
