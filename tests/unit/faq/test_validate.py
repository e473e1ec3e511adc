from dataclasses import replace
from datetime import date

import pytest

from service.domain import Faq
from service.errors import BadInput
from service.faq.validate import clean_faq, clean_set_name, examine_faq

GOOD = Faq("hoc-phi.01_a", "Học phí?", "Xem thông báo.")


def complaints(**changes: object) -> list[tuple[str, str]]:
    return examine_faq(replace(GOOD, **changes))[1]  # type: ignore[arg-type]


def test_texts_are_tidied() -> None:
    messy = Faq(
        " a ",
        "\ufeffHo\u0323c phi\u0301? ",
        "một\r\nhai\n",
        ("cách  hỏi", "học phí?", "cách  hỏi ", "Học phí?"),
        ("Nhãn", "Nhãn "),
    )
    assert clean_faq(messy) == Faq(
        "a", "Học phí?", "một\nhai", ("cách  hỏi", "học phí?"), ("Nhãn",)
    )


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"id": ""}, "id", "empty"),
        ({"id": "a" * 129}, "id", "129"),
        ({"id": "học-phí"}, "id", "học-phí"),
        ({"id": ".."}, "id", "'..'"),
        ({"question": " \n"}, "question", "empty"),
        ({"question": "hp"}, "question", "too short"),
        ({"question": "a" * 501}, "question", "501"),
        ({"question": "12345?"}, "question", "no letter"),
        ({"question": "có \x00 số không"}, "question", r"U\+0000 at 4"),
        ({"answer": ""}, "answer", "empty"),
        ({"answer": "a" * 20_001}, "answer", "20001"),
        ({"answer": "a\ud800"}, "answer", r"U\+D800"),
        ({"alternates": ("được không", "hp")}, "alternates", "number 2 'hp' is too short"),
        ({"alternates": ("được", "")}, "alternates", "number 2 is empty"),
        ({"alternates": tuple(f"câu {n}" for n in range(201))}, "alternates", "201"),
        ({"tags": tuple(map(str, range(33)))}, "tags", "33"),
        ({"tags": ("a" * 65,)}, "tags", "65"),
        ({"tags": ("a", "")}, "tags", "empty tag"),
        (
            {"valid_from": date(2026, 2, 1), "valid_to": date(2026, 1, 31)},
            "valid_to",
            "2026-01-31 lies before",
        ),
    ],
)
def test_each_rule(changes: dict[str, object], field: str, reason: str) -> None:
    ((found_field, found_reason),) = complaints(**changes)
    assert found_field == field
    with pytest.raises(BadInput, match=reason):
        raise BadInput(found_reason)


def test_the_limits_themselves_are_allowed() -> None:
    assert (
        complaints(
            id="a" * 128,
            question="abc",
            answer="a" * 20_000,
            alternates=(*(f"câu {n}" for n in range(199)), "a" * 500),
            tags=(*map(str, range(31)), "a" * 64),
            valid_from=date(2026, 1, 1),
            valid_to=date(2026, 1, 1),
        )
        == []
    )


def test_all_problems_come_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        clean_faq(Faq("!", "?", ""))
    assert [line.split(":")[0] for line in str(caught.value).split("\n")[1:]] == [
        "id",
        "question",
        "answer",
    ]


@pytest.mark.parametrize("name", ["", "Khoa A", "../x", "-a", "a" * 65, "khoa-cntt\n"])
def test_bad_set_names(name: str) -> None:
    with pytest.raises(BadInput, match="cannot name"):
        clean_set_name(name)


def test_good_set_names() -> None:
    assert [clean_set_name(name) for name in ("default", "K66.cntt_1", "a" * 64)]
