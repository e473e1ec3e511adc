"""Imports a file into an FAQ set: all of it or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from service.domain import ChangeKind, Progress
from service.errors import BadFile, BadInput, NotFound, RowProblem
from service.faq.drafts import Ignored
from service.faq.edit import kinds_of_change
from service.faq.parse import parse
from service.faq.repository import FaqRepository
from service.faq.spool import Spool
from service.ports import OnProgress

BATCH = 500


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do. `unchanged` counts FAQs of the file only."""

    added: int
    changed: int
    removed: int
    unchanged: int
    problems: tuple[RowProblem, ...] = ()  # of rows left out, in file order
    ignored: tuple[str, ...] = ()  # columns, keys, sheets and files that mean nothing here


def import_faqs(
    repository: FaqRepository,
    set_name: str,
    source: Path,
    *,
    actor: str,
    replace: bool = False,
    partial: bool = False,
    dry_run: bool = False,
    on_progress: OnProgress | None = None,
) -> ImportReport:
    """Add and change the FAQs of a file or folder, in one transaction; the set is made if need be.

    replace: remove FAQs that the file does not have (otherwise they stay).
    partial: store the good rows although others have problems.
    dry_run: change nothing, report what would happen; problems are in the report.

    Raises BadFile with every problem of every row; then nothing has been stored.
    """
    if replace and partial:
        raise BadInput(
            "replace and partial exclude each other: FAQs of rows with problems would be removed. "
            "Mend the rows, or import without one of the two."
        )
    progress = on_progress or _silent
    with Spool() as spool:
        problems, ignored = _read(source, spool, progress)
        if problems and not (partial or dry_run):
            raise BadFile(f"{source.name}: nothing was imported, {_count(problems)}.", problems)
        if not len(spool) and not (problems and dry_run):
            raise BadFile(f"{source.name} has no FAQ that could be imported.", problems)
        run = _compare if dry_run else _store
        counts, removed = run(repository, set_name, spool, actor, replace, progress)
        added, changed = counts[ChangeKind.ADDED], counts[ChangeKind.CHANGED]
        unchanged = len(spool) - added - changed
        return ImportReport(added, changed, removed, unchanged, tuple(problems), tuple(ignored))


def _silent(_progress: Progress) -> None:
    return


def _count(problems: Sequence[RowProblem]) -> str:
    rows = len({(problem.source, problem.row) for problem in problems})
    return f"{len(problems)} problem(s) in {rows} row(s)"


def _read(source: Path, spool: Spool, progress: OnProgress) -> tuple[list[RowProblem], list[str]]:
    problems: list[RowProblem] = []
    ignored: dict[str, None] = {}
    rows = 0
    for item in parse(source):
        if isinstance(item, Ignored):
            ignored[item.what] = None
            continue
        rows += 1
        found = list(item.problems)
        if not found and (repeated := spool.add(item)):
            found = [repeated]
        problems.extend(found)
        if rows % BATCH == 0:
            progress(Progress("read", rows, 0))
    progress(Progress("read", rows, rows))
    return problems, list(ignored)


Outcome = tuple[Counter[ChangeKind], int]  # how many of each kind, how many removed


def _store(
    repository: FaqRepository,
    set_name: str,
    spool: Spool,
    actor: str,
    replace: bool,
    progress: OnProgress,
) -> Outcome:
    repository.ensure_set(set_name)
    counts: Counter[ChangeKind] = Counter()
    removed = done = 0
    with repository.editing(set_name, actor) as edit:
        for batch in spool.batches(BATCH):
            counts.update(edit.put(batch).values())
            done += len(batch)
            progress(Progress("store", done, len(spool)))
        for ids in edit.pages_of_ids() if replace else ():
            removed += edit.remove(spool.missing(ids))
    return counts, removed


def _compare(
    repository: FaqRepository,
    set_name: str,
    spool: Spool,
    _actor: str,
    replace: bool,
    progress: OnProgress,
) -> Outcome:
    counts: Counter[ChangeKind] = Counter()
    done = 0
    for batch in spool.batches(BATCH):
        before = repository.get_many(set_name, [faq.id for faq in batch])
        counts.update(kinds_of_change(batch, before).values())
        done += len(batch)
        progress(Progress("compare", done, len(spool)))
    stored = _stored_ids(repository, set_name) if replace else iter(())
    return counts, sum(len(spool.missing([faq_id])) for faq_id in stored)


def _stored_ids(repository: FaqRepository, set_name: str) -> Iterator[str]:
    try:
        for faq in repository.iterate(set_name):
            yield faq.id
    except NotFound:
        return  # a set that the import would make
