"""FAQs as plain mappings, the form of JSONL and YAML files."""

from __future__ import annotations

from typing import Any

from service.domain import Faq
from service.faq.cells import date_of


def record_of(faq: Faq) -> dict[str, Any]:
    """What a person writes of an FAQ; empty fields are left out."""
    record = {
        "id": faq.id,
        "question": faq.question,
        "alternates": list(faq.alternates),
        "answer": faq.answer,
        "tags": list(faq.tags),
        "valid_from": faq.valid_from and faq.valid_from.isoformat(),
        "valid_to": faq.valid_to and faq.valid_to.isoformat(),
    }
    return {key: value for key, value in record.items() if value}


def faq_of(record: dict[str, Any]) -> Faq:
    """Undoes `record_of`."""
    return Faq(
        id=record["id"],
        question=record["question"],
        answer=record["answer"],
        alternates=tuple(record.get("alternates", ())),
        tags=tuple(record.get("tags", ())),
        valid_from=date_of(record.get("valid_from")),
        valid_to=date_of(record.get("valid_to")),
    )
