"""Greetings, thanks and the like: answered politely from a pack that anybody can edit."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import yaml

from service.domain import FloatArray, PreparedText
from service.errors import BadFile, RowProblem
from service.pipeline.features import words
from service.ports import Encoder
from service.text.diacritics import fold
from service.text.normalise import normalise

_ALIKE = 0.8  # cosine to a phrasing; below it people say something of their own
_MOST_WORDS = 12
_WORD = re.compile(r"\w+")


class Prepares(Protocol):
    """The text path."""

    def prepare(self, text: str, /) -> PreparedText:
        """See service.text.path."""
        ...


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing people say, the ways to say it, and polite lines to reply with."""

    id: str
    phrasings: tuple[str, ...]
    replies: tuple[str, ...]


class SmallTalk:
    """A pack as one encoder sees it. Thread-safe.

    A text is small talk when it is a phrasing but for case, marks and punctuation; or when it is
    near one and has no word that the pack lacks: "xin chào, cho em hỏi học phí" is a question.
    """

    def __init__(self, intents: Sequence[Intent], text: Prepares, encoder: Encoder) -> None:
        said = [(phrasing, intent) for intent in intents for phrasing in intent.phrasings]
        prepared = [text.prepare(phrasing) for phrasing, _ in said]
        self._encoder = encoder
        self._intents = [intent for _, intent in said]
        self._exact = {_key(phrasing): intent for phrasing, intent in reversed(said)}
        self._known = frozenset[str]().union(*(words(phrasing.plain) for phrasing in prepared))
        self._vectors: FloatArray = encoder.encode(prepared)

    def reply(self, typed: str, text: PreparedText) -> str | None:
        """A line to reply with; None: this is no small talk. `text` is `typed`, prepared."""
        intent = self._exact.get(_key(typed)) or self._near(text)
        if intent is None:
            return None
        return intent.replies[zlib.crc32(text.plain.encode()) % len(intent.replies)]

    def _near(self, text: PreparedText) -> Intent | None:
        said = words(text.plain)
        if not said or len(said) > _MOST_WORDS or not said <= self._known:
            return None
        similarity = self._vectors @ self._encoder.encode([text])[0]
        best = int(np.argmax(similarity))
        return self._intents[best] if similarity[best] >= _ALIKE else None


def read_small_talk(path: Path | None = None) -> list[Intent]:
    """The intents of a YAML file, or of the pack that ships. Raises BadFile with all problems."""
    source = path or files("service.pipeline").joinpath("data/small_talk.yaml")
    try:
        found = yaml.safe_load(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadFile(f"VIFAQ_SMALL_TALK_FILE: cannot read {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadFile(f"VIFAQ_SMALL_TALK_FILE: {path} is not YAML in UTF-8: {error}") from error
    entries = found if isinstance(found, list) else [found]
    problems = [
        RowProblem(number, None, f"needs {field!r}: {what}")
        for number, entry in enumerate(entries, start=1)
        for field, what, fits in _FIELDS
        if not isinstance(entry, Mapping) or not fits(entry.get(field))
    ]
    if problems:
        raise BadFile(f"VIFAQ_SMALL_TALK_FILE: {path} has wrong entries:", problems)
    return [Intent(e["id"], tuple(e["phrasings"]), tuple(e["replies"])) for e in entries]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


_FIELDS = (
    ("id", "a name", _is_text),
    ("phrasings", "a list of texts, at least one", _are_texts),
    ("replies", "a list of texts, at least one", _are_texts),
)


def _key(typed: str) -> str:
    return " ".join(_WORD.findall(fold(normalise(typed).lower())))
