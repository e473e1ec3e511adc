import pytest

from service.errors import BadInput
from service.text.lexicon import Lexicon
from service.text.normalise import normalise


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("ko đkhp đc thì lm ntn ạ", "không đăng ký học phần được thì làm như thế nào ạ"),
        ("dkhp ntn?", "đăng ký học phần như thế nào?"),
        ("Ko bt", "Không biết"),
        ("SV CNTT", "sinh viên công nghệ thông tin"),
        ("đóng hp trễ", "đóng học phí trễ"),
        ("rút hp", "rút học phần"),
        ("hp này", "hp này"),
        ("em k đc nhận hb khuyến khích", "em không được nhận học bổng khuyến khích"),
        ("nộp hb thpt", "nộp học bạ trung học phổ thông"),
        ("hb là gì", "hb là gì"),
        ("quên mk portal", "quên mật khẩu portal"),
        ("mk muốn hỏi", "mình muốn hỏi"),
        ("đk k?", "được không?"),
        ("cần đk j", "cần điều kiện gì"),
        ("cách đk môn", "cách đăng ký môn"),
        ("3tc 7h 15tr", "3 tín chỉ 7 giờ 15 triệu"),
        ("điểm GPA, gpa", "điểm trung bình, điểm trung bình"),
        ("K65 khối A00 500 k 5 kg 10k", "K65 khối A00 500 k 5 kg 10k"),
        ("vitamin C m j k", "vitamin C m j không"),
        ("sv@uni.edu.vn uni.edu.vn a_sv", "sv@uni.edu.vn uni.edu.vn a_sv"),
        ("thì ck bao nhiêu", "thì ck bao nhiêu"),  # thì is not the context word thi
    ],
)
def test_expand(lexicon: Lexicon, typed: str, expected: str) -> None:
    assert lexicon.expand(typed) == expected


def test_the_file_is_normalised_and_stable(lexicon: Lexicon) -> None:
    for entry in lexicon._entries:
        text = " ".join((*entry.short, entry.full.replace("#", "1")))
        assert normalise(text) == text
        assert lexicon.expand(entry.full) == entry.full, entry


def test_no_entry_is_written_twice_or_out_of_reach(lexicon: Lexicon) -> None:
    closed = set()
    for entry in lexicon._entries:
        assert entry.short not in closed, f"{entry.short} stands after its context-free line"
        if entry.always:
            closed.add(entry.short)


def test_additions_win_and_match_phrases_and_unmarked_typing(lexicon: Lexicon) -> None:
    own = lexicon.with_additions({"cổng đào tạo": "portal", "SV": "sáng tạo", "hp": "hải phòng"})
    assert own.expand("vào Cong Dao Tao, sv đóng hp") == "vào Portal, sáng tạo đóng hải phòng"
    assert own.version != lexicon.version
    assert lexicon.expand("sv") == "sinh viên"


def test_additions_that_are_syllables_need_their_marks(lexicon: Lexicon) -> None:
    own = lexicon.with_additions({"má": "mật khẩu"})
    assert own.expand("má ma") == "mật khẩu ma"


@pytest.mark.parametrize(
    ("entries", "named"),
    [
        ({"": "x"}, "''"),
        ({"a1": "  "}, "a1"),
        ({"x" * 65: "dài"}, "x" * 65),
        ({"a1": "x" * 65}, "a1"),
        ({"wifi": "mạng wifi"}, "wifi"),
        ({"a1": "b1 c", "b1": "xem a1"}, "a1"),
    ],
)
def test_bad_additions_are_refused_by_name(
    lexicon: Lexicon, entries: dict[str, str], named: str
) -> None:
    with pytest.raises(BadInput, match=named):
        lexicon.with_additions(entries)
