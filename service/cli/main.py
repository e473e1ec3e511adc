"""The `vifaq` command: the table of its commands, and how errors become exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import typer

from service.cli import (
    ask,
    channels,
    database,
    evaluate,
    faqs,
    feedback,
    index,
    keys,
    models,
    serve,
    sets,
    train,
)
from service.cli.output import fail
from service.errors import BadInput, NotFound, NotReady, StoreLocked, VifaqError

_HELP = "Answers Vietnamese questions from a set of FAQs. Settings: VIFAQ_* variables, or .env."
_EPILOG = (
    "Exit codes: 0 done; 1 failed; 2 wrong usage or input; "
    "3 not ready (no usable index, or another process owns it)."
)


def _group(help_text: str) -> typer.Typer:
    return typer.Typer(no_args_is_help=True, help=help_text)


def _build() -> typer.Typer:
    app = typer.Typer(
        name="vifaq",
        no_args_is_help=True,
        help=_HELP,
        epilog=_EPILOG,
        pretty_exceptions_enable=False,
    )
    app.command("serve")(serve.serve)
    app.command("ask")(ask.ask)
    app.command("import")(faqs.import_file)
    app.command("export")(faqs.export)
    app.command("check")(faqs.check)
    app.command("reindex")(index.reindex)
    app.command("eval")(evaluate.evaluate)
    app.command("worker")(channels.worker)
    app.command("forget")(channels.forget)
    groups: tuple[tuple[str, str, Mapping[str, Callable[..., None]]], ...] = (
        ("index", "Look at a set's index, or go back to the one before.", index.COMMANDS),
        ("sets", "FAQ sets: one per faculty or tenant, each with an index.", sets.COMMANDS),
        ("keys", "API keys.", keys.COMMANDS),
        ("models", "Encoders and rerankers.", models.COMMANDS),
        ("train", "Encoders and rerankers from labelled data.", train.COMMANDS),
        ("feedback", "What people said about answers.", feedback.COMMANDS),
        ("channels", "Messenger and Zalo accounts.", channels.CHANNELS),
        ("outbox", "Messages that were not delivered.", channels.OUTBOX),
        ("db", "The FAQ database.", database.COMMANDS),
    )
    for name, help_text, commands in groups:
        group = _group(help_text)
        for command_name, command in commands.items():
            group.command(command_name)(command)
        app.add_typer(group, name=name)
    return app


app = _build()


def exit_code(error: VifaqError) -> int:
    """See the epilog of `vifaq --help`."""
    if isinstance(error, BadInput | NotFound):
        return 2
    return 3 if isinstance(error, NotReady | StoreLocked) else 1


def main() -> None:
    """Entry point of the console command."""
    try:
        app()
    except VifaqError as error:
        fail(str(error))
        sys.exit(exit_code(error))
