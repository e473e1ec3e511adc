from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, insert

from service.analytics import QuestionLog
from service.db.engine import open_engine
from service.db.session import writing
from service.db.tables import faq, faq_set, metadata


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """On SQLite and on PostgreSQL, with two FAQs."""
    engine = open_engine(database_url)
    metadata.create_all(engine)
    now = datetime.now(UTC)
    with writing(engine) as connection:
        connection.execute(insert(faq_set).values(name="default", created_at=now, change_seq=0))
        for faq_id in ("fees", "dorm"):
            connection.execute(
                insert(faq).values(
                    set_name="default",
                    id=faq_id,
                    question=f"{faq_id}?",
                    answer="…",
                    search_text=faq_id,
                    updated_at=now,
                    revision=1,
                )
            )
    yield engine
    engine.dispose()


@pytest.fixture
def questions(engine: Engine) -> Iterator[QuestionLog]:
    log = QuestionLog(engine)
    yield log
    log.close()
