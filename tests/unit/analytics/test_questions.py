from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from service.analytics import Feedback, QuestionLog
from service.db.session import reading, writing
from service.db.tables import feedback, metadata, question_log
from service.domain import Outcome
from tests.fixtures.replies import make_reply


def rows(engine: Engine) -> list[dict[str, object]]:
    with reading(engine) as connection:
        found = connection.execute(select(question_log).order_by(question_log.c.asked_at))
        return [dict(row) for row in found.mappings()]


def test_an_answer_is_logged_with_what_was_decided(engine: Engine, questions: QuestionLog):
    reply = make_reply()
    questions.record(reply, channel="zalo", subject="p1")
    questions.flush()

    (row,) = rows(engine)
    assert row["request_id"] == reply.request_id
    assert (row["outcome"], row["faq_id"], row["channel"]) == ("answer", "fees", "zalo")
    assert (row["generation"], row["subject"], row["total_ms"]) == (3, "p1", 6.5)


def test_personal_data_never_reaches_the_database(engine: Engine, questions: QuestionLog):
    questions.record(make_reply("Em là 0912345678, email an.nguyen@gmail.com, học phí?"))
    questions.flush()

    (row,) = rows(engine)
    assert "0912345678" not in str(row)
    assert "an.nguyen" not in str(row)
    assert "học phí" in str(row["question"])


def test_texts_can_be_left_out(engine: Engine):
    log = QuestionLog(engine, keep_text=False)
    log.record(make_reply("Ký túc xá còn phòng không?", Outcome.HANDOVER, ()))
    log.close()

    (row,) = rows(engine)
    assert (row["question"], row["outcome"]) == ("", "handover")
    assert log.unanswered("default") == []


def test_closing_writes_what_is_queued_and_later_records_count_as_dropped(engine: Engine):
    log = QuestionLog(engine)
    for _ in range(600):
        log.record(make_reply())
    log.close()
    log.record(make_reply())
    log.flush()
    log.close()

    assert len(rows(engine)) == 600
    assert log.dropped == 1


def test_a_database_that_refuses_is_counted_and_survived(engine: Engine, questions: QuestionLog):
    metadata.drop_all(engine, [feedback, question_log])
    questions.record(make_reply())
    questions.flush()
    metadata.create_all(engine)
    questions.record(make_reply())
    questions.flush()

    assert questions.dropped == 1
    assert len(rows(engine)) == 1


def test_unanswered_questions_are_grouped_most_asked_first(questions: QuestionLog):
    for text in ("Học phí?", "học  phí", "HỌC PHÍ ?", "Đổi ngành được không?"):
        questions.record(make_reply(text, Outcome.SUGGEST, ("fees", "dorm")))
    questions.record(make_reply("Wifi?", Outcome.HANDOVER, ()))
    questions.record(make_reply("Wifi?", Outcome.HANDOVER, ()))
    questions.record(make_reply("Đã trả lời", Outcome.ANSWER))
    questions.flush()

    found = questions.unanswered("default")
    assert [(item.question, item.times) for item in found] == [
        ("HỌC PHÍ ?", 3),
        ("Wifi?", 2),
        ("Đổi ngành được không?", 1),
    ]
    assert [item.nearest_faq_id for item in found] == ["fees", None, "fees"]
    assert len(questions.unanswered("default", limit=1)) == 1
    assert questions.unanswered("other") == []


def test_a_handled_question_leaves_the_list_until_it_is_asked_again(questions: QuestionLog):
    questions.record(make_reply("Wifi?", Outcome.HANDOVER, ()))
    questions.record(make_reply("wifi", Outcome.HANDOVER, ()))
    questions.flush()

    assert questions.mark_handled("default", "WIFI") == 2
    assert questions.unanswered("default") == []
    questions.record(make_reply("Wifi?", Outcome.HANDOVER, ()))
    questions.flush()
    assert [item.times for item in questions.unanswered("default")] == [1]


@pytest.mark.parametrize(
    ("asked_at", "day"),
    [
        (datetime(2026, 3, 1, 16, 59, tzinfo=UTC), "2026-03-01"),
        (datetime(2026, 3, 1, 17, 1, tzinfo=UTC), "2026-03-02"),  # past midnight in Vietnam
    ],
)
def test_days_are_vietnamese_days(
    engine: Engine, questions: QuestionLog, asked_at: datetime, day: str
):
    move_all(engine, questions, asked_at)
    (count,) = questions.counts_per_day("default", days=36500)
    assert (str(count.day), count.answer, count.suggest, count.handover) == (day, 2, 1, 0)
    assert questions.counts_per_day("other", days=36500) == []


def test_counts_end_where_asked(engine: Engine, questions: QuestionLog):
    move_all(engine, questions, datetime.now(UTC) - timedelta(days=31))
    assert questions.counts_per_day("default", days=30) == []


def move_all(engine: Engine, questions: QuestionLog, asked_at: datetime) -> None:
    for outcome in (Outcome.ANSWER, Outcome.ANSWER, Outcome.SUGGEST):
        questions.record(make_reply(outcome=outcome))
    questions.flush()
    with writing(engine) as connection:
        connection.execute(question_log.update().values(asked_at=asked_at))


def test_old_questions_go_with_their_feedback(engine: Engine, questions: QuestionLog):
    old, new = make_reply(), make_reply()
    questions.record(old)
    questions.record(new)
    verdicts = Feedback(engine, questions)
    for reply in (old, new):
        verdicts.record(reply.request_id, helpful=True)
    now = datetime.now(UTC)
    with writing(engine) as connection:
        connection.execute(
            question_log.update()
            .where(question_log.c.request_id == old.request_id)
            .values(asked_at=now - timedelta(days=200))
        )

    assert questions.delete_older_than(now - timedelta(days=180)) == 1
    assert [row["request_id"] for row in rows(engine)] == [new.request_id]
    with reading(engine) as connection:
        assert connection.execute(select(feedback.c.request_id)).scalars().all() == [new.request_id]


def test_a_person_can_be_forgotten(engine: Engine, questions: QuestionLog):
    questions.record(make_reply(), subject="p1")
    questions.record(make_reply(), subject="p2")
    questions.record(make_reply())

    assert questions.delete_subject("p1") == 1  # still in the queue when asked for
    assert sorted(str(row["subject"]) for row in rows(engine)) == ["None", "p2"]
