"""vifaq sets: list, create, words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.output import print_table, say

if TYPE_CHECKING:
    from service.domain import Generation


def show() -> None:
    """List the FAQ sets with the number of FAQs and the live index."""
    from service.cli.start import read_settings
    from service.runtime import open_records

    with open_records(read_settings()) as records:
        rows = [
            (name, records.faqs.count(name), _live(records.generations.live(name)))
            for name in records.faqs.set_names()
        ]
    print_table(("set", "FAQs", "live index"), rows)


def create(name: Annotated[str, typer.Argument(help="Letters, digits, - and _.")]) -> None:
    """Make an empty FAQ set.

    Example: vifaq sets create khoa-luat
    """
    from service.cli.start import read_settings
    from service.runtime import open_records

    with open_records(read_settings()) as records:
        records.faqs.create_set(name)
    say(f"Made the set {name!r}. Fill it: vifaq import FILE --set {name}")


def words(
    name: Annotated[str, typer.Argument(help="The set.")],
    file: Annotated[
        Path | None, typer.Argument(help="Lines of SHORT, a tab, and what it stands for.")
    ] = None,
) -> None:
    """Show a set's own abbreviations and synonyms, or replace them by those of a file.

    They are used from the next `vifaq reindex` on.

    Example: vifaq sets words khoa-luat viet-tat.tsv
    """
    from service.cli.start import read_settings
    from service.runtime import open_records

    with open_records(read_settings()) as records:
        if file is None:
            for short, full in records.faqs.lexicon(name).items():
                say(f"{short}\t{full}")
            return
        entries = _read_words(file)
        records.faqs.set_lexicon(name, entries)
    say(f"Set {name!r} has {len(entries)} abbreviations. Now run: vifaq reindex --set {name}")


def _read_words(file: Path) -> dict[str, str]:
    """The entries of the file. Raises BadFile naming every bad line."""
    from service.errors import BadFile, RowProblem
    from service.text.lexicon import Lexicon

    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"Cannot read {file}: {error}") from error
    pairs = [(n, line.split("\t")) for n, line in enumerate(lines, start=1) if line.strip()]
    wrong = [
        RowProblem(n, None, "write SHORT, one tab, and what it stands for")
        for n, parts in pairs
        if len(parts) != 2
    ]
    if wrong:
        raise BadFile(f"{file} was not taken:", wrong)
    entries = {short.strip(): full.strip() for _, (short, full) in pairs}
    Lexicon.load().with_additions(entries)  # raises BadInput for one that cannot work
    return entries


def _live(generation: Generation | None) -> str:
    return f"generation {generation.number} ({generation.encoder})" if generation else "none"


COMMANDS: dict[str, Callable[..., None]] = {"list": show, "create": create, "words": words}
