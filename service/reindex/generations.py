"""The index generations of each set, and the pointer to the live one, in the FAQ database.

building → live → previous → retired; building → failed. A collection is made after its row here
and dropped before the row forgets its artefact, so no collection is ever unknown.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Update,
    and_,
    func,
    insert,
    select,
    update,
)

from service.db.session import reading, writing
from service.db.tables import faq_set, index_generation
from service.domain import Generation, GenerationStatus
from service.errors import Conflict, NotFound

_g = index_generation.c
_COLUMNS = (
    *(column for column in _g if column.name not in ("artefact", "live_at")),
    _g.artefact.is_not(None).label("has_artefact"),
)
_IS_LIVE = and_(faq_set.c.name == _g.set_name, faq_set.c.live_generation == _g.number)


class GenerationRepository:
    """Every method is one transaction, unless it is handed the connection of one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def live_number(self, set_name: str) -> int | None:
        """The pointer alone: asked before every answer. Raises NotFound: no such set."""
        query = select(faq_set.c.live_generation).where(faq_set.c.name == set_name)
        with self._engine.connect() as connection:
            found = connection.execute(query).one_or_none()
        if found is None:
            raise _no_set(set_name)
        number: int | None = found[0]
        return number

    def last_seq(self, set_name: str) -> int:
        """The newest edit of the set."""
        with reading(self._engine) as connection:
            return _last_seq(connection, set_name)

    def live(self, set_name: str) -> Generation | None:
        """The generation that answers; None: nothing built yet."""
        return self._one(_g.set_name == set_name, _IS_LIVE)

    def previous(self, set_name: str) -> Generation | None:
        """The generation that a rollback would make live."""
        return self._one(_g.set_name == set_name, _g.status == GenerationStatus.PREVIOUS)

    def get(self, set_name: str, number: int) -> Generation:
        """One generation. Raises NotFound."""
        found = self._one(*_is(set_name, number))
        if found is None:
            raise NotFound(f"FAQ set {set_name!r} has no index generation {number}")
        return found

    def all(self, set_name: str) -> list[Generation]:
        """All generations of the set, newest first."""
        query = select(*_COLUMNS).where(_g.set_name == set_name).order_by(_g.number.desc())
        with reading(self._engine) as connection:
            return [_generation(row) for row in connection.execute(query)]

    def artefact(self, set_name: str, number: int) -> bytes | None:
        """The adapted weights; None: the encoder as it ships."""
        query = select(_g.artefact).where(*_is(set_name, number))
        with reading(self._engine) as connection:
            found: bytes | None = connection.execute(query).scalar_one_or_none()
        return found

    def start(
        self,
        set_name: str,
        *,
        encoder: str,
        fingerprint: str,
        applied_seq: int,
        artefact: bytes | None,
        report: Mapping[str, object],
    ) -> Generation:
        """Record a generation that is about to be built, under a new number."""
        with holding_set(self._engine, set_name) as connection:
            last = select(func.coalesce(func.max(_g.number), 0)).where(_g.set_name == set_name)
            number: int = connection.execute(last).scalar_one() + 1
            values = {
                "set_name": set_name,
                "number": number,
                "status": GenerationStatus.BUILDING,
                "collection": _collection_name(set_name, number),
                "encoder": encoder,
                "fingerprint": fingerprint,
                "applied_seq": applied_seq,
                "created_at": datetime.now(UTC),
                "artefact": artefact,
                "report": dict(report),
            }
            added = insert(index_generation).values(values).returning(*_COLUMNS)
            return _generation(connection.execute(added).one())

    def record(
        self, generation: Generation, *, row_count: int, report: Mapping[str, object]
    ) -> None:
        """What the build came to."""
        with writing(self._engine) as connection:
            values = {"row_count": row_count, "report": dict(report)}
            connection.execute(_change(generation).values(values))

    def mark_failed(self, generation: Generation) -> bool:
        """It will never be live. False: it is not being built any more."""
        failed = _change(generation).values(status=GenerationStatus.FAILED, artefact=None)
        with writing(self._engine) as connection:
            building = _g.status == GenerationStatus.BUILDING
            return connection.execute(failed.where(building)).rowcount == 1

    def forget_artefact(self, generation: Generation) -> None:
        """Its collection is gone; the row stays as history."""
        with writing(self._engine) as connection:
            connection.execute(_change(generation).values(artefact=None))

    def switch(self, generation: Generation) -> bool:
        """Make a freshly built generation live, or the previous one again.

        The live one becomes the previous one, an older previous one is retired. False: it lacks
        edits later than its `applied_seq`. Raises Conflict when another reindex has given it up.
        """
        with holding_set(self._engine, generation.set_name) as connection:
            if _last_seq(connection, generation.set_name) != generation.applied_seq:
                return False
            _switch(connection, generation)
        return True

    @contextmanager
    def advancing(self, generation: Generation, to_seq: int) -> Iterator[bool]:
        """Claim the step from `generation.applied_seq` to `to_seq`; commits when the body is done.

        False: somebody else has taken it, read again. While it is True the row is locked, so one
        process at a time writes edits to the collection, and an error leaves the step undone.
        """
        step = _change(generation).where(_g.applied_seq == generation.applied_seq)
        with writing(self._engine) as connection:
            yield connection.execute(step.values(applied_seq=to_seq)).rowcount == 1

    def reports_in_use(self) -> Iterator[Mapping[str, object]]:
        """Of the generations of all sets that are being built, live, or kept for rollback."""
        done_with = [GenerationStatus.RETIRED, GenerationStatus.FAILED]
        with reading(self._engine) as connection:
            yield from connection.execute(
                select(_g.report).where(_g.status.not_in(done_with))
            ).scalars()

    def _one(self, *conditions: ColumnElement[bool]) -> Generation | None:
        with reading(self._engine) as connection:
            row = connection.execute(select(*_COLUMNS).where(*conditions)).one_or_none()
        return None if row is None else _generation(row)


def _switch(connection: Connection, generation: Generation) -> None:
    ready = _g.status.in_([GenerationStatus.BUILDING, GenerationStatus.PREVIOUS])
    now_live = _change(generation).where(ready)
    others = update(index_generation).where(
        _g.set_name == generation.set_name, _g.number != generation.number
    )
    point = update(faq_set).where(faq_set.c.name == generation.set_name)
    taken = now_live.values(status=GenerationStatus.LIVE, live_at=datetime.now(UTC))
    if connection.execute(taken).rowcount != 1:
        raise Conflict(
            f"Generation {generation.number} of FAQ set {generation.set_name!r} was given up: "
            "another reindex has taken over. The live index is untouched"
        )
    for was, becomes in (
        (GenerationStatus.PREVIOUS, GenerationStatus.RETIRED),
        (GenerationStatus.LIVE, GenerationStatus.PREVIOUS),
    ):
        connection.execute(others.where(_g.status == was).values(status=becomes))
    connection.execute(point.values(live_generation=generation.number))


@contextmanager
def holding_set(engine: Engine, set_name: str) -> Iterator[Connection]:
    """A transaction that locks the set's row, as every writer of its FAQs does first.

    Raises NotFound: no such set.
    """
    with writing(engine) as connection:
        query = select(faq_set.c.name).where(faq_set.c.name == set_name).with_for_update()
        if connection.execute(query).one_or_none() is None:
            raise _no_set(set_name)
        yield connection


def _no_set(set_name: str) -> NotFound:
    return NotFound(f"There is no FAQ set {set_name!r}; create it or import into it first.")


def _last_seq(connection: Connection, set_name: str) -> int:
    query = select(faq_set.c.change_seq).where(faq_set.c.name == set_name)
    seq: int = connection.execute(query).scalar_one()
    return seq


def _change(generation: Generation) -> Update:
    return update(index_generation).where(*_is(generation.set_name, generation.number))


def _is(set_name: str, number: int) -> Sequence[ColumnElement[bool]]:
    return (_g.set_name == set_name, _g.number == number)


def _collection_name(set_name: str, number: int) -> str:
    """Readable, legal in Chroma, and never another deployment's on a shared Chroma server."""
    readable = re.sub(r"[^a-zA-Z0-9]+", "-", set_name).strip("-")[:32] or "set"
    return f"{readable}-{number}-{uuid.uuid4().hex}"


def _generation(row: Row[Any]) -> Generation:
    values = dict(row._mapping)
    return Generation(**values | {"status": GenerationStatus(values["status"])})
