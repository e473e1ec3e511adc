import pytest

from service.text.diacritics import fold, has_marks
from service.text.normalise import normalise


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("hoà thuý khoẻ uỷ", "hòa thúy khỏe ủy"),
        ("HOÀ Thuý KHOẺ", "HÒA Thúy KHỎE"),
        ("hoàn quý giá của huỳnh quốc", "hoàn quý giá của huỳnh quốc"),
        ("hòan qúy gía cuả tóan lọai qủa", "hoàn quý giá của toán loại quả"),
        ("đuợc truờng NGUỜI", "được trường NGƯỜI"),
        ("gì gìn giếng giết khuỷu thuở", "gì gìn giếng giết khuỷu thuở"),
        ("Noël café naïve", "Noël café naïve"),
        ("Ðại ho\u0323c ðiểm", "Đại học điểm"),
        ("tie\u0302\u0301ng tie\u0301\u0302ng tiê\u0301ng", "tiếng tiếng tiếng"),
        ("nu\u031b\u0303a nu\u0303\u031ba", "nữa nữa"),
        ("ho\u0323\u0323c", "học"),
        ("\u0301 hoc \u0323", "hoc"),
        ("ｈọｃ\u3000ｐｈí？", "học phí?"),
        ("½ m² ①", "½ m² ①"),
        ("a\u200bb\u202ec\ufeff\x00d\u00ade", "abcde"),
        ("  học \t\r\n phí\u00a0 ", "học phí"),
        ("ok \ud800", "ok"),
        ("\u200b \t", ""),
    ],
)
def test_normalise(typed: str, expected: str) -> None:
    assert normalise(typed) == expected


def test_fold_strips_marks_and_stroke_only() -> None:
    assert fold("Đường ƯỢNG đại học 한국 K65") == "Duong UONG dai hoc 한국 K65"


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("hoc phi", False),
        ("học", True),
        ("đ", True),
        ("Ư", True),
        ("e\u0301", True),
        ("ß ½ €", False),
    ],
)
def test_has_marks(text: str, marked: bool) -> None:
    assert has_marks(text) is marked
