"""Conversations and their leases: one worker at a time per person, many persons at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, and_, or_, select, update

from service.db.session import reading, writing
from service.db.tables import conversation, inbox, outbox

_c = conversation.c


@dataclass(frozen=True, slots=True)
class Conversation:
    """One person in one account."""

    id: int
    channel: str
    account_id: str
    user_id: str
    subject: str
    paused_until: datetime | None
    offered: Sequence[tuple[str, str]]  # request ("" beside an answer) and FAQ of "1", "2", "3"

    def changed(self, changes: Mapping[str, object]) -> Conversation:
        """As its row is after the changes."""
        return replace(self, **changes)  # type: ignore[arg-type]


def claim(
    engine: Engine, channel: str, account_id: str, *, owner: str, lease_s: float, limit: int
) -> list[Conversation]:
    """Take up to `limit` conversations that have something to do and that nobody works on."""
    now = datetime.now(UTC)
    free = and_(
        _c.channel == channel,
        _c.account_id == account_id,
        _c.due_at <= now,
        or_(_c.lease_until.is_(None), _c.lease_until < now),
    )
    due = select(_c.id).where(free).order_by(_c.due_at).limit(limit)
    with reading(engine) as connection:  # spares an idle worker the write lock of SQLite
        if connection.execute(due).first() is None:
            return []
    lease = {"lease_owner": owner, "lease_until": now + timedelta(seconds=lease_s)}
    with writing(engine) as connection:
        ids = connection.execute(due.with_for_update(skip_locked=True)).scalars().all()
        taken = update(conversation).where(_c.id.in_(ids)).values(lease).returning(conversation)
        rows = connection.execute(taken).all()
    return [
        Conversation(
            row.id,
            row.channel,
            row.account_id,
            row.user_id,
            row.subject,
            row.paused_until,
            [(request_id, faq_id) for request_id, faq_id in row.offered],
        )
        for row in rows
    ]


def renew(engine: Engine, conversation_id: int, *, owner: str, lease_s: float) -> bool:
    """Keep the lease; False: it ran out and somebody else has it."""
    with writing(engine) as connection:
        kept = connection.execute(
            update(conversation)
            .where(_c.id == conversation_id, _c.lease_owner == owner)
            .values(lease_until=datetime.now(UTC) + timedelta(seconds=lease_s))
        )
        return kept.rowcount == 1


def release(
    engine: Engine, conversation_id: int, *, owner: str, not_before: datetime | None = None
) -> None:
    """Give the lease back and say when there is something to do again."""
    with writing(engine) as connection:
        # Locked first: what is stored from now on waits, and sets `due_at` after us.
        mine = and_(_c.id == conversation_id, _c.lease_owner == owner)
        if connection.execute(select(_c.id).where(mine).with_for_update()).first() is None:
            return
        due = _due_at(connection, conversation_id)
        if due and not_before:
            due = max(due, not_before)
        connection.execute(
            update(conversation).where(mine).values(lease_owner=None, lease_until=None, due_at=due)
        )


def free_all(engine: Engine) -> None:
    """Void every lease: for the start of the only worker, when their owners must be dead."""
    with writing(engine) as connection:
        connection.execute(
            update(conversation)
            .where(_c.lease_until.is_not(None))
            .values(lease_owner=None, lease_until=None)
        )


def _due_at(connection: Connection, conversation_id: int) -> datetime | None:
    moments = [
        connection.execute(
            select(table.c.next_attempt_at)
            .where(table.c.conversation_id == conversation_id, table.c.status == "pending")
            .order_by(*order)
            .limit(1)
        ).scalar()
        for table, order in (
            (inbox, (inbox.c.sent_at, inbox.c.id)),
            (outbox, (outbox.c.id,)),
        )
    ]
    return min((moment for moment in moments if moment), default=None)
