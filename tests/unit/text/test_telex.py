import pytest

from service.text.diacritics import has_marks
from service.text.noise import telex_keys
from service.text.telex import restore

SENTENCE = "Trường đại học có những điều kiện gì để được xét tốt nghiệp sớm không"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("hocj phis", "học phí"),
        ("ho5c phi1 bao nhieu?", "học phí bao nhieu?"),
        ("xem ddieemr thi", "xem điểm thi"),
        ("d9ie6m3 thi", "điểm thi"),
        ("Truowngf DDAIJ HOCJ", "Trường ĐẠI HỌC"),
        ("truongwf nguwowif", "trường người"),
        ("hojc", "học"),
        ("học phis", "học phis"),  # one doubtful token is not enough
        ("quys gias", "quý giá"),
        ("cos dduowcj khoong", "có được không"),
    ],
)
def test_restores_residue(typed: str, expected: str) -> None:
    assert restore(typed) == expected


@pytest.mark.parametrize(
    "text",
    [
        "K65 A00 B1 A1 D01 U17 TOEIC IELTS GIS SOS office365 laptop class pass deadline form",
        "file Word Excel bị lỗi test has this bus max box car list",
        "đợt 1 nam2 khoa1 dot1 hk2 lop10",
        "gửi vào hocj@uni.edu.vn hoặc uni.edu.vn/hocj",
        "phòng A2, học kỳ 1",
        "cho em hoi hoc phi nganh cong nghe thong tin bao nhieu",
        "k bt đkhp ntn ạ, mn giúp e vs",
    ],
)
def test_leaves_ordinary_text_alone(text: str) -> None:
    assert restore(text) == text


@pytest.mark.parametrize("in_place", [False, True])
def test_a_sentence_survives_the_round_trip(in_place: bool) -> None:
    typed = " ".join(
        telex_keys(word, in_place=in_place) if has_marks(word) else word
        for word in SENTENCE.split()
    )
    assert typed != SENTENCE
    assert restore(typed) == SENTENCE
