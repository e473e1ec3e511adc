"""All edits of one transaction to one FAQ set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from service.db.session import writing
from service.db.tables import faq, faq_revision, faq_set
from service.domain import ChangeKind, Faq
from service.errors import NotFound
from service.faq.rows import (
    faq_values,
    revision_values,
    same_content,
    select_many,
    select_page,
)

MAX_ACTOR_CHARS = 128


class SetEdit:
    """Holds the row lock of its set, so that the order of `seq` is the order of commits.

    Writes at most IDS_PER_SELECT FAQs a call. FAQs must have been cleaned.
    """

    def __init__(self, connection: Connection, set_name: str, actor: str) -> None:
        self.connection = connection
        self.set_name = set_name
        self.actor = actor[:MAX_ACTOR_CHARS]
        self.now = datetime.now(UTC)

    def put(self, faqs: Sequence[Faq]) -> dict[str, ChangeKind]:
        """Store FAQs with distinct ids; says what happened to each that is not already so."""
        before = self.get_many([new.id for new in faqs])
        kinds = kinds_of_change(faqs, before)
        changed = [new for new in faqs if new.id in kinds]
        # An id that was removed once goes on counting: its revisions never repeat.
        revisions = self._last_revisions(list(kinds))
        stored = [self._next(new, revisions.get(new.id, 0)) for new in changed]
        self._delete([faq_id for faq_id in kinds if faq_id in before])
        if stored:
            values = [faq_values(self.set_name, new) for new in stored]
            self.connection.execute(insert(faq), values)
        self._log([(kinds[new.id], new) for new in stored])
        return kinds

    def remove(self, ids: Sequence[str]) -> int:
        """Delete FAQs; says how many there were. Their history stays."""
        before = self.get_many(ids)
        self._delete(list(before))
        self._log([(ChangeKind.REMOVED, self._next(old, old.revision)) for old in before.values()])
        return len(before)

    def get_many(self, ids: Sequence[str]) -> dict[str, Faq]:
        """The FAQs with these ids as this transaction sees them."""
        return select_many(self.connection, self.set_name, ids)

    def pages_of_ids(self) -> Iterator[list[str]]:
        """The ids of all FAQs, in bounded memory; those of a page may be removed meanwhile."""
        after = ""
        while page := select_page(self.connection, self.set_name, after):
            after = page[-1].id
            yield [faq.id for faq in page]

    def _delete(self, ids: Sequence[str]) -> None:
        query = delete(faq).where(faq.c.set_name == self.set_name, faq.c.id.in_(ids))
        self.connection.execute(query)

    def _next(self, faq: Faq, revision: int) -> Faq:
        return replace(faq, revision=revision + 1, updated_at=self.now)

    def _last_revisions(self, ids: Sequence[str]) -> dict[str, int]:
        query = (
            select(faq_revision.c.faq_id, func.max(faq_revision.c.revision))
            .where(faq_revision.c.set_name == self.set_name, faq_revision.c.faq_id.in_(ids))
            .group_by(faq_revision.c.faq_id)
        )
        return {faq_id: revision for faq_id, revision in self.connection.execute(query)}

    def _log(self, edits: Sequence[tuple[ChangeKind, Faq]]) -> None:
        if not edits:
            return
        first = take_seqs(self.connection, self.set_name, len(edits))
        self.connection.execute(
            insert(faq_revision),
            [
                revision_values(self.set_name, seq, kind, new, self.actor)
                for seq, (kind, new) in enumerate(edits, first)
            ],
        )


@contextmanager
def editing(engine: Engine, set_name: str, actor: str) -> Iterator[SetEdit]:
    """One transaction on one set: everything in it is stored, or nothing. Raises NotFound."""
    with writing(engine) as connection:
        take_seqs(connection, set_name, 0)  # the lock, before anything is read
        yield SetEdit(connection, set_name, actor)


def kinds_of_change(faqs: Sequence[Faq], before: Mapping[str, Faq]) -> dict[str, ChangeKind]:
    """What storing these FAQs would do to each that is not already so."""
    kinds: dict[str, ChangeKind] = {}
    for new in faqs:
        old = before.get(new.id)
        if old is None:
            kinds[new.id] = ChangeKind.ADDED
        elif not same_content(old, new):
            kinds[new.id] = ChangeKind.CHANGED
    return kinds


def take_seqs(connection: Connection, set_name: str, count: int) -> int:
    """Lock the set and reserve the next `count` seqs; the first of them."""
    last: int | None = connection.execute(
        update(faq_set)
        .where(faq_set.c.name == set_name)
        .values(change_seq=faq_set.c.change_seq + count)
        .returning(faq_set.c.change_seq)
    ).scalar_one_or_none()
    if last is None:
        raise NotFound(f"There is no FAQ set {set_name!r}; create it or import into it first.")
    return last - count + 1
