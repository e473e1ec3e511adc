from datetime import date, datetime

import pytest

from service.faq.cells import (
    alternates_cells,
    alternates_of,
    date_of,
    guard,
    tags_cell,
    tags_of,
    text_of,
    unguard,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\nb", ["a", "b"]),
        ("a ;\n b;\n\n", ["a", "b"]),
        ("a;\nb;", ["a", "b"]),
        ("a;", ["a;"]),
        ("a | b|c", ["a", "b", "c"]),
        ("a; b, c", ["a; b, c"]),
        ('["a|b", "c"]', ["a|b", "c"]),
        ("[a] là gì", ["[a] là gì"]),
        (["a\nb", "c"], ["a\nb", "c"]),
        ("", []),
        (None, []),
        (12, ["12"]),
    ],
)
def test_alternates(value: object, expected: list[str]) -> None:
    assert alternates_of(value) == expected


def test_tags() -> None:
    assert tags_of("Học phí, Tân sinh viên; K66|a\nb") == [
        "Học phí",
        "Tân sinh viên",
        "K66",
        "a",
        "b",
    ]
    assert tags_cell(["Học phí", "K66"]) == "Học phí, K66"
    assert tags_of(tags_cell(["a, b", "c"])) == ["a, b", "c"]


def test_alternates_that_do_not_fit_one_cell_take_several() -> None:
    alternates = [f"{number} " + "a" * 490 for number in range(200)]
    cells = alternates_cells(alternates)
    assert len(cells) > 5
    assert max(map(len, cells)) < 32_767
    assert [part for cell in cells for part in alternates_of(cell)] == alternates
    assert alternates_cells([]) == [""]


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@a", "\ta", "\ra", "'=1", "''-"])
def test_formulas_are_guarded(cell: str) -> None:
    assert guard(cell).startswith("'")
    assert unguard(guard(cell)) == cell


@pytest.mark.parametrize("cell", ["a=1", "'a", "", "1-2"])
def test_other_cells_stay(cell: str) -> None:
    assert guard(cell) == unguard(cell) == cell


@pytest.mark.parametrize(
    "value",
    [
        "31/08/2026",
        "31-8-2026",
        " 31.08.2026 ",
        "2026-08-31",
        "2026-08-31T00:00:00",
        date(2026, 8, 31),
        datetime(2026, 8, 31, 9, 30),
    ],
)
def test_dates(value: object) -> None:
    assert date_of(value) == date(2026, 8, 31)


def test_no_date() -> None:
    assert date_of("") is None
    assert date_of(None) is None


@pytest.mark.parametrize("value", ["31/02/2026", "08/31/2026", "hôm nay", 46265, "2026", True])
def test_bad_dates_say_so(value: object) -> None:
    with pytest.raises(ValueError, match=r"date|calendar|text"):
        date_of(value)


def test_numbers_are_texts() -> None:
    assert [text_of(value) for value in (7, 7.0, 7.5, "007", None)] == ["7", "7", "7.5", "007", ""]
    for value in (True, {"a": 1}, ["a"]):
        with pytest.raises(ValueError, match="must be text"):
            text_of(value)
