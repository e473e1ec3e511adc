import pytest

from service.text.diacritics import fold
from service.text.spelling import Speller


@pytest.fixture(scope="module")
def speller() -> Speller:
    return Speller.load()


@pytest.mark.parametrize(
    "expected",
    [
        "học phí ngành kế toán bao nhiêu",
        "Cho em hỏi điểm chuẩn ngành công nghệ thông tin ạ?",
        "làm lại thẻ sinh viên ở đâu",
        "đăng ký học phần trễ có được không",
        "HỌC BỔNG CHO SINH VIÊN NGHÈO",
        "Em muốn nộp chứng chỉ IELTS, TOEIC ở đâu?",
        "điểm chuẩn tổ hợp A00 năm 2024 của PTIT",
        "quên mật khẩu wifi thì reset thế nào",
    ],
)
def test_puts_marks_on_unmarked_questions(speller: Speller, expected: str) -> None:
    assert speller.repair(fold(expected), marked=False) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Điểm chuẩn nganh cong nghe thong tin?", "Điểm chuẩn ngành công nghệ thông tin?"),
        ("đăng ký học phần o dau", "đăng ký học phần ở đâu"),
        ("cho em hỏi điểm thi", "cho em hỏi điểm thi"),  # words as they stand
    ],
)
def test_completes_unmarked_stretches(speller: Speller, typed: str, expected: str) -> None:
    assert speller.repair(typed, marked=True) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("trườgn đại học", "trường đại học"),  # swapped
        ("nộp họpc phí", "nộp học phí"),  # two keys at once
        ("ngàhn Kế toán", "ngành Kế toán"),
        ("đăng kí học phn", "đăng kí học phần"),
        ("chuyn ngành", "chuyên ngành"),  # dropped
        ("điểmm chuẩn", "điểm chuẩn"),  # doubled
        ("nghành Kế toán", "ngành Kế toán"),
        ("ngành Kế toán ìg", "ngành Kế toán gì"),
        ("Trươnff đại học", "Trươnff đại học"),  # two slips are a guess too many
    ],
)
def test_mends_slips_in_marked_text(speller: Speller, typed: str, expected: str) -> None:
    assert speller.repair(typed, marked=True) == expected


def test_mends_slips_in_unmarked_text(speller: Speller) -> None:
    assert speller.repair("hoc phhi nganh ke toan", marked=False) == "học phí ngành kế toán"


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "how can I reset my password",
        "that sounds good",
        "K65 A00 D01 office365 IELTS 6.5 JLPT N3",
        "hocphi@uni.edu.vn",
        "https://uni.edu.vn/thi/lich?ma=hoc",
        "ktdkvtdh PTIT HUST",
        "",
        "?!",
    ],
)
def test_leaves_english_codes_and_addresses(speller: Speller, text: str, marked: bool) -> None:
    assert speller.repair(text, marked=marked) == text


def test_positions_survive_letters_that_grow_in_lower_case(speller: Speller) -> None:
    assert speller.repair("İ hoc phi", marked=False) == "İ hoc phi"
