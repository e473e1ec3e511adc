"""vifaq import, export, check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.output import note, progress, say

if TYPE_CHECKING:
    from service.faq.check import Finding
    from service.faq.importing import ImportReport

SetName = Annotated[
    str | None, typer.Option("--set", help="FAQ set.  [default: VIFAQ_FAQ_SET, default]")
]


def import_file(
    file: Annotated[
        Path, typer.Argument(help="CSV, XLSX, JSONL, YAML or Rasa file, or a folder of them.")
    ],
    set_name: SetName = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Also remove FAQs that the file does not have.")
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Import the good rows although others are bad.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; say what would change.")
    ] = False,
) -> None:
    """Import FAQs, all or nothing; the set is made if it does not exist.

    Every bad row is reported. A running server finds the changes within seconds.

    Example: vifaq import cau-hoi.xlsx --set khoa-luat --dry-run
    """
    from service.cli.start import read_settings
    from service.faq.importing import import_faqs
    from service.runtime import open_records

    settings = read_settings()
    name = set_name or settings.faq_set
    with open_records(settings) as records, progress() as on_progress:
        report = import_faqs(
            records.faqs,
            name,
            file,
            actor="cli",
            replace=replace,
            partial=partial,
            dry_run=dry_run,
            on_progress=on_progress,
        )
        has_index = not dry_run and records.generations.live(name) is not None
    _report(report, name, dry_run, partial)
    if not dry_run and not has_index:
        note(f"Set {name!r} has no index yet. Run `vifaq reindex --set {name}`.")


def export(
    file: Annotated[Path, typer.Argument(help="Ends in .csv, .xlsx, .jsonl or .yaml.")],
    set_name: SetName = None,
) -> None:
    """Write a set to a file that imports as the same FAQs again.

    Example: vifaq export faqs.xlsx
    """
    from service.cli.start import read_settings
    from service.faq.export import export_faqs
    from service.runtime import open_records

    settings = read_settings()
    with open_records(settings) as records:
        count = export_faqs(records.faqs.iterate(set_name or settings.faq_set), file)
    say(f"Wrote {count} FAQs to {file}.")


def check(set_name: SetName = None) -> None:
    """Look for duplicates, contradictions, and alternates nearer to another FAQ.

    Exits with 1 when there is something to mend.

    Example: vifaq check --set khoa-luat
    """
    from service.cli.start import read_settings
    from service.faq.check import check_faqs
    from service.models.factory import open_encoder
    from service.runtime import open_records, open_text_paths, text_path_of

    settings = read_settings()
    name = set_name or settings.faq_set
    with open_records(settings) as records:
        faqs = list(records.faqs.iterate(name))
        own = records.faqs.lexicon(name)
    text = text_path_of(faqs, open_text_paths(), own)
    findings = check_faqs(faqs, prepare=text.prepare_all, encoder=open_encoder(settings))
    for finding in findings:
        _print_finding(finding)
    say(f"Set {name!r}: {len(faqs)} FAQs, {len(findings)} findings.")
    if findings:
        raise typer.Exit(1)


def _print_finding(finding: Finding) -> None:
    other = f" / {finding.other_id}: {finding.other_text}" if finding.other_id else ""
    cosine = f" (similarity {finding.similarity:.2f})" if finding.similarity is not None else ""
    say(f"{finding.kind}: {finding.faq_id}: {finding.text}{other}{cosine}")
    say(f"  → {finding.advice}")


def _report(report: ImportReport, name: str, dry_run: bool, partial: bool) -> None:
    for what in report.ignored:
        note(f"Ignored: {what}")
    for problem in report.problems:
        note(f"Left out: {problem}")
    if report.problems and not partial:
        note("With these problems nothing would be imported. With --partial:")
    would = "would be " if dry_run else ""
    say(
        f"Set {name!r}: {report.added} {would}added, {report.changed} {would}changed, "
        f"{report.removed} {would}removed, {report.unchanged} unchanged."
    )
