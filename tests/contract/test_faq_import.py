import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from service.domain import ChangeKind, Faq, Progress
from service.errors import BadFile, BadInput
from service.faq.importing import ImportReport, import_faqs
from service.faq.repository import FaqRepository


@pytest.fixture
def repository(engine: Engine) -> FaqRepository:
    return FaqRepository(engine)


def lines(folder: Path, *records: dict[str, object], name: str = "faqs.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def record(faq_id: str, answer: str = "Trả lời.") -> dict[str, object]:
    return {"id": faq_id, "question": f"Câu hỏi {faq_id}?", "answer": answer}


def test_what_is_new_changed_and_the_same(repository: FaqRepository, tmp_path: Path) -> None:
    first = lines(tmp_path, record("a"), record("b"), record("c"))
    assert import_faqs(repository, "default", first, actor="lan") == ImportReport(3, 0, 0, 0)
    second = lines(tmp_path, record("d"), record("b"), record("a", "Mới."))
    report = import_faqs(repository, "default", second, actor="minh")
    assert report == ImportReport(added=1, changed=1, removed=0, unchanged=1)
    assert [faq.id for faq in repository.iterate("default")] == ["a", "b", "c", "d"]
    assert repository.get("default", "a").answer == "Mới."
    assert [
        (change.kind, change.faq.id, change.actor)
        for change in repository.changes_after("default", 3)
    ] == [
        (ChangeKind.ADDED, "d", "minh"),
        (ChangeKind.CHANGED, "a", "minh"),
    ]


def test_the_same_file_again_writes_nothing(repository: FaqRepository, tmp_path: Path) -> None:
    path = lines(tmp_path, record("a"), record("b"))
    import_faqs(repository, "default", path, actor="lan")
    report = import_faqs(repository, "default", path, actor="lan", replace=True)
    assert report == ImportReport(0, 0, 0, 2)
    assert repository.last_seq("default") == 2


def test_replace_removes_what_the_file_does_not_have(
    repository: FaqRepository, tmp_path: Path
) -> None:
    import_faqs(
        repository,
        "default",
        lines(tmp_path, *(record(f"f{number:04}") for number in range(1200))),
        actor="lan",
    )
    kept = lines(tmp_path, record("f0007"), record("new"))
    dry = import_faqs(repository, "default", kept, actor="lan", replace=True, dry_run=True)
    assert repository.count("default") == 1200
    report = import_faqs(repository, "default", kept, actor="lan", replace=True)
    assert report == dry == ImportReport(added=1, changed=0, removed=1199, unchanged=1)
    assert [faq.id for faq in repository.iterate("default")] == ["f0007", "new"]


def test_a_problem_stops_everything(repository: FaqRepository, tmp_path: Path) -> None:
    bad = {**record("b"), "answer": ""}
    path = lines(tmp_path, record("a"), bad, record("a"), {**record("a"), "id": "c c"})
    with pytest.raises(BadFile) as caught:
        import_faqs(repository, "default", path, actor="lan")
    assert [(problem.row, problem.column) for problem in caught.value.problems] == [
        (2, "answer"),
        (3, "id"),
        (4, "id"),
    ]
    assert "'a' is that of row 1 already" in caught.value.problems[1].reason
    assert "3 problem(s) in 3 row(s)" in str(caught.value)
    assert repository.set_names() == []


def test_partial_takes_the_good_rows(repository: FaqRepository, tmp_path: Path) -> None:
    path = lines(tmp_path, record("a"), {**record("b"), "answer": ""}, record("c"))
    report = import_faqs(repository, "default", path, actor="lan", partial=True)
    assert (report.added, [problem.row for problem in report.problems]) == (2, [2])
    assert [faq.id for faq in repository.iterate("default")] == ["a", "c"]
    with pytest.raises(BadInput, match="exclude each other"):
        import_faqs(repository, "default", path, actor="lan", partial=True, replace=True)


def test_a_dry_run_changes_nothing(repository: FaqRepository, tmp_path: Path) -> None:
    path = lines(tmp_path, record("a"), {**record("b"), "answer": ""})
    report = import_faqs(repository, "new", path, actor="lan", dry_run=True, replace=True)
    assert (report.added, report.removed, len(report.problems)) == (1, 0, 1)
    assert repository.set_names() == []


def test_an_empty_file_empties_no_set(repository: FaqRepository, tmp_path: Path) -> None:
    import_faqs(repository, "default", lines(tmp_path, record("a")), actor="lan")
    with pytest.raises(BadFile, match="no FAQ"):
        import_faqs(repository, "default", lines(tmp_path), actor="lan", replace=True)
    assert repository.count("default") == 1


def test_progress_and_ignored_columns(repository: FaqRepository, tmp_path: Path) -> None:
    records = [{**record(f"f{number}"), "nguồn": "web"} for number in range(1100)]
    seen: list[Progress] = []
    path = lines(tmp_path, *records)
    report = import_faqs(repository, "default", path, actor="lan", on_progress=seen.append)
    assert report.ignored == ("key 'nguồn'",)
    assert [(step.stage, step.done, step.total) for step in seen] == [
        ("read", 500, 0),
        ("read", 1000, 0),
        ("read", 1100, 1100),
        ("store", 500, 1100),
        ("store", 1000, 1100),
        ("store", 1100, 1100),
    ]


def test_edits_of_others_survive_an_import(repository: FaqRepository, tmp_path: Path) -> None:
    import_faqs(repository, "default", lines(tmp_path, record("a")), actor="lan")
    edited = replace(repository.get("default", "a"), answer="Sửa tay.")
    repository.update("default", edited, "minh")
    import_faqs(repository, "default", lines(tmp_path, record("b")), actor="lan")
    assert repository.get("default", "a").answer == "Sửa tay."


KILLED = """
import os, signal, sys
from pathlib import Path
from service.db.engine import open_engine
from service.faq.importing import import_faqs
from service.faq.repository import FaqRepository

url, source, stage, limit = sys.argv[1:]

def die(progress):
    if progress.stage == stage and progress.done >= int(limit):
        os.kill(os.getpid(), signal.SIGKILL)

import_faqs(FaqRepository(open_engine(url)), "default", Path(source), actor="lan",
            replace=True, on_progress=die)
"""


@pytest.mark.parametrize(("stage", "limit"), [("read", 500), ("store", 500), ("store", 2000)])
def test_a_killed_import_leaves_the_set_as_it_was(
    repository: FaqRepository, database_url: str, tmp_path: Path, stage: str, limit: int
) -> None:
    old = lines(tmp_path, record("old"), record("f0001", "Cũ."))
    import_faqs(repository, "default", old, actor="lan")
    before: list[Faq] = list(repository.iterate("default"))
    new = lines(tmp_path, *(record(f"f{number:04}") for number in range(2000)), name="new.jsonl")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, database_url, str(new), stage, str(limit)], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert list(repository.iterate("default")) == before
    assert repository.last_seq("default") == 2
    report = import_faqs(repository, "default", new, actor="lan", replace=True)
    assert report == ImportReport(added=1999, changed=1, removed=1, unchanged=0)
    seqs = [change.seq for change in repository.changes_after("default", 0, limit=5000)]
    assert seqs == list(range(1, 2004))
