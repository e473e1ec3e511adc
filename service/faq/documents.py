"""JSONL, JSON and YAML, read with every text as it is written and nothing executed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from service.errors import BadFile
from service.faq.drafts import Parsed, broken, draft_of_mapping

MAX_LINE_BYTES = 4 << 20
MAX_DOCUMENT_BYTES = 64 << 20  # JSON and YAML are read whole
MAX_DEPTH = 20


def read_jsonl(path: Path, source: str | None = None) -> Iterator[Parsed]:
    """Drafts of a file with one JSON object a line, in bounded memory."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                raise BadFile(
                    f"{path.name}, line {number} is longer than {MAX_LINE_BYTES >> 20} MB. JSONL "
                    "has one FAQ a line; a file that is one long list is named .json."
                )
            if line.strip(b" \t\r\n\xef\xbb\xbf"):
                yield from _line(line, number, source)


def _line(line: bytes, number: int, source: str | None) -> Iterator[Parsed]:
    try:
        value = json.loads(line.decode("utf-8-sig").rstrip())
    except UnicodeDecodeError:
        yield broken(number, source, "is not UTF-8; save the file as UTF-8")
    except json.JSONDecodeError as error:
        yield broken(number, source, f"is no JSON object: {error.msg} at character {error.pos + 1}")
    except (ValueError, RecursionError):
        yield broken(number, source, "is no JSON object that an FAQ could be in")
    else:
        yield from _item(value, number, source)


def load_json(path: Path) -> Any:
    """A JSON document. Raises BadFile."""
    refuse_large(path)
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise BadFile(f"{path.name} is no readable JSON: {reason}") from error


class _TextLoader(yaml.CSafeLoader):
    """Every plain value is text, so that `007`, `no` and `2026-01-01` stay what was written."""


_TextLoader.yaml_implicit_resolvers = {  # only an empty value, ~ and null mean something else
    first: [(tag, pattern) for tag, pattern in resolvers if tag == "tag:yaml.org,2002:null"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def load_yaml(path: Path) -> Any:
    """A YAML document without tags and aliases. Raises BadFile."""
    refuse_large(path)
    try:
        text = path.read_text("utf-8-sig")
        _refuse_bombs(path, text)
        return yaml.load(text, _TextLoader)  # noqa: S506 - a safe loader
    except (ValueError, yaml.YAMLError) as error:
        raise BadFile(f"{path.name} is no readable YAML: {error}") from error


def _refuse_bombs(path: Path, text: str) -> None:
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise BadFile(f"{path.name}: the alias *{event.anchor} is not read; write it out.")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise BadFile(f"{path.name} is nested deeper than {MAX_DEPTH} levels.")


def refuse_large(path: Path) -> None:
    """Raises BadFile for a document that is too large to be read whole."""
    size = path.stat().st_size
    if size > MAX_DOCUMENT_BYTES:
        raise BadFile(
            f"{path.name} has {size >> 20} MB, more than {MAX_DOCUMENT_BYTES >> 20} MB. Split it, "
            "or use JSONL or CSV, which have no such limit."
        )


def drafts_of_document(document: Any, name: str, source: str | None) -> Iterator[Parsed]:
    """Drafts of a list of mappings, or of the list under the key `faqs`. Raises BadFile."""
    items = document.get("faqs") if isinstance(document, dict) else document
    if not isinstance(items, list):
        raise BadFile(
            f"{name} holds no list of FAQs. Write a list of entries with 'question' and 'answer', "
            "or such a list under the key 'faqs'."
        )
    for number, item in enumerate(items, 1):
        yield from _item(item, number, source)


def _item(value: object, number: int, source: str | None) -> Iterator[Parsed]:
    if isinstance(value, dict):
        yield from draft_of_mapping(value, number, source)
    else:
        yield broken(number, source, "is no mapping with 'question' and 'answer'")
