import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.channels.plain import plain_text, split_text


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("Mở cửa **7:30** đến _21:00_.", "Mở cửa 7:30 đến 21:00."),
        ("# Học phí\n\nNộp trước 15/9.", "Học phí\n\nNộp trước 15/9."),
        ("dòng một\ndòng hai  \ndòng ba", "dòng một\ndòng hai\ndòng ba"),
        ("- a\n- b\n  - c\n\nhết", "- a\n- b\n  - c\n\nhết"),
        ("3. ba\n4. bốn", "3. ba\n4. bốn"),
        ("[đơn](https://x.vn/d) và <https://y.vn>", "đơn (https://x.vn/d) và https://y.vn"),
        ("[a@x.vn](mailto:a@x.vn)", "a@x.vn"),
        ("| Ngành | Điểm |\n|---|---|\n| CNTT | 25 |\n\nhết", "Ngành | Điểm\nCNTT | 25\n\nhết"),
        ("```\nmã <b>\n```", "mã <b>"),
        ("> trích", "trích"),
        ("![sơ đồ](s.png)", "sơ đồ (s.png)"),
        ("so_tay_sv, <b>đậm</b>", "so_tay_sv, <b>đậm</b>"),
        ("", ""),
    ],
)
def test_markdown_reads_well_without_markup(markdown: str, plain: str) -> None:
    assert plain_text(markdown) == plain


def test_a_short_text_stays_whole() -> None:
    assert split_text(" Chào bạn. ", 20) == ["Chào bạn."]
    assert split_text("  ", 20) == []


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("Câu một. Câu hai dài.", 15, ["Câu một.", "Câu hai dài."]),
        ("Đoạn một.\n\nHai. Ba bốn năm.", 20, ["Đoạn một.", "Hai. Ba bốn năm."]),
        ("một hai ba bốn", 8, ["một hai", "ba bốn"]),
        ("x" * 25, 10, ["x" * 10, "x" * 10, "x" * 5]),
        ("Thật à? Ừ! Rồi… xong", 12, ["Thật à? Ừ!", "Rồi… xong"]),
        ("Vừa khít nhé. Còn", 13, ["Vừa khít nhé.", "Còn"]),
    ],
)
def test_long_texts_are_cut_where_it_hurts_least(text: str, limit: int, parts: list[str]) -> None:
    assert split_text(text, limit) == parts


@given(st.text(alphabet="aệ .!?\n", max_size=300), st.integers(min_value=1, max_value=40))
def test_no_part_is_too_long_and_no_letter_is_lost(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert all(0 < len(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


@given(st.text(max_size=200))
def test_any_text_is_taken_for_markdown(text: str) -> None:
    assert isinstance(plain_text(text), str)
