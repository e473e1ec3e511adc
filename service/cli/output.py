"""What the command line prints: plain text to a pipe, colour and bars to a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:  # domain pulls in numpy, which `vifaq --help` does not need
    from service.domain import Progress
    from service.ports import OnProgress

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """One line of result."""
    typer.echo(text)


def note(text: str) -> None:
    """One line about what happens, kept apart from results: it goes to stderr."""
    err.print(escape(text), style="dim")


def fail(text: str) -> None:
    """An error as one block."""
    err.print(f"[bold red]Error:[/] {escape(text)}")


def print_json(value: object) -> None:
    """JSON for programs; Vietnamese stays readable."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A table on a terminal; tab-separated lines to a pipe."""
    if not out.is_terminal:
        for row in (tuple(columns), *rows):
            typer.echo("\t".join(map(str, row)))
        return
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    out.print(table)


@contextmanager
def progress() -> Iterator[OnProgress]:
    """Shows a long task: a bar with the time left on a terminal, else a plain line now and then."""
    if not err.is_terminal:
        yield PlainProgress()
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=err) as bars:
        tasks = {}

        def show(now: Progress) -> None:
            if now.stage not in tasks:
                tasks[now.stage] = bars.add_task(now.stage, total=None)
            bars.update(tasks[now.stage], completed=now.done, total=now.total or None)

        yield show


class PlainProgress:
    """A line when a stage begins, when it is done, and every few seconds in between."""

    def __init__(self, every_s: float = 5.0) -> None:
        self._every_s = every_s
        self._begun: set[str] = set()
        self._done: set[str] = set()
        self._last = monotonic()

    def __call__(self, now: Progress) -> None:
        """Print the line, if it is due."""
        begins = now.stage not in self._begun
        ends = 0 < now.total <= now.done and now.stage not in self._done
        if begins or ends or monotonic() - self._last >= self._every_s:
            self._begun.add(now.stage)
            self._done.update([now.stage] if ends else [])
            self._last = monotonic()
            note(f"{now.stage}: {now.done}{f' of {now.total}' if now.total else ''}")
