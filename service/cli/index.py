"""vifaq reindex, vifaq index: status, rollback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.output import note, print_json, print_table, progress, say

if TYPE_CHECKING:
    from service.domain import Generation

SetName = Annotated[
    str | None, typer.Option("--set", help="FAQ set.  [default: VIFAQ_FAQ_SET, default]")
]
Server = Annotated[
    str | None,
    typer.Option(help="Let this running server do it; the key is VIFAQ_API_KEY."),
]


_NAMES_SHOWN = 8


class Adapt(StrEnum):
    """Whether the encoder learns the set."""

    auto = "auto"
    on = "on"
    off = "off"


def reindex(
    set_name: SetName = None,
    adapt: Annotated[
        Adapt, typer.Option(help="Teach the encoder this set; auto: if that answers better.")
    ] = Adapt.auto,
    if_needed: Annotated[
        bool,
        typer.Option("--if-needed", help="Do nothing when this version can use the live index."),
    ] = False,
    server: Server = None,
) -> None:
    """Build a set's index anew beside the live one, check it, and switch.

    Questions are answered from the old index meanwhile; edits made meanwhile are in the new one.
    Stopped at any moment, the old index goes on and the next run cleans up.

    Example: vifaq reindex --server http://127.0.0.1:8000
    """
    from service.cli.start import read_settings

    name = set_name or read_settings().faq_set
    with progress() as on_progress:
        if server:
            from service.cli.remote import RemoteServer

            with RemoteServer(server) as remote:
                done = remote.reindex(name, adapt.value, on_progress)
                number, rows = done["generation"], done["row_count"]
        else:
            from service.runtime import open_runtime

            with open_runtime(read_settings(), background=False) as runtime:
                if if_needed and not runtime.needs_reindex(name):
                    note(f"Set {name!r} has a usable index.")
                    return
                built = runtime.reindex(name, adapt=adapt.value, on_progress=on_progress)
                number, rows = built.number, built.row_count
    say(f"Set {name!r}: generation {number} is live, {rows} texts.")


def status(
    set_name: SetName = None,
    as_json: Annotated[bool, typer.Option("--json", help="With the full reports.")] = False,
) -> None:
    """Show a set's index generations and what their builds reported."""
    from service.cli.start import read_settings
    from service.domain import GenerationStatus
    from service.runtime import open_records

    settings = read_settings()
    name = set_name or settings.faq_set
    with open_records(settings) as records:
        pending = records.faqs.last_seq(name)
        generations = records.generations.all(name)
    if as_json:
        print_json([generation_json(generation) for generation in generations])
        return
    if not generations:
        note(f"Set {name!r} has no index yet. Run `vifaq reindex --set {name}`.")
        return
    print_table(
        ("generation", "status", "encoder", "texts", "built", "edits not in it"),
        (
            (g.number, g.status, g.encoder, g.row_count, _minute(g), pending - g.applied_seq)
            for g in generations
        ),
    )
    for generation in generations:
        if generation.status is GenerationStatus.LIVE:
            for line in _name_lines(generation.report.get("names")):
                note(line)
            for line in _learned_lines(generation.report.get("learned")):
                note(line)
            for line in _policy_lines(generation.report.get("calibration")):
                note(line)


def _name_lines(names: Any) -> Iterator[str]:
    """What it takes short forms of the set's own names for."""
    if not names:
        return
    shown = [f"{short} = {name}" for short, name in islice(names.items(), _NAMES_SHOWN)]
    more = len(names) - len(shown)
    yield f"Short forms it read off the questions: {', '.join(shown)}" + (
        f" and {more} more." if more else "."
    )


def _learned_lines(learned: Any) -> Iterator[str]:
    """Whether the live index's encoder learned the set, and what showed that it pays."""
    if not learned:
        return
    did = "learned" if learned["adapted"] else "did not learn"
    yield f"The encoder {did} this set: {learned['reason']}."
    for typing, figures in learned.get("figures", {}).items():
        before, after = figures["before"], figures["after"]
        yield (
            f"  {learned['held_out']} held-out questions, {typing}: the right FAQ first for "
            f"{before['recall@1']:.1%} before, {after['recall@1']:.1%} after."
        )
    for what, questions in learned.get("examples", {}).items():
        yield from (f"  {what}: {question}" for question in questions)


def _policy_lines(calibration: Any) -> Iterator[str]:
    """What the live index answers and suggests, in the user's terms."""
    from service.runtime.confidence import is_current

    if calibration is None or not is_current(calibration):
        yield "This version has not calibrated its confidence: run `vifaq reindex`."
        return
    policy, samples, prior = (calibration[key] for key in ("policy", "samples", "prior"))
    target = f"{policy['target_precision']:.0%}"
    if policy["expected_precision"] is None:
        yield f"Only suggests: at no confidence {target} of the answers would be right."
    else:
        yield (
            f"Answers from confidence {policy['answer_at']:.2f}: expects "
            f"{policy['expected_precision']:.1%} right (at least "
            f"{policy['precision_lower_bound']:.1%}; target {target}) and "
            f"{policy['expected_coverage']:.0%} of all questions answered."
        )
    yield f"Suggests from {policy['suggest_at']:.2f}, else hands over."
    counts = ", ".join(f"{count} {kind}" for kind, count in samples.items())
    yield f"Rests on {counts} held-out questions; the shipped prior counts {prior['share']:.0%}."
    yield from (f"Note: {text}." for text in calibration["notes"])


def roll_back(set_name: SetName = None, server: Server = None) -> None:
    """Make the previous generation live again; edits made since are carried over.

    Example: vifaq index rollback --set khoa-luat
    """
    from service.cli.start import read_settings

    name = set_name or read_settings().faq_set
    if server:
        from service.cli.remote import RemoteServer

        with RemoteServer(server) as remote:
            number = remote.roll_back(name)["number"]
    else:
        from service.runtime import open_runtime

        with open_runtime(read_settings(), background=False) as runtime:
            number = runtime.roll_back(name).number
    say(f"Set {name!r}: generation {number} is live again.")


def generation_json(generation: Generation) -> dict[str, object]:
    """A generation for programs."""
    return {
        "set": generation.set_name,
        "generation": generation.number,
        "status": generation.status.value,
        "encoder": generation.encoder,
        "fingerprint": generation.fingerprint,
        "applied_seq": generation.applied_seq,
        "row_count": generation.row_count,
        "created_at": generation.created_at.isoformat(),
        "adapted": generation.has_artefact,
        "report": dict(generation.report),
    }


def _minute(generation: Generation) -> str:
    return f"{generation.created_at.astimezone():%Y-%m-%d %H:%M}"


COMMANDS: dict[str, Callable[..., None]] = {"status": status, "rollback": roll_back}
