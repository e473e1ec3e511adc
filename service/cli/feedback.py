"""vifaq feedback: list, accept, reject."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from service.cli.output import print_table, say

_Id = Annotated[int, typer.Argument(help="As `vifaq feedback list` shows it.")]


def show(
    set_name: Annotated[str | None, typer.Option("--set", help="FAQ set.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what has been reviewed.")] = False,
    limit: Annotated[int, typer.Option(min=1)] = 50,
) -> None:
    """List feedback that waits for review, newest first."""
    from service.analytics.feedback import ReviewStatus
    from service.cli.start import read_settings
    from service.runtime import open_records

    settings = read_settings()
    wanted = None if everything else ReviewStatus.PENDING
    with open_records(settings) as records:
        name = set_name or settings.faq_set
        items = records.feedback.list(name, status=wanted, limit=limit)
    print_table(
        ("id", "helpful", "question", "answered", "chosen", "status"),
        (
            (
                item.id,
                "yes" if item.helpful else "no",
                item.question,
                item.answered_faq_id or "-",
                item.chosen_faq_id or "-",
                item.status,
            )
            for item in items
        ),
    )


def accept(
    feedback_id: _Id,
    faq: Annotated[str | None, typer.Option(help="FAQ to attach it to, if not the pick.")] = None,
) -> None:
    """Make the question an alternate of the FAQ it was about.

    Example: vifaq feedback accept 17 --faq hoc-phi-01
    """
    from service.cli.start import read_settings
    from service.runtime import open_records

    with open_records(read_settings()) as records:
        stored = records.accept_feedback(feedback_id, faq, actor="cli")
    say(f"FAQ {stored.id!r} has {len(stored.alternates)} alternates now.")


def reject(feedback_id: _Id) -> None:
    """Set a feedback aside."""
    from service.cli.start import read_settings
    from service.runtime import open_records

    with open_records(read_settings()) as records:
        records.feedback.reject(feedback_id)
    say(f"Feedback {feedback_id} is set aside.")


COMMANDS: dict[str, Callable[..., None]] = {"list": show, "accept": accept, "reject": reject}
