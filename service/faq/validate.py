"""What a well-formed FAQ is. Everything that is stored went through here."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace

from service.domain import Faq
from service.errors import BadInput, RowProblem

MAX_ID_CHARS = 128
MIN_QUESTION_CHARS, MAX_QUESTION_CHARS = 3, 500
MAX_ANSWER_CHARS = 20_000
MAX_ALTERNATES = 200
MAX_TAGS, MAX_TAG_CHARS = 32, 64

_ID = re.compile(r"(?!\.+$)[A-Za-z0-9._-]+")  # "." and ".." would vanish from an address
_SET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# Neither XML (XLSX) nor PostgreSQL can hold these; nobody types them on purpose.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BLANK = "".join(
    map(chr, (*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200C)))
)
_BLANK += "\u2028\u2029\u202f\u205f\u3000\ufeff"  # all white space, and what has no width

Complaint = tuple[str, str]  # field, reason


def clean_faq(faq: Faq) -> Faq:
    """The FAQ with its texts in NFC and trimmed, repeated alternates and tags dropped.

    Raises BadInput that lists everything wrong with it.
    """
    cleaned, complaints = examine_faq(faq)
    if complaints:
        lines = [f"{field}: {reason}" for field, reason in complaints]
        raise BadInput("\n".join([f"The FAQ {faq.id!r} cannot be stored.", *lines]))
    return cleaned


def examine_row(faq: Faq, row: int, source: str | None = None) -> tuple[Faq, list[RowProblem]]:
    """`examine_faq` for a row of a file."""
    cleaned, complaints = examine_faq(faq)
    return cleaned, [RowProblem(row, field, reason, source) for field, reason in complaints]


def examine_faq(faq: Faq) -> tuple[Faq, list[Complaint]]:
    """The cleaned FAQ and everything wrong with it, field by field."""
    question = _tidy(faq.question)
    alternates = _distinct(map(_tidy, faq.alternates), besides=question)
    cleaned = replace(
        faq,
        id=_tidy(faq.id),
        question=question,
        answer=_tidy(faq.answer),
        alternates=alternates,
        tags=_distinct(map(_tidy, faq.tags)),
    )
    return cleaned, list(_complaints(cleaned))


def clean_set_name(name: str) -> str:
    """The name of an FAQ set; raises BadInput when it is not one."""
    if not _SET_NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} cannot name an FAQ set; use 1 to 64 of the letters a-z, digits, '.', '_' "
            "and '-', starting with a letter or digit"
        )
    return name


def _tidy(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", lines).strip(_BLANK)


def _distinct(texts: Iterable[str], besides: str | None = None) -> tuple[str, ...]:
    return tuple(text for text in dict.fromkeys(texts) if text != besides)


def _complaints(faq: Faq) -> Iterator[Complaint]:
    yield from _about_id(faq.id)
    yield from _about_question("question", faq.question)
    yield from _about_answer(faq.answer)
    for number, alternate in enumerate(faq.alternates, 1):
        for _, reason in _about_question("alternates", alternate):
            yield "alternates", f"number {number} {reason}"
    if len(faq.alternates) > MAX_ALTERNATES:
        yield "alternates", f"has {len(faq.alternates)}; keep the best {MAX_ALTERNATES}"
    yield from _about_tags(faq.tags)
    if faq.valid_from and faq.valid_to and faq.valid_from > faq.valid_to:
        yield "valid_to", f"{faq.valid_to} lies before valid_from {faq.valid_from}; swap or mend"


def _about_id(faq_id: str) -> Iterator[Complaint]:
    if not faq_id:
        yield "id", "is empty; give it one, for example hoc-phi-01"
    elif len(faq_id) > MAX_ID_CHARS:
        yield "id", f"has {len(faq_id)} characters; use at most {MAX_ID_CHARS}"
    elif not _ID.fullmatch(faq_id):
        yield "id", f"{faq_id!r} may hold only the letters a-z, digits, '.', '_' and '-'"


def _about_question(field: str, text: str) -> Iterator[Complaint]:
    if not text:
        yield field, "is empty; write the question or remove it"
    elif len(text) < MIN_QUESTION_CHARS:
        yield field, f"{text!r} is too short; use {MIN_QUESTION_CHARS} characters or more"
    elif len(text) > MAX_QUESTION_CHARS:
        yield field, f"has {len(text)} characters; shorten it to {MAX_QUESTION_CHARS}"
    elif not any(map(str.isalpha, text)):
        yield field, f"{text!r} has no letter; write the question in words"
    yield from _about_characters(field, text)


def _about_answer(text: str) -> Iterator[Complaint]:
    if not text:
        yield "answer", "is empty; write the answer"
    elif len(text) > MAX_ANSWER_CHARS:
        yield "answer", f"has {len(text)} characters; shorten it to {MAX_ANSWER_CHARS}"
    yield from _about_characters("answer", text)


def _about_tags(tags: tuple[str, ...]) -> Iterator[Complaint]:
    if len(tags) > MAX_TAGS:
        yield "tags", f"has {len(tags)}; keep at most {MAX_TAGS}"
    for tag in tags:
        if not tag:
            yield "tags", "holds an empty tag; remove it"
        elif len(tag) > MAX_TAG_CHARS:
            yield "tags", f"{tag[:20]!r}… has {len(tag)} characters; use at most {MAX_TAG_CHARS}"
        yield from _about_characters("tags", tag)


def _about_characters(field: str, text: str) -> Iterator[Complaint]:
    found = _FORBIDDEN.search(text)
    if found:
        code = f"U+{ord(found.group()):04X}"
        yield field, f"holds the control character {code} at {found.start() + 1}; delete it"
