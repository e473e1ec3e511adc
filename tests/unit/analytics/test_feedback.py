import pytest
from sqlalchemy import Engine

from service.analytics import AlternateProposal, Feedback, QuestionLog, ReviewStatus
from service.domain import Outcome
from service.errors import BadInput, Conflict, NotFound
from tests.fixtures.replies import make_reply


@pytest.fixture
def verdicts(engine: Engine, questions: QuestionLog) -> Feedback:
    return Feedback(engine, questions)


def ask(questions: QuestionLog, outcome: Outcome = Outcome.ANSWER) -> str:
    reply = make_reply("Học phí kỳ này?", outcome, ("fees", "dorm"))
    questions.record(reply)
    return reply.request_id


def test_feedback_right_after_the_answer_finds_it_in_the_queue(
    verdicts: Feedback, questions: QuestionLog
):
    request_id = ask(questions)
    verdicts.record(request_id, helpful=True)
    (item,) = verdicts.list("default")
    assert (item.request_id, item.helpful, item.status) == (request_id, True, "pending")
    assert (item.question, item.answered_faq_id) == ("Học phí kỳ này?", "fees")


def test_unknown_things_are_named(verdicts: Feedback, questions: QuestionLog):
    with pytest.raises(NotFound, match="'nope'"):
        verdicts.record("nope", helpful=True)
    with pytest.raises(NotFound, match="'ghost'"):
        verdicts.record(ask(questions), helpful=True, chosen_faq_id="ghost")
    with pytest.raises(NotFound, match="feedback 99"):
        verdicts.propose(99)
    assert verdicts.list("default") == []


def test_the_last_word_counts_and_waits_for_review_again(
    verdicts: Feedback, questions: QuestionLog
):
    request_id = ask(questions, Outcome.SUGGEST)
    first = verdicts.record(request_id, helpful=False)
    verdicts.reject(first)
    assert verdicts.record(request_id, helpful=True, chosen_faq_id="dorm") == first

    (item,) = verdicts.list("default")
    assert (item.helpful, item.chosen_faq_id, item.status) == (True, "dorm", "pending")


def test_accepting_proposes_an_alternate(verdicts: Feedback, questions: QuestionLog):
    chosen = verdicts.record(ask(questions, Outcome.SUGGEST), helpful=True, chosen_faq_id="dorm")
    answered = verdicts.record(ask(questions), helpful=True)
    corrected = verdicts.record(ask(questions), helpful=False)

    assert verdicts.propose(chosen) == AlternateProposal("default", "dorm", "Học phí kỳ này?")
    assert verdicts.propose(answered).faq_id == "fees"
    assert verdicts.propose(corrected, faq_id="dorm").faq_id == "dorm"
    assert {item.status for item in verdicts.list("default")} == {ReviewStatus.PENDING}
    verdicts.accept(chosen)
    assert verdicts.get(chosen).status is ReviewStatus.ACCEPTED


def test_a_review_that_cannot_work_changes_nothing(verdicts: Feedback, questions: QuestionLog):
    unhelpful = verdicts.record(ask(questions), helpful=False)
    with pytest.raises(BadInput, match="names no FAQ"):
        verdicts.propose(unhelpful)
    with pytest.raises(NotFound, match="'ghost'"):
        verdicts.propose(unhelpful, faq_id="ghost")
    assert verdicts.get(unhelpful).status is ReviewStatus.PENDING

    verdicts.reject(unhelpful)
    with pytest.raises(Conflict, match="already been rejected"):
        verdicts.propose(unhelpful, faq_id="dorm")
    with pytest.raises(Conflict, match="already been rejected"):
        verdicts.accept(unhelpful)


def test_a_question_that_was_not_kept_cannot_become_an_alternate(engine: Engine):
    log = QuestionLog(engine, keep_text=False)
    verdicts = Feedback(engine, log)
    feedback_id = verdicts.record(ask(log), helpful=True)
    with pytest.raises(BadInput, match="not kept"):
        verdicts.propose(feedback_id)
    log.close()


def test_lists_filter_by_status_and_set(verdicts: Feedback, questions: QuestionLog):
    ids = [verdicts.record(ask(questions), helpful=True) for _ in range(3)]
    verdicts.reject(ids[0])
    assert [item.id for item in verdicts.list("default")] == ids[::-1]
    pending = verdicts.list("default", status=ReviewStatus.PENDING, limit=1)
    assert [item.id for item in pending] == ids[2:]
    assert verdicts.list("other") == []
