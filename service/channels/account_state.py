"""What is known of an account beyond its settings: who holds its lease, and what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, or_, select, update

from service.channels.sql import insert_into
from service.db.session import reading, writing
from service.db.tables import channel_token


def locked_row(connection: Connection, channel: str, account_id: str) -> Row[tuple[object, ...]]:
    """The account's row, made if need be and locked until the transaction ends."""
    values = {"channel": channel, "account_id": account_id}
    connection.execute(
        insert_into(connection, channel_token).values(values).on_conflict_do_nothing()
    )
    query = select(channel_token).where(is_account(channel, account_id)).with_for_update()
    return connection.execute(query).one()


def is_account(channel: str, account_id: str) -> ColumnElement[bool]:
    """For WHERE."""
    return and_(channel_token.c.channel == channel, channel_token.c.account_id == account_id)


def take_lease(
    engine: Engine, channel: str, account_id: str, *, owner: str, seconds: float
) -> bool:
    """Become (or stay) the only one who refreshes or polls; False: somebody else is."""
    now = datetime.now(UTC)
    free = or_(
        channel_token.c.lease_until.is_(None),
        channel_token.c.lease_until < now,
        channel_token.c.lease_owner == owner,
    )
    with writing(engine) as connection:
        locked_row(connection, channel, account_id)
        taken = connection.execute(
            update(channel_token)
            .where(is_account(channel, account_id), free)
            .values(lease_owner=owner, lease_until=now + timedelta(seconds=seconds))
        )
        return taken.rowcount == 1


def report_problem(engine: Engine, channel: str, account_id: str, problem: str | None) -> None:
    """Tell the operator what to mend, once; None: it works (again)."""
    if problem_of(engine, channel, account_id) == problem:
        return
    logger = structlog.get_logger(__name__).bind(channel=channel, account=account_id)
    if problem:
        logger.error("channel_needs_operator", problem=problem)
    else:
        logger.info("channel_recovered")
    with writing(engine) as connection:
        locked_row(connection, channel, account_id)
        connection.execute(
            update(channel_token)
            .where(is_account(channel, account_id))
            .values(problem=problem, problem_at=datetime.now(UTC) if problem else None)
        )


def problem_of(engine: Engine, channel: str, account_id: str) -> str | None:
    """What an operator has to mend."""
    query = select(channel_token.c.problem).where(is_account(channel, account_id))
    with reading(engine) as connection:
        problem: str | None = connection.execute(query).scalar()
    return problem
