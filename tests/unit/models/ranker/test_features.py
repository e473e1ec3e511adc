import numpy as np
import pytest

from service.models.late_interaction import Words
from service.models.ranker.features import NAMES, Contender, features
from service.models.ranker.reading import Reading

NO_WORDS = Words(np.zeros((0, 2), np.float32), np.zeros(0, np.float32))


def reading(plain: str) -> Reading:
    return Reading(plain, NO_WORDS)


def contender(plain: str, cosine: float = 0.5, says: tuple[str, ...] = ()) -> Contender:
    read = reading(plain)
    return Contender(cosine, read, NO_WORDS, read.entities.union(says))


def column(name: str, question: str, *contenders: Contender) -> list[float]:
    return features(reading(question), contenders)[:, NAMES.index(name)].tolist()


def test_one_finite_row_each_whatever_is_read() -> None:
    found = features(reading("?"), [contender("…"), contender("học phí")])
    assert found.shape == (2, len(NAMES))
    assert np.isfinite(found).all()


def test_margin_is_over_the_best_other() -> None:
    found = column("margin", "a", contender("b", 0.7), contender("c", 0.9), contender("d", 0.4))
    assert found == pytest.approx([-0.2, 0.2, -0.5])
    assert column("margin", "a", contender("b", 0.7)) == [0]


def test_bm25_leaves_out_what_all_candidates_have_and_folds_marks() -> None:
    rivals = contender("Học phí ngành luật"), contender("Học phí ngành dược")
    first, second = column("bm25", "hoc phi nganh duoc", *rivals)
    assert second == 1.0
    assert first < second
    assert column("bm25", "thư viện", *rivals) == [0, 0]


def test_letters_are_shares_of_either_side() -> None:
    long = contender("học phí nộp ở đâu")
    assert column("asked_letters", "hoc phi", long) == [1.0]
    assert column("text_letters", "hoc phi", long)[0] == pytest.approx(6 / 13)


def test_entities_are_looked_for_in_all_that_the_faq_says() -> None:
    rivals = contender("Khóa K66"), contender("Khóa mới", says=("k65",)), contender("Khóa mới")
    assert column("entities", "khóa K65 học gì", *rivals) == [0, 1, 0]
    assert column("entities", "khóa mới học gì", *rivals) == [1, 1, 1]


def test_codes_are_told_from_shouting() -> None:
    assert reading("CNTT học ở C2-305").entities == {"cntt", "c2", "305"}
    assert reading("HOC O DAU, K65").entities == {"k65"}


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("Không nộp học phí thì sao?", True),
        ("em chưa có thẻ", True),
        ("Có được nộp muộn không?", False),
        ("có được nộp muộn không ạ", False),
        ("nộp chưa vậy ad", False),
    ],
)
def test_a_question_mark_of_a_word_is_no_negation(text: str, negated: bool) -> None:
    assert reading(text).negated is negated


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Học phí bao nhiêu?", {"how much"}),
        ("may gio thu vien dong cua", {"when"}),
        ("Nộp ở đâu?", {"where"}),
        ("đăng ký thế nào", {"how"}),
        ("có được bảo lưu không ạ", {"whether"}),
        ("ngành luật", set()),
    ],
)
def test_kinds_of_questions(text: str, kinds: set[str]) -> None:
    assert reading(text).kinds == kinds


def test_kind_agrees_unless_both_say_otherwise() -> None:
    rivals = contender("Nộp ở đâu?"), contender("Nộp khi nào?"), contender("Nộp học phí")
    assert column("kind", "nộp ở đâu ạ", *rivals) == [1, 0, 1]
