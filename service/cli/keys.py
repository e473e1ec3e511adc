"""vifaq keys: create, list, revoke."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer

from service.cli.output import note, print_table, say


def create(
    name: Annotated[str, typer.Argument(help="Who will use it, for the list.")],
    scope: Annotated[
        list[str], typer.Option(help="ask (questions and feedback) or admin (everything).")
    ] = ["ask"],  # noqa: B006  Typer reads it and never changes it
) -> None:
    """Make a key and show it, once: only a hash of it is stored.

    Example: vifaq keys create "help desk" --scope admin
    """
    from service.cli.start import read_settings
    from service.runtime import open_records

    with open_records(read_settings()) as records:
        key, stored = records.keys.create(name, scope)
    note(f"Key {stored.prefix}… for {stored.name!r} ({', '.join(stored.scopes)}):")
    say(key)


def show() -> None:
    """List all keys by their visible prefix, revoked ones too."""
    from service.cli.start import read_settings
    from service.runtime import open_records

    with open_records(read_settings()) as records:
        keys = records.keys.list()
    print_table(
        ("prefix", "name", "scopes", "created", "revoked"),
        (
            (k.prefix, k.name, " ".join(k.scopes), f"{k.created_at:%Y-%m-%d}", _day(k.revoked_at))
            for k in keys
        ),
    )


def revoke(prefix: Annotated[str, typer.Argument(help="As `vifaq keys list` shows it.")]) -> None:
    """Stop a key from working; a running server refuses it within two seconds."""
    from service.cli.start import read_settings
    from service.runtime import open_records

    with open_records(read_settings()) as records:
        key = records.keys.revoke(prefix)
    say(f"Revoked {key.prefix}… ({key.name}).")


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "-"


COMMANDS: dict[str, Callable[..., None]] = {"create": create, "list": show, "revoke": revoke}
