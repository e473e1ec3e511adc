"""The FAQ database: sets, FAQs, and the history of every edit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.db.session import reading, writing
from service.db.tables import faq, faq_revision, faq_set
from service.domain import Faq, FaqChange
from service.errors import BadInput, Conflict, NotFound
from service.faq.edit import SetEdit, editing
from service.faq.rows import (
    FAQ_COLUMNS,
    REVISION_COLUMNS,
    change_from,
    faq_from,
    has_tag,
    matches,
    select_many,
    select_page,
)
from service.faq.validate import clean_faq, clean_set_name


class FaqRepository:
    """Reads see committed edits only. Every edit is one transaction; it is durable on return."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._edits = object()

    # sets

    def create_set(self, name: str) -> None:
        """Make an empty set. Raises Conflict when it exists, BadInput for a bad name."""
        values = {"name": clean_set_name(name), "created_at": datetime.now(UTC)}
        try:
            with writing(self._engine) as connection:
                connection.execute(insert(faq_set).values(values))
        except IntegrityError as error:
            raise Conflict(f"The FAQ set {name!r} exists already.") from error

    def ensure_set(self, name: str) -> None:
        """Make the set unless it exists."""
        if name not in self.set_names():
            try:
                self.create_set(name)
            except Conflict:
                return  # somebody else made it in between, which is as good

    def set_names(self) -> list[str]:
        """All sets by name."""
        with reading(self._engine) as connection:
            return sorted(connection.execute(select(faq_set.c.name)).scalars())

    def lexicon(self, set_name: str) -> dict[str, str]:
        """The set's own abbreviations and synonyms: what is typed → what it means."""
        with reading(self._engine) as connection:
            query = select(faq_set.c.lexicon).where(faq_set.c.name == set_name)
            found: dict[str, str] | None = connection.execute(query).scalar_one_or_none()
        if found is None:
            raise _no_set(set_name)
        return found

    def set_lexicon(self, set_name: str, entries: Mapping[str, str]) -> None:
        """Replace the set's abbreviations. Raises BadInput for an empty one."""
        tidy = {typed.strip(): meaning.strip() for typed, meaning in entries.items()}
        for typed, meaning in tidy.items():
            if not typed or not meaning:
                raise BadInput(f"The abbreviation {typed!r} → {meaning!r} has an empty side.")
        with writing(self._engine) as connection:
            query = update(faq_set).where(faq_set.c.name == set_name).values(lexicon=tidy)
            if connection.execute(query).rowcount == 0:
                raise _no_set(set_name)

    # reading

    def get(self, set_name: str, faq_id: str) -> Faq:
        """One FAQ. Raises NotFound."""
        found = self.get_many(set_name, [faq_id])
        if not found:
            raise _no_faq(set_name, faq_id)
        return found[faq_id]

    def get_many(self, set_name: str, ids: Sequence[str]) -> dict[str, Faq]:
        """The FAQs with these ids, in that order; unknown ones are left out."""
        with reading(self._engine) as connection:
            return select_many(connection, set_name, ids)

    def page(
        self,
        set_name: str,
        *,
        offset: int = 0,
        limit: int = 50,
        search: str | None = None,
        tag: str | None = None,
    ) -> tuple[list[Faq], int]:
        """FAQs by id from `offset`, and how many there are in all. Raises NotFound.

        search: text in the id, a question or the answer; marks and case do not count.
        """
        with reading(self._engine) as connection:
            _last_seq(connection, set_name)
            conditions = [faq.c.set_name == set_name]
            if search:
                conditions.append(matches(search))
            if tag:
                conditions.append(has_tag(connection, tag))
            rows = connection.execute(
                select(*FAQ_COLUMNS)
                .where(*conditions)
                .order_by(faq.c.id)
                .offset(offset)
                .limit(limit)
            )
            faqs = [faq_from(row) for row in rows]
            total = connection.execute(select(func.count()).select_from(faq).where(*conditions))
            return faqs, total.scalar_one()

    def count(self, set_name: str) -> int:
        """Number of FAQs in the set. Raises NotFound."""
        with reading(self._engine) as connection:
            _last_seq(connection, set_name)
            query = select(func.count()).select_from(faq).where(faq.c.set_name == set_name)
            return connection.execute(query).scalar_one()

    def iterate(self, set_name: str, /) -> Iterator[Faq]:
        """All FAQs of the set by id, in bounded memory.

        Every page is its own transaction: replay `changes_after` a seq read before to be exact.
        """
        self.last_seq(set_name)
        after = ""
        while True:
            with reading(self._engine) as connection:
                page = select_page(connection, set_name, after)
            if not page:
                return
            yield from page
            after = page[-1].id

    # history

    def last_seq(self, set_name: str, /) -> int:
        """The newest edit of the set. Raises NotFound when there is no such set."""
        with reading(self._engine) as connection:
            return _last_seq(connection, set_name)

    def changes_after(self, set_name: str, seq: int, /, *, limit: int = 1000) -> list[FaqChange]:
        """Edits with a higher seq, in order. Raises NotFound."""
        with reading(self._engine) as connection:
            _last_seq(connection, set_name)
            rows = connection.execute(
                select(*REVISION_COLUMNS)
                .where(faq_revision.c.set_name == set_name, faq_revision.c.seq > seq)
                .order_by(faq_revision.c.seq)
                .limit(limit)
            )
            return [change_from(row) for row in rows]

    def history(self, set_name: str, faq_id: str) -> list[FaqChange]:
        """All edits of one FAQ, oldest first; of a removed one too. Raises NotFound."""
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(*REVISION_COLUMNS)
                .where(faq_revision.c.set_name == set_name, faq_revision.c.faq_id == faq_id)
                .order_by(faq_revision.c.seq)
            )
            changes = [change_from(row) for row in rows]
        if not changes:
            raise _no_faq(set_name, faq_id)
        return changes

    # writing

    @property
    def edits(self) -> object:
        """Another one after every transaction of edits that this process has ended."""
        return self._edits

    @contextmanager
    def editing(self, set_name: str, actor: str) -> Iterator[SetEdit]:
        """One transaction of many edits, for imports. Raises NotFound."""
        try:
            with editing(self._engine, set_name, actor) as edit:
                yield edit
        finally:
            self._edits = object()

    def add(self, set_name: str, new: Faq, actor: str) -> Faq:
        """Store a new FAQ. Raises BadInput, NotFound (set) or Conflict (the id is taken)."""
        cleaned = clean_faq(new)
        with self.editing(set_name, actor) as edit:
            if edit.get_many([cleaned.id]):
                raise Conflict(
                    f"The FAQ {cleaned.id!r} exists already in set {set_name!r}; "
                    "update it or choose another id."
                )
            edit.put([cleaned])
            return _stored(edit, cleaned.id)

    def update(
        self, set_name: str, new: Faq, actor: str, expected_revision: int | None = None
    ) -> Faq:
        """Replace an FAQ; without a difference nothing is written.

        expected_revision: the one the caller has seen; None overwrites whatever is there.
        Raises BadInput, NotFound, or Conflict when the stored revision is another one.
        """
        cleaned = clean_faq(new)
        with self.editing(set_name, actor) as edit:
            before = _stored(edit, cleaned.id)
            if expected_revision not in (None, before.revision):
                raise Conflict(
                    f"The FAQ {cleaned.id!r} is at revision {before.revision}, not "
                    f"{expected_revision}: somebody has changed it. Load it again, then edit."
                )
            edit.put([cleaned])
            return _stored(edit, cleaned.id)

    def remove(self, set_name: str, faq_id: str, actor: str) -> None:
        """Delete an FAQ; its history stays. Raises NotFound."""
        with self.editing(set_name, actor) as edit:
            if not edit.remove([faq_id]):
                raise _no_faq(set_name, faq_id)


def _stored(edit: SetEdit, faq_id: str) -> Faq:
    found = edit.get_many([faq_id])
    if not found:
        raise _no_faq(edit.set_name, faq_id)
    return found[faq_id]


def _last_seq(connection: Connection, set_name: str) -> int:
    query = select(faq_set.c.change_seq).where(faq_set.c.name == set_name)
    seq: int | None = connection.execute(query).scalar_one_or_none()
    if seq is None:
        raise _no_set(set_name)
    return seq


def _no_set(set_name: str) -> NotFound:
    return NotFound(f"There is no FAQ set {set_name!r}; create it or import into it first.")


def _no_faq(set_name: str, faq_id: str) -> NotFound:
    return NotFound(f"There is no FAQ {faq_id!r} in set {set_name!r}.")
