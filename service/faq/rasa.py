"""Rasa training data: an intent's first example is the question, `utter_<intent>` the answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from service.faq.drafts import Cells, Parsed, draft

_TELLING = {"nlu", "responses", "rules", "stories"}
# [text](entity) and [text]{"entity": …}
_ENTITY = re.compile(r"\[([^\]\n]+)\](?:\([^)\n]*\)|\{[^}\n]*\})")
_NOT_ID = re.compile(r"[^A-Za-z0-9._-]+")


def is_rasa(document: Any) -> bool:
    """Whether a YAML document is a part of a Rasa project that matters here."""
    return isinstance(document, dict) and bool(_TELLING & set(document))


def drafts_of_rasa(documents: Sequence[Any], source: str | None) -> Iterator[Parsed]:
    """A draft per intent, numbered in the order of the files; they complete one another."""
    responses = _responses(documents)
    actions = _actions(documents)
    for number, (intent, examples) in enumerate(_intents(documents), 1):
        yield draft(_cells(number, source, intent, examples, responses, actions))


def _cells(
    number: int,
    source: str | None,
    intent: str,
    examples: Sequence[str],
    responses: dict[str, str],
    actions: dict[str, str],
) -> Cells:
    place = f"{source}, intent {intent!r}" if source else f"intent {intent!r}"
    cells = Cells(number, place, labels={"answer": "responses", "question": "examples"})
    cells.put("id", "intent", _NOT_ID.sub(".", intent))
    answer = responses.get(f"utter_{intent}") or responses.get(actions.get(intent, ""))
    if answer:
        cells.put("answer", "responses", answer)
    else:
        cells.complain(
            "answer",
            f"has no text: add utter_{intent} under 'responses', or a rule from the intent to an "
            "utter_ action; import a folder when the parts lie in several files",
        )
    if examples:
        cells.put("question", "examples", examples[0])
        cells.put("alternates", "examples", list(examples[1:]))
    return cells


def _intents(documents: Sequence[Any]) -> Iterator[tuple[str, list[str]]]:
    merged: dict[str, list[str]] = {}
    for entry in _entries(documents, "nlu"):
        if "intent" in entry:
            merged.setdefault(str(entry["intent"]), []).extend(_examples(entry.get("examples")))
    yield from merged.items()


def _examples(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        lines: Iterable[Any] = (
            item.get("text", "") if isinstance(item, dict) else item for item in value
        )
    else:
        lines = (line.strip().removeprefix("-") for line in str(value or "").split("\n"))
    for line in lines:
        text = _ENTITY.sub(r"\1", str(line)).strip()
        if text:
            yield text


def _responses(documents: Sequence[Any]) -> dict[str, str]:
    """The first variation that has a text: the service says one thing, always the same."""
    found: dict[str, str] = {}
    for document in documents:
        for name, variations in (_mapping(document.get("responses"))).items():
            texts = [
                str(variation["text"])
                for variation in variations or []
                if isinstance(variation, dict) and variation.get("text")
            ]
            if texts:
                found.setdefault(str(name), texts[0])
    return found


def _actions(documents: Sequence[Any]) -> dict[str, str]:
    """The utter_ action that a rule or story takes right after an intent."""
    found: dict[str, str] = {}
    for key in ("rules", "stories"):
        for entry in _entries(documents, key):
            steps = [step for step in entry.get("steps") or [] if isinstance(step, dict)]
            for step, following in pairwise(steps):
                action = str(following.get("action", ""))
                if "intent" in step and action.startswith("utter_"):
                    found.setdefault(str(step["intent"]), action)
    return found


def _entries(documents: Sequence[Any], key: str) -> Iterator[dict[Any, Any]]:
    for document in documents:
        for entry in document.get(key) or []:
            if isinstance(entry, dict):
                yield entry


def _mapping(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
