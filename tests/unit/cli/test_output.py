import json

import pytest

from service.cli import output
from service.domain import Progress


def test_a_pipe_gets_the_beginning_and_the_end_of_each_stage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with output.progress() as show:
        for done in range(0, 101, 50):
            show(Progress("encode", done, 100))
            show(Progress("write", done, 100))
        show(Progress("check", 5, 0))
    assert capsys.readouterr().err.splitlines() == [
        "encode: 0 of 100",
        "write: 0 of 100",
        "encode: 100 of 100",
        "write: 100 of 100",
        "check: 5",
    ]


def test_a_pipe_sees_that_a_long_stage_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    show = output.PlainProgress(every_s=0)
    for done in range(3):
        show(Progress("encode", done, 0))
    assert capsys.readouterr().err.splitlines() == ["encode: 0", "encode: 1", "encode: 2"]


def test_tables_in_a_pipe_are_tab_separated(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_table(("a", "b"), [("[red]x", 1), ("y", 2)])
    assert capsys.readouterr().out.splitlines() == ["a\tb", "[red]x\t1", "y\t2"]


def test_json_keeps_vietnamese_and_long_lines(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"answer": "Học phí [1] " + "rất dài " * 50, "n": [1, 2]}
    output.print_json(value)
    printed = capsys.readouterr().out
    assert json.loads(printed) == value
    assert "Học phí" in printed


def test_text_is_never_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    output.say("[bold]đậm[/bold] [/]")
    output.fail("[red]đỏ[/]")
    captured = capsys.readouterr()
    assert captured.out == "[bold]đậm[/bold] [/]\n"
    assert captured.err == "Error: [red]đỏ[/]\n"
