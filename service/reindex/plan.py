"""What a reindex is given: the text path, the encoder, and the places where learning plugs in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

from service.domain import Faq, PreparedFaq, PreparedText, Row
from service.ports import Encoder, OnProgress


class TextPath(Protocol):
    """The one way from a typed text to what encoders are given."""

    @property
    def version(self) -> str:
        """Changes whenever any text could be prepared differently."""
        ...

    def prepare(self, text: str, /) -> PreparedText:
        """Normalised, abbreviations written out, segmented."""
        ...


# The text path with a set's own abbreviations.
MakeTextPath = Callable[[Mapping[str, str]], TextPath]


@dataclass(frozen=True, slots=True)
class Learned:
    """What learning one FAQ set came to."""

    encoder: Encoder
    artefact: bytes | None  # what to load it from again; None: the encoder as it ships
    report: Mapping[str, object] = field(default_factory=dict)
    taught: Mapping[str, bytes] = field(default_factory=dict)  # adaptations to folds, by `key_of`

    @property
    def variant(self) -> int:
        """Which of the adapter's variants it is."""
        return cast(int, self.report.get("variant", 0))


Learn = Callable[[Sequence[PreparedFaq], OnProgress], Learned]
Calibrate = Callable[[Sequence[Faq], TextPath, Learned, OnProgress], Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class EncoderPlan:
    """Which encoder to build with, and what to learn first."""

    base: Encoder
    load: Callable[[bytes | None], Encoder]  # the encoder from its artefact
    learn: Learn | None = None  # None: the encoder as it ships
    learn_options: str = ""  # another value makes it learn again
    calibrate: Calibrate | None = None  # gets all FAQs and the encoder that will answer
    calibrate_options: str = ""  # another value makes it calibrate again


def fingerprint(text_version: str, encoder: Encoder) -> str:
    """Of everything that decides which vector a text gets."""
    return _digest(text_version, encoder.fingerprint)


def hash_fingerprint(encoder: Encoder) -> str:
    """An encoder's fingerprint at a fixed length."""
    return _digest(encoder.fingerprint)


class ContentHash:
    """Of FAQs, in order, and of what else decides what is learned from them."""

    def __init__(self, plan: EncoderPlan, text_version: str) -> None:
        learns = "" if plan.learn is None else f"learns {plan.learn_options}"
        basis = _digest(plan.base.fingerprint, learns, text_version)
        self._hash = hashlib.sha256(basis.encode())

    def add(self, faq: Faq) -> None:
        """Take in the next FAQ."""
        content = json.dumps([faq.id, faq.texts, faq.answer], ensure_ascii=False)
        self._hash.update(content.encode() + b"\n")

    def hexdigest(self) -> str:
        """64 hexadecimal digits."""
        return self._hash.hexdigest()


def key_of(faqs: Sequence[PreparedFaq]) -> str:
    """The same for the same FAQs in any order."""
    texts = [(f.id, f.question.plain, *(a.plain for a in f.alternates)) for f in faqs]
    return hashlib.sha256(json.dumps(sorted(texts)).encode()).hexdigest()


def prepare_faq(text: TextPath, faq: Faq) -> PreparedFaq:
    """An FAQ as a learner sees it."""
    question, *alternates = (text.prepare(each) for each in faq.texts)
    answer = text.prepare(faq.answer) if faq.answer.strip() else None
    return PreparedFaq(faq.id, question, tuple(alternates), answer)


def rows_of(faq: Faq) -> list[Row]:
    """One index row for the question and for each alternate."""
    return [
        Row(f"{faq.id}#{position}", faq.id, text, faq.tags)
        for position, text in enumerate(faq.texts)
    ]


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
