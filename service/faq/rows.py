"""FAQs as database rows and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, select

from service.db.tables import faq, faq_revision
from service.domain import ChangeKind, Faq, FaqChange
from service.faq.folding import fold

# Built once: SQLAlchemy then finds its SQL in the engine's compile cache by identity of shape.
_CONTENT = (
    faq.c.question,
    faq.c.answer,
    faq.c.alternates,
    faq.c.tags,
    faq.c.valid_from,
    faq.c.valid_to,
)
FAQ_COLUMNS = (faq.c.id, *_CONTENT, faq.c.updated_at, faq.c.revision)
REVISION_COLUMNS = (
    faq_revision.c.faq_id,
    *(faq_revision.c[column.name] for column in _CONTENT),
    faq_revision.c.changed_at,
    faq_revision.c.revision,
    faq_revision.c.seq,
    faq_revision.c.kind,
    faq_revision.c.actor,
)
SELECT_FAQS = select(*FAQ_COLUMNS).where(
    faq.c.set_name == bindparam("set_name"), faq.c.id.in_(bindparam("ids", expanding=True))
)
SELECT_PAGE = (
    select(*FAQ_COLUMNS)
    .where(faq.c.set_name == bindparam("set_name"), faq.c.id > bindparam("after"))
    .order_by(faq.c.id)
    .limit(bindparam("size"))
)
IDS_PER_SELECT = 500


def faq_from(row: Sequence[Any]) -> Faq:
    """The FAQ of a row of FAQ_COLUMNS, or of the first ones of REVISION_COLUMNS."""
    faq_id, question, answer, alternates, tags, valid_from, valid_to, updated_at, revision = row[:9]
    return Faq(
        faq_id,
        question,
        answer,
        tuple(alternates),
        tuple(tags),
        valid_from,
        valid_to,
        updated_at,
        revision,
    )


def change_from(row: Sequence[Any]) -> FaqChange:
    """The edit of a row of REVISION_COLUMNS."""
    seq, kind, actor = row[9:]
    changed_at = row[7]
    return FaqChange(seq, ChangeKind(kind), faq_from(row), changed_at, actor)


def select_many(connection: Connection, set_name: str, ids: Sequence[str]) -> dict[str, Faq]:
    """The FAQs with these ids, in the order of `ids`; unknown ones are left out."""
    found: dict[str, Faq] = {}
    for start in range(0, len(ids), IDS_PER_SELECT):
        chosen = ids[start : start + IDS_PER_SELECT]
        rows = connection.execute(SELECT_FAQS, {"set_name": set_name, "ids": chosen})
        found.update((row[0], faq_from(row)) for row in rows)
    return {faq_id: found[faq_id] for faq_id in ids if faq_id in found}


def select_page(
    connection: Connection, set_name: str, after: str, size: int = IDS_PER_SELECT
) -> list[Faq]:
    """The next FAQs of a set by id; `after` is the last one seen, "" at first."""
    values = {"set_name": set_name, "after": after, "size": size}
    return [faq_from(row) for row in connection.execute(SELECT_PAGE, values)]


def faq_values(set_name: str, stored: Faq) -> dict[str, object]:
    """What the table `faq` holds for it."""
    return {
        "set_name": set_name,
        "id": stored.id,
        **_content(stored),
        "updated_at": stored.updated_at,
        "revision": stored.revision,
        "search_text": search_text(stored),
    }


def revision_values(
    set_name: str, seq: int, kind: ChangeKind, stored: Faq, actor: str
) -> dict[str, object]:
    """What the table `faq_revision` holds for one edit."""
    return {
        "set_name": set_name,
        "seq": seq,
        "faq_id": stored.id,
        "kind": kind.value,
        "revision": stored.revision,
        "changed_at": stored.updated_at,
        "actor": actor,
        **_content(stored),
    }


def search_text(stored: Faq) -> str:
    """Id, questions and answer without marks, for `matches`."""
    return fold("\n".join((stored.id, *stored.texts, stored.answer)))


def matches(words: str) -> ColumnElement[bool]:
    """Whether an FAQ holds this text somewhere; marks, case and punctuation do not count."""
    return faq.c.search_text.contains(fold(words), autoescape=True)


def has_tag(connection: Connection, tag: str) -> ColumnElement[bool]:
    """Whether an FAQ carries exactly this tag."""
    unpack = (
        func.json_each if connection.dialect.name == "sqlite" else func.json_array_elements_text
    )
    element = unpack(faq.c.tags).table_valued("value")
    return select(element.c.value).where(element.c.value == tag).exists()


def _content(stored: Faq) -> dict[str, object]:
    return {
        "question": stored.question,
        "answer": stored.answer,
        "alternates": list(stored.alternates),
        "tags": list(stored.tags),
        "valid_from": stored.valid_from,
        "valid_to": stored.valid_to,
    }


def same_content(one: Faq, other: Faq) -> bool:
    """Whether nothing but the revision and its time differs."""
    return _content(one) == _content(other)
