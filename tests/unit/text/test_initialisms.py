import pytest

from service.errors import BadInput
from service.text.initialisms import initialisms
from service.text.lexicon import Lexicon

LEXICON = Lexicon.load()
VOLUNTEERS = "câu lạc bộ tình nguyện xanh"


def found(*faqs: str | list[str], own: dict[str, str] | None = None) -> dict[str, str]:
    texts = [[faq] if isinstance(faq, str) else faq for faq in faqs]
    return initialisms(texts, LEXICON, own or {})


def test_a_name_of_two_faqs_has_a_short_form():
    names = found(
        "Điểm chuẩn ngành Kỹ thuật điện tử viễn thông?",
        "Học phí của kỹ thuật điện tử viễn thông là bao nhiêu",
    )
    assert names == {"ktđtvt": "kỹ thuật điện tử viễn thông"}
    lexicon = LEXICON.with_additions(names)
    for typed in ("ngành ktđtvt", "ngành KTDTVT", "ngành ktdtvt"):
        assert lexicon.expand(typed) == "ngành kỹ thuật điện tử viễn thông"


def test_one_faq_is_not_enough_however_often_it_says_it():
    assert found([f"Đăng ký {VOLUNTEERS}", f"Vào {VOLUNTEERS}"]) == {}


def test_an_faq_that_has_a_name_both_ways_needs_no_second():
    name, short = f"Ở đâu có {VOLUNTEERS}?", "Lịch họp của CLBTNX"
    assert found([name, short]) == {"clbtnx": VOLUNTEERS}
    assert found([f"Ở đâu có {VOLUNTEERS} (CLBTNX)?"]) == {"clbtnx": VOLUNTEERS}
    assert found(name, short) == {}  # in another FAQ it may stand for anything


@pytest.mark.parametrize(
    "text",
    [
        "Cho em hỏi về công nghệ thông tin ạ",  # the lexicon has cntt
        "Học phí bao nhiêu",  # two words
        "Điểm chuẩn, chỉ tiêu; học phí",  # names end at punctuation
        "nganh ky thuat dien tu vien thong",  # what is written out has marks
        "Em muốn biết mình phải học những gì ở trường này",
    ],
)
def test_what_gets_none(text: str):
    assert found(text, f"{text} ạ") == {}


def test_three_words_that_follow_each_other_are_no_name_unless_an_faq_says_so():
    texts = ("Quy chế thi", "Cho em hỏi quy chế thi ạ")
    assert found(*texts) == {}
    assert found(*texts, ["Quy chế thi ở đâu?", "QCT ở đâu?"]) == {"qct": "quy chế thi"}


def test_what_two_names_claim_belongs_to_none():
    first, second = "khoa quản lý đất đai", "khoa quản lý đê điều"
    assert found(first, f"{first} ở đâu", second, f"{second} ở đâu") == {}
    more = f"em hỏi {first}"
    assert found(first, f"{first} ở đâu", second, f"{second} ở đâu", more) == {"kqlđđ": first}


def test_syllables_stay_words():
    assert found("an ninh học", "em hỏi an ninh học", "ANH là gì") == {}


def test_the_set_s_own_short_forms_win():
    texts = ("Kỹ thuật điện tử viễn thông", "hỏi kỹ thuật điện tử viễn thông")
    assert found(*texts, own={"KTDTVT": "khác"}) == {}
    assert found(*texts, own={"kỹ thuật điện tử viễn thông": "ktdtvt"}) == {}  # would go in circles


def test_a_name_that_holds_its_own_short_form_gets_none():
    name = "pqrs quà rất sớm"
    assert found(name, f"em hỏi {name}") == {}  # written out, it would have to be written out again
    with pytest.raises(BadInput, match="leads back"):
        LEXICON.with_additions({"pqrs": name})
