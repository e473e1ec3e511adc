"""Reads evaluation files: JSON Lines of FAQs, labelled questions and out-of-scope questions."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from service.domain import Faq
from service.errors import BadFile, RowProblem

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Query:
    """A question and the id of the FAQ that answers it."""

    question: str
    faq_id: str


@dataclass(frozen=True, slots=True)
class OutOfScope:
    """A question that no FAQ of the set answers. `kind` says why: chitchat, near_miss."""

    question: str
    kind: str


@dataclass(frozen=True, slots=True)
class Task:
    """What one evaluation runs on."""

    faqs: list[Faq]
    queries: list[Query]
    out_of_scope: list[OutOfScope]


def read_faqs(path: Path) -> list[Faq]:
    """Lines of {"id", "question", "alternates", "answer"}; raises BadFile naming every bad line."""
    seen: set[str] = set()

    def parse(line: dict[str, object]) -> Faq:
        faq_id = _text(line, "id")
        if faq_id in seen:
            raise ValueError(f"id {faq_id!r} is used twice")
        seen.add(faq_id)
        alternates = line.get("alternates", [])
        if not isinstance(alternates, list) or not all(isinstance(a, str) for a in alternates):
            raise ValueError('"alternates" must be a list of strings')
        answer = line.get("answer", "")
        if not isinstance(answer, str):
            raise ValueError('"answer" must be a string')
        return Faq(faq_id, _text(line, "question"), answer, tuple(alternates))

    return _read(path, parse)


def read_queries(path: Path, faq_ids: Collection[str]) -> list[Query]:
    """Lines of {"question", "faq_id"}; raises BadFile, also for an id that no FAQ has."""
    known = frozenset(faq_ids)

    def parse(line: dict[str, object]) -> Query:
        query = Query(_text(line, "question"), _text(line, "faq_id"))
        if query.faq_id not in known:
            raise ValueError(f"no FAQ has the id {query.faq_id!r}")
        return query

    return _read(path, parse)


def read_out_of_scope(path: Path) -> list[OutOfScope]:
    """Lines of {"question", "kind"}; raises BadFile naming every bad line."""
    return _read(path, lambda line: OutOfScope(_text(line, "question"), _text(line, "kind")))


def _text(line: dict[str, object], field: str) -> str:
    value = line.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)  # ids are often written as numbers
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f'"{field}" must be a string that is not empty')
    return value


def _read(path: Path, parse: Callable[[dict[str, object]], Item]) -> list[Item]:
    items: list[Item] = []
    problems: list[RowProblem] = []
    for number, text in _lines(path):
        try:
            line = json.loads(text)
            if not isinstance(line, dict):
                raise ValueError("expected one JSON object")
            items.append(parse(line))
        except ValueError as error:
            problems.append(RowProblem(number, None, str(error)))
    if not items and not problems:
        problems.append(RowProblem(None, None, "it holds no lines"))
    _refuse(path, problems)
    return items


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadFile(f"Cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadFile(f"Cannot read {path}: byte {error.start} is not UTF-8") from error
    # Not splitlines(): U+2028 and the like may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


def _refuse(path: Path, problems: Sequence[RowProblem]) -> None:
    if problems:
        raise BadFile(f"{path} cannot be evaluated:", problems)
