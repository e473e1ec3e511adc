import subprocess
import sys

import pytest
from typer.testing import CliRunner

from service import errors
from service.cli import main as cli

HEAVY = ("torch", "chromadb", "sentence_transformers", "sklearn", "sqlalchemy", "fastapi", "numpy")
COMMANDS = [
    [],
    ["serve"],
    ["ask"],
    ["import"],
    ["export"],
    ["check"],
    ["reindex"],
    ["eval"],
    *(["index", name] for name in ("status", "rollback")),
    *(["sets", name] for name in ("list", "create", "words")),
    *(["keys", name] for name in ("create", "list", "revoke")),
    *(["models", name] for name in ("list", "pull")),
    *(["feedback", name] for name in ("list", "accept", "reject")),
    ["db", "upgrade"],
]


def test_the_command_line_loads_nothing_heavy_until_a_command_runs() -> None:
    code = f"import sys, service.cli.main; print(sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "vifaq")
def test_every_command_explains_itself(command: list[str]) -> None:
    shown = CliRunner().invoke(cli.app, [*command, "--help"])
    assert shown.exit_code == 0, shown.output
    assert "Usage:" in shown.output


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.BadInput("x"), 2),
        (errors.BadFile("x"), 2),
        (errors.BadSetting("x"), 2),
        (errors.NotFound("x"), 2),
        (errors.NotReady("x"), 3),
        (errors.StoreLocked("x"), 3),
        (errors.Conflict("x"), 1),
        (errors.ModelUnavailable("x"), 1),
        (errors.IndexBroken("x"), 1),
    ],
)
def test_errors_become_one_block_and_an_exit_code(
    error: errors.VifaqError,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert stopped.value.code == code
    assert capsys.readouterr().err == "Error: x\n"


def test_wrong_usage_is_2() -> None:
    assert CliRunner().invoke(cli.app, ["ask"]).exit_code == 2
    assert CliRunner().invoke(cli.app, ["reindex", "--adapt", "maybe"]).exit_code == 2
