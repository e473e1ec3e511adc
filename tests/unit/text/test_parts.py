import pytest

from service.text.parts import parts_of


@pytest.mark.parametrize(
    ("message", "parts"),
    [
        ("Học phí bao nhiêu? Đóng ở đâu ạ?", ["Học phí bao nhiêu", "Đóng ở đâu ạ"]),
        ("em mất thẻ rồi\nlàm lại ở đâu", ["em mất thẻ rồi", "làm lại ở đâu"]),
        ("đăng ký ktx ở đâu và hết bao nhiêu", ["đăng ký ktx ở đâu", "hết bao nhiêu"]),
        ("hoc phi bn, dong o dau", ["hoc phi bn", "dong o dau"]),
        ("hoc phi bn, voi lai han nop", ["hoc phi bn", "han nop"]),
        ("NGOÀI RA lịch thi ở đâu. học phí?", ["lịch thi ở đâu", "học phí"]),
        ("Em học ngành luật. Học phí 15.000.000 à", ["Em học ngành luật", "Học phí 15.000.000 à"]),
        ("lệ phí bao nhiêu... nộp ở đâu…", ["lệ phí bao nhiêu", "nộp ở đâu"]),
    ],
)
def test_a_message_falls_apart_where_people_put_things_side_by_side(
    message: str, parts: list[str]
) -> None:
    assert parts_of(message) == parts


@pytest.mark.parametrize(
    "message",
    [
        "",
        "học phí bao nhiêu?",
        "học phí? ạ!",
        "wifi 2.4 ghz",
        "vay vốn",
        "?!. \n ;",
        "số ca mắc và khỏi ở Huế là bao nhiêu",
        "em bị ốm, xin hoãn thi thế nào",
    ],
)
def test_one_question_stays_whole(message: str) -> None:
    assert parts_of(message) == []
