"""The outbox: what is to be said, until it is known what came of it.

pending → sending → sent
                  → pending   certainly not delivered, tried again later
                  → failed    refused for good, or outside the reply window
                  → dead      all tries used up; `vifaq outbox retry` sends it after all
                  → unknown   may have been delivered; an echo makes it sent
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select, update

from service.channels.message import Outbound
from service.db.session import reading, writing
from service.db.tables import conversation, outbox
from service.errors import NotFound

UNSENT = ("pending", "sending", "failed", "unknown", "dead")
RESENDABLE = ("failed", "unknown", "dead")


@dataclass(frozen=True, slots=True)
class Queued:
    """A message that waits to be sent."""

    id: int
    ref: str
    message: Outbound
    attempts: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A message as an operator sees it: without its text."""

    id: int
    channel: str
    account_id: str
    subject: str
    status: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    error: str | None


def enqueue(
    connection: Connection, conversation_id: int, inbox_id: int, messages: Sequence[Outbound]
) -> None:
    """Put one reply's messages at the end, in the caller's transaction."""
    now = datetime.now(UTC)
    rows = [
        {
            "conversation_id": conversation_id,
            "inbox_id": inbox_id,
            "position": position,
            "ref": uuid.uuid4().hex,
            "body": message.to_json(),
            "status": "pending",
            "next_attempt_at": now,
            "created_at": now,
            "updated_at": now,
        }
        for position, message in enumerate(messages)
    ]
    if rows:
        connection.execute(insert(outbox), rows)


def next_message(engine: Engine, conversation_id: int) -> Queued | None:
    """The conversation's first message that waits, if its time has come."""
    query = (
        select(outbox)
        .where(outbox.c.conversation_id == conversation_id, outbox.c.status == "pending")
        .order_by(outbox.c.id)
        .limit(1)
    )
    with reading(engine) as connection:
        row = connection.execute(query).one_or_none()
    if row is None or row.next_attempt_at > datetime.now(UTC):
        return None
    return Queued(row.id, row.ref, Outbound.from_json(row.body), row.attempts)


def mark(
    engine: Engine, row_id: int, status: str, /, *, was: Sequence[str], **values: object
) -> bool:
    """Move a message on; False: it is not where it was thought to be."""
    with writing(engine) as connection:
        moved = connection.execute(
            update(outbox)
            .where(outbox.c.id == row_id, outbox.c.status.in_(was))
            .values(status=status, updated_at=datetime.now(UTC), **values)
        )
        return moved.rowcount == 1


def orphans_to_unknown(engine: Engine, conversation_id: int) -> int:
    """What a dead worker was sending, nobody knows the fate of."""
    orphans = (outbox.c.conversation_id == conversation_id, outbox.c.status == "sending")
    with reading(engine) as connection:
        if connection.execute(select(outbox.c.id).where(*orphans)).first() is None:
            return 0
    with writing(engine) as connection:
        return connection.execute(
            update(outbox)
            .where(*orphans)
            .values(
                status="unknown",
                updated_at=datetime.now(UTC),
                error="the worker died while sending",
            )
        ).rowcount


def reconcile(engine: Engine, conversation_id: int, ref: str | None, text: str) -> bool:
    """An echo proves that a message went through: by our reference, else by its text."""
    unknown = (outbox.c.conversation_id == conversation_id, outbox.c.status == "unknown")
    query = select(outbox.c.id, outbox.c.ref, outbox.c.body).where(*unknown).order_by(outbox.c.id)
    with reading(engine) as connection:
        rows = connection.execute(query).all()
    for row in rows:
        if row.ref == ref if ref else row.body["text"] == text:
            return mark(engine, row.id, "sent", was=["unknown"], error=None)
    return False


def list_messages(
    engine: Engine, *, statuses: Sequence[str] = UNSENT, limit: int = 100
) -> list[Listed]:
    """The newest messages in these states."""
    query = (
        select(outbox, conversation.c.channel, conversation.c.account_id, conversation.c.subject)
        .join(conversation, conversation.c.id == outbox.c.conversation_id)
        .where(outbox.c.status.in_(statuses))
        .order_by(outbox.c.id.desc())
        .limit(limit)
    )
    fields = Listed.__slots__
    with reading(engine) as connection:
        rows = connection.execute(query).mappings().all()
    return [Listed(**{name: row[name] for name in fields}) for row in rows]


def counts(engine: Engine, channel: str, account_id: str) -> dict[str, int]:
    """How many messages of an account are in which state."""
    query = (
        select(outbox.c.status, func.count())
        .join(conversation, conversation.c.id == outbox.c.conversation_id)
        .where(conversation.c.channel == channel, conversation.c.account_id == account_id)
        .group_by(outbox.c.status)
    )
    with reading(engine) as connection:
        return {status: number for status, number in connection.execute(query)}


def retry(engine: Engine, message_id: int) -> None:
    """Send one message again from the beginning of its tries. Raises NotFound."""
    if not _retry(engine, outbox.c.id == message_id, RESENDABLE):
        states = ", ".join(RESENDABLE)
        raise NotFound(f"There is no message {message_id} in the outbox that is {states}.")


def retry_dead(engine: Engine) -> int:
    """Send all dead letters again; returns how many."""
    return _retry(engine, outbox.c.status == "dead", ("dead",))


def _retry(engine: Engine, which: ColumnElement[bool], statuses: Sequence[str]) -> int:
    now = datetime.now(UTC)
    fresh = {"status": "pending", "attempts": 0, "next_attempt_at": now, "updated_at": now}
    with writing(engine) as connection:
        moved = connection.execute(
            update(outbox)
            .where(which, outbox.c.status.in_(statuses))
            .values(fresh)
            .returning(outbox.c.conversation_id)
        ).all()
        ids = {row.conversation_id for row in moved}
        connection.execute(
            update(conversation).where(conversation.c.id.in_(ids)).values(due_at=now)
        )
    return len(moved)
