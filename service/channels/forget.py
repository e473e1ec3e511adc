"""Deletes what is stored about a person, and what has grown old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine, delete, exists, or_, select

from service.db.session import reading, writing
from service.db.tables import conversation, inbox

ForgetSubject = Callable[[str], int]


def forget_conversation(
    engine: Engine, conversation_id: int, subject: str, forget_subject: ForgetSubject
) -> int:
    """Delete a conversation with its messages and its questions in the log; rows of the log."""
    questions = forget_subject(subject)
    with writing(engine) as connection:  # inbox and outbox go with it
        connection.execute(delete(conversation).where(conversation.c.id == conversation_id))
    return questions


def forget_person(engine: Engine, person: str, forget_subject: ForgetSubject) -> tuple[int, int]:
    """Delete a person by the platform's id or by the pseudonym that logs show.

    Returns how many conversations and how many questions of the log there were.
    """
    who = or_(conversation.c.user_id == person, conversation.c.subject == person)
    with reading(engine) as connection:
        found = connection.execute(select(conversation.c.id, conversation.c.subject).where(who))
        talks = found.all()
    questions = sum(
        forget_conversation(engine, talk.id, talk.subject, forget_subject) for talk in talks
    )
    return len(talks), questions + forget_subject(person)


def forget_older_than(engine: Engine, moment: datetime) -> int:
    """Delete events received before that, their replies, and conversations left empty."""
    with writing(engine) as connection:
        gone = connection.execute(delete(inbox).where(inbox.c.received_at < moment)).rowcount
        silent = ~exists().where(inbox.c.conversation_id == conversation.c.id)
        connection.execute(delete(conversation).where(silent, conversation.c.due_at.is_(None)))
    return gone
