import pytest

from service.channels.understand import chosen_number, wants_agent, wants_assistant


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2),
        (" 2. ", 2),
        ("(2)", 2),
        ("số 2", 2),
        ("so 2", 2),
        ("câu 2 ạ", 2),
        ("Em chọn câu số 3 nhé", 3),
        ("số hai", 2),
        ("ý thứ 1", 1),
        ("12", 12),
    ],
)
def test_a_number_is_understood(text: str, number: int) -> None:
    assert chosen_number(text) == number


@pytest.mark.parametrize(
    "text",
    ["2 tín chỉ", "số 2 Lê Lợi", "2026", "năm 2 học gì", "", "câu", "1, 2 hoặc 3", "hai môn"],
)
def test_a_question_with_a_number_in_it_is_a_question(text: str) -> None:
    assert chosen_number(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "gặp nhân viên",
        "Gặp tư vấn viên",
        "GAP NHAN VIEN!!!",
        "cho em gặp nhân viên tư vấn với ạ",
        "em muốn nói chuyện với người thật",
        "mình cần gặp cán bộ hỗ trợ ạ",
    ],
)
def test_the_wish_for_a_person(text: str) -> None:
    assert wants_agent(text)


@pytest.mark.parametrize(
    "text",
    [
        "nhân viên",
        "muốn gặp nhân viên phòng đào tạo thì lên tầng mấy",
        "làm sao để gặp tư vấn viên tâm lý",
        "nhân viên thư viện làm việc lúc nào",
        "gặp trợ lý",
    ],
)
def test_a_question_about_people_is_a_question(text: str) -> None:
    assert not wants_agent(text)


def test_back_to_the_assistant() -> None:
    assert wants_assistant("Gặp trợ lý ạ")
    assert not wants_assistant("trợ lý giảng viên là gì")
