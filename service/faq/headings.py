"""Which field of an FAQ a heading or key means, in Vietnamese or English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.faq.folding import fold

ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "mã", "mã số", "mã câu hỏi", "mã faq", "faq id", "code"),
    "question": ("câu hỏi", "câu hỏi chính", "câu hỏi mẫu", "nội dung câu hỏi", "question"),
    "answer": ("trả lời", "câu trả lời", "nội dung trả lời", "giải đáp", "answer", "response"),
    "alternates": (
        "câu hỏi tương tự",
        "câu hỏi khác",
        "cách hỏi khác",
        "các cách hỏi khác",
        "cách hỏi",
        "biến thể",
        "alternates",
        "alternate",
        "alternate questions",
        "similar questions",
        "variants",
        "paraphrases",
        "utterances",
        "examples",
    ),
    "tags": ("nhãn", "chủ đề", "thẻ", "danh mục", "lĩnh vực", "tags", "tag", "topic", "category"),
    "valid_from": ("hiệu lực từ", "hiệu lực từ ngày", "ngày hiệu lực", "từ ngày", "valid from"),
    "valid_to": (
        "hiệu lực đến",
        "hiệu lực đến ngày",
        "ngày hết hiệu lực",
        "đến ngày",
        "valid to",
        "valid until",
    ),
}
MANY = ("alternates", "tags")  # these may have several columns: "Câu hỏi tương tự 1", "… 2"
EXPORTED = {
    "id": "Mã",
    "question": "Câu hỏi",
    "answer": "Trả lời",
    "alternates": "Câu hỏi tương tự",
    "tags": "Nhãn",
    "valid_from": "Hiệu lực từ",
    "valid_to": "Hiệu lực đến",
}

_FIELDS = {fold(alias): field for field, aliases in ALIASES.items() for alias in aliases}
_IN_BRACKETS = re.compile(r"\([^)]*\)")
_NUMBER = re.compile(r" \d{1,3}$")


def field_of(heading: str) -> str | None:
    """The field that a heading means; None when it is none of ours."""
    folded = fold(_IN_BRACKETS.sub("", heading[:200]))
    numberless = _FIELDS.get(_NUMBER.sub("", folded))
    return _FIELDS.get(folded) or (numberless if numberless in MANY else None)


@dataclass(frozen=True, slots=True)
class Header:
    """The heading row of a table. `fields` and `labels` are by column."""

    row: int
    fields: tuple[str | None, ...]
    labels: tuple[str, ...]

    @property
    def ignored(self) -> list[str]:
        """Headings that mean nothing to us."""
        return [
            label
            for label, field in zip(self.labels, self.fields, strict=True)
            if label and field is None
        ]

    @property
    def repeated(self) -> list[str]:
        """Headings that claim a field which another column has already."""
        return [
            label
            for column, (label, field) in enumerate(zip(self.labels, self.fields, strict=True))
            if field and field not in MANY and field in self.fields[:column]
        ]


def header_in(row: int, cells: Sequence[str]) -> Header | None:
    """The header when these cells name at least a question and an answer."""
    labels = tuple(cell.strip().lstrip("\ufeff") for cell in cells)
    fields = tuple(map(field_of, labels))
    return Header(row, fields, labels) if {"question", "answer"} <= set(fields) else None
