"""The inbox: what was received, stored before it is acknowledged, once per event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection, Engine, func, select, update

from service.channels.message import FROM_USER, Inbound, Kind, storable
from service.channels.sql import insert_into
from service.channels.vault import Vault
from service.db.session import reading, writing
from service.db.tables import conversation, inbox

MAX_ID_CHARS = 128
MAX_TEXT_CHARS = 20_000  # no platform lets a person write more

_Person = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Received:
    """A stored event that waits for its answer."""

    id: int
    kind: Kind
    text: str
    payload: str | None
    sent_at: datetime
    attempts: int


def store(engine: Engine, events: Sequence[Inbound], vault: Vault) -> int:
    """Store all events in one transaction; returns how many of them were new."""
    kept = [event for event in events if _has_person(event)]
    if not kept:
        return 0
    now = datetime.now(UTC)
    with writing(engine) as connection:
        ids = _open_conversations(connection, kept, vault, now)
        rows = [_row(event, ids[_person(event)], now) for event in kept]
        # In the order of the key: two batches that overlap must not wait for each other.
        rows.sort(key=lambda row: str(row["key"]))
        statement = insert_into(connection, inbox).values(rows).on_conflict_do_nothing()
        return len(connection.execute(statement.returning(inbox.c.id)).all())


def next_event(engine: Engine, conversation_id: int) -> Received | None:
    """The oldest event of the conversation that waits, if its time has come."""
    query = (
        select(inbox)
        .where(inbox.c.conversation_id == conversation_id, inbox.c.status == "pending")
        .order_by(inbox.c.sent_at, inbox.c.id)
        .limit(1)
    )
    with reading(engine) as connection:
        row = connection.execute(query).one_or_none()
    if row is None or row.next_attempt_at > datetime.now(UTC):
        return None
    return Received(row.id, Kind(row.kind), row.text, row.payload, row.sent_at, row.attempts)


def finish(connection: Connection, event_id: int, status: str, error: str | None = None) -> bool:
    """Take the event off the list; False: somebody else has."""
    done = connection.execute(
        update(inbox)
        .where(inbox.c.id == event_id, inbox.c.status == "pending")
        .values(status=status, attempts=inbox.c.attempts + 1, error=error)
    )
    return done.rowcount == 1


def postpone(engine: Engine, event_id: int, until: datetime, error: str) -> None:
    """Try again later."""
    with writing(engine) as connection:
        connection.execute(
            update(inbox)
            .where(inbox.c.id == event_id, inbox.c.status == "pending")
            .values(attempts=inbox.c.attempts + 1, next_attempt_at=until, error=error)
        )


def last_word_at(engine: Engine, conversation_id: int) -> datetime | None:
    """When the person last wrote: the reply window opens there."""
    query = select(func.max(inbox.c.sent_at)).where(
        inbox.c.conversation_id == conversation_id,
        inbox.c.kind.in_([kind.value for kind in FROM_USER]),
    )
    with reading(engine) as connection:
        moment: datetime | None = connection.execute(query).scalar()
    return moment


def _open_conversations(
    connection: Connection, events: Sequence[Inbound], vault: Vault, now: datetime
) -> dict[_Person, int]:
    people = sorted({_person(event) for event in events})
    statement = insert_into(connection, conversation).values(
        [
            {
                "channel": channel,
                "account_id": account_id,
                "user_id": user_id,
                "subject": vault.pseudonym(channel, account_id, user_id),
                "due_at": now,
                "offered": [],
            }
            for channel, account_id, user_id in people
        ]
    )
    columns = conversation.c
    rows = connection.execute(
        statement.on_conflict_do_update(
            index_elements=[columns.channel, columns.account_id, columns.user_id],
            set_={"due_at": statement.excluded.due_at},
        ).returning(columns.id, columns.channel, columns.account_id, columns.user_id)
    )
    return {(row.channel, row.account_id, row.user_id): row.id for row in rows}


def _row(event: Inbound, conversation_id: int, now: datetime) -> dict[str, object]:
    return {
        "conversation_id": conversation_id,
        "key": event.key,
        "kind": event.kind.value,
        "text": storable(event.text)[:MAX_TEXT_CHARS],
        "payload": storable(event.payload)[:MAX_TEXT_CHARS] if event.payload else None,
        "sent_at": min(event.sent_at, now),  # a clock ahead of ours must not keep a window open
        "received_at": now,
        "status": "pending",
        "next_attempt_at": now,
    }


def _has_person(event: Inbound) -> bool:
    if event.user_id and len(event.user_id) <= MAX_ID_CHARS:
        return True
    logger = structlog.get_logger(__name__)
    logger.warning("channel_event_without_person", channel=event.channel, kind=event.kind.value)
    return False


def _person(event: Inbound) -> _Person:
    return event.channel, event.account_id, storable(event.user_id)
