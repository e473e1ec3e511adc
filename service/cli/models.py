"""vifaq models: list, pull."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from service.cli.output import note, print_table, say


def show() -> None:
    """List the encoders and rerankers that can be named in VIFAQ_ENCODER and VIFAQ_RERANKER."""
    from service.cli.start import read_settings
    from service.models.factory import list_models

    print_table(
        ("name", "model", "use", "chosen", "here", "licence", "note"),
        (
            (
                info.profile.name,
                info.profile.model,
                info.use,
                "yes" if info.chosen else "-",
                "yes" if info.ready else "-",
                info.profile.licence or "-",
                info.profile.note,
            )
            for info in list_models(read_settings())
        ),
    )


def pull(name: Annotated[str, typer.Argument(help="As `vifaq models list` shows it.")]) -> None:
    """Fetch a model's files, so that later starts need no network.

    Example: vifaq models pull halong_embedding
    """
    from service.cli.start import read_settings
    from service.models.factory import pull_model

    note(f"Fetching {name}…")
    say(str(pull_model(name, read_settings())))


COMMANDS: dict[str, Callable[..., None]] = {"list": show, "pull": pull}
