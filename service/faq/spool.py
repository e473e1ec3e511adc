"""Keeps the FAQs of a file on disk between reading and storing them.

Reading a large file takes longer than storing it; so the database is locked only for the latter,
and not at all when the file turns out to have problems.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from types import TracebackType

from service.domain import Faq
from service.errors import RowProblem
from service.faq.drafts import Draft
from service.faq.records import faq_of, record_of


class Spool:
    """FAQs in file order, each id once, in an SQLite file that vanishes with it."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode=OFF")
        self._database.execute(
            "CREATE TABLE faq (position INTEGER PRIMARY KEY, id TEXT UNIQUE, place TEXT, body TEXT)"
        )

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._database.close()

    def add(self, draft: Draft) -> RowProblem | None:
        """Keep an FAQ; the problem when an earlier row has its id."""
        place = f"row {draft.row}" + (f" of {draft.source}" if draft.source else "")
        body = json.dumps(record_of(draft.faq), ensure_ascii=False)
        try:
            self._database.execute(
                "INSERT INTO faq (id, place, body) VALUES (?, ?, ?)", (draft.faq.id, place, body)
            )
        except sqlite3.IntegrityError:
            query = "SELECT place FROM faq WHERE id = ?"
            (first,) = self._database.execute(query, (draft.faq.id,)).fetchone()
            reason = (
                f"{draft.faq.id!r} is that of {first} already (a row without an id gets one from "
                "its question); join the two rows, or give one another id"
            )
            return RowProblem(draft.row, "id", reason, draft.source)
        return None

    def __len__(self) -> int:
        count: int = self._database.execute("SELECT count(*) FROM faq").fetchone()[0]
        return count

    def batches(self, size: int) -> Iterator[list[Faq]]:
        """All FAQs in file order."""
        cursor = self._database.execute("SELECT body FROM faq ORDER BY position")
        while rows := cursor.fetchmany(size):
            yield [faq_of(json.loads(body)) for (body,) in rows]

    def missing(self, ids: Sequence[str]) -> list[str]:
        """Those of the ids that the file does not have."""
        query = "SELECT 1 FROM faq WHERE id = ?"
        return [faq_id for faq_id in ids if not self._database.execute(query, (faq_id,)).fetchone()]
