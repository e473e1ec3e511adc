"""What the README says about settings, commands, files and figures is so."""

import json
import re
import shlex
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from service.cli.main import app
from service.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LONG_TEXTS = {"handover_text", "greeting_text", "agent_text"}


def shown(name: str) -> str:
    """A default as the table has it."""
    default = Settings.model_fields[name].get_default(call_default_factory=True)
    if default is None or name in LONG_TEXTS:
        return ""
    return default if isinstance(default, str) else json.dumps(default, default=str).strip('"')


def test_every_setting_is_in_the_table_with_its_default() -> None:
    table = README.split("## Settings", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) ?\| ", table, re.MULTILINE)
    assert rows == [(name.upper(), shown(name)) for name in Settings.model_fields]


def test_every_variable_that_is_named_exists() -> None:
    known = {f"VIFAQ_{name.upper()}" for name in Settings.model_fields} | {"VIFAQ_API_KEY"}
    assert set(re.findall(r"\bVIFAQ_[A-Z_]+\b", README)) <= known


def commands() -> list[str]:
    return sorted(set(re.findall(r"\bvifaq ([a-z]+(?: [a-z]+)?)", README)))


@pytest.mark.parametrize("words", commands())
def test_every_command_exists(words: str) -> None:
    command = typer.main.get_command(app)
    for word in words.split():
        if isinstance(command, TyperGroup):  # what follows a plain command is its argument
            assert word in command.commands, f"vifaq {words}"
            command = command.commands[word]


def test_every_option_exists() -> None:
    for line in re.findall(r"\bvifaq ((?:[a-z]+ )+[^`\n#|;]*--[a-z][^`\n#|;]*)", README):
        words = shlex.split(line.replace("'", ""))
        command = typer.main.get_command(app)
        while isinstance(command, TyperGroup):
            command = command.commands[words.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        given = {word.strip("().,:").partition("=")[0] for word in words if word.startswith("--")}
        assert given <= known, f"vifaq {line}"


def test_every_file_that_is_linked_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_figures_of_quality_are_those_measured() -> None:
    """The tables are copied, row by row, from what `make quality` wrote."""
    section = README.split("### Quality", 1)[1].split("\n### ", 1)[0].split("\n## ", 1)[0]
    measured = (ROOT / "eval" / "results" / "quality.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in section.splitlines() if line.startswith("|")]
    assert rows
    assert [row for row in rows if row not in measured] == []
