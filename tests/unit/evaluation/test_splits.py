import pytest

from service.domain import Faq
from service.evaluation.load import Query
from service.evaluation.splits import NEAR_MISS, near_misses, with_alternates

FAQS = [Faq(str(n), f"câu hỏi gốc số {n}", "đáp") for n in range(10)]
WORDS = ["học phí", "thư viện", "ký túc xá", "bảo hiểm", "bằng tốt nghiệp", "thẻ sinh viên"]
QUERIES = [Query(f"{word} của mục {n}{n}{n}", str(n)) for n in range(10) for word in WORDS]


def test_near_misses_part_the_questions_by_whether_their_faq_stayed():
    task = near_misses(FAQS, QUERIES, seed=3)

    kept = {faq.id for faq in task.faqs}
    assert len(kept) == 5
    assert {query.faq_id for query in task.queries} == kept
    assert len(task.queries) == len(task.out_of_scope) == 30
    assert {question.kind for question in task.out_of_scope} == {NEAR_MISS}
    asked = {query.question for query in task.queries}
    assert asked.isdisjoint(question.question for question in task.out_of_scope)


def test_near_misses_follow_the_seed():
    first, again, other = (near_misses(FAQS, QUERIES, seed=seed).faqs for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("alternates", [0, 2, 3])
def test_what_is_indexed_is_not_asked(alternates):
    task = with_alternates(FAQS, QUERIES, alternates=alternates, set_aside=3)

    indexed = {text for faq in task.faqs for text in faq.texts}
    assert all(len(faq.alternates) == alternates for faq in task.faqs)
    assert len(task.queries) == 30
    assert indexed.isdisjoint(query.question for query in task.queries)


def test_the_same_questions_are_asked_whatever_is_indexed():
    few, many = (with_alternates(FAQS, QUERIES, alternates=n, set_aside=3) for n in (0, 3))
    assert few.queries == many.queries


def test_near_identical_strings_are_used_once():
    faqs = [Faq("a", "Học phí bao nhiêu?", "x")]
    queries = [
        Query(text, "a")
        for text in ("hoc phi bao nhieu", "nộp tiền ở đâu", "Nộp tiền, ở đâu ?", "đóng học trễ")
    ]
    task = with_alternates(faqs, queries, alternates=1)
    assert len(task.faqs[0].alternates) == len(task.queries) == 1


def test_an_faq_with_one_question_is_still_asked():
    task = with_alternates(FAQS[:1], QUERIES[:1], alternates=5)
    assert task.queries == QUERIES[:1]
    assert task.faqs[0].alternates == ()
