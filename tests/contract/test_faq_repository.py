import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine

from service.domain import ChangeKind, Faq
from service.errors import BadInput, Conflict, NotFound
from service.faq.repository import FaqRepository

FEES = Faq(
    id="hoc-phi",
    question="Học phí một tín chỉ là bao nhiêu?",
    answer="Xem **thông báo** của phòng Kế hoạch – Tài chính.",
    alternates=("1 tín bao nhiêu tiền", "hp 1tc"),
    tags=("Học phí", 'có "nháy"'),
    valid_from=date(2025, 9, 1),
    valid_to=date(2026, 8, 31),
)
DORM = Faq(id="ktx", question="Đăng ký ký túc xá ở đâu?", answer="Tại cổng sinh viên, 100%.")


@pytest.fixture
def repository(engine: Engine) -> FaqRepository:
    repository = FaqRepository(engine)
    repository.create_set("default")
    return repository


def test_what_is_added_comes_back(repository: FaqRepository) -> None:
    started = datetime.now(UTC)
    stored = repository.add("default", FEES, "lan")
    assert stored == replace(FEES, revision=1, updated_at=stored.updated_at)
    assert stored.updated_at is not None
    assert started <= stored.updated_at <= datetime.now(UTC)
    assert repository.get("default", "hoc-phi") == stored


def test_texts_are_cleaned_before_they_are_stored(repository: FaqRepository) -> None:
    stored = repository.add("default", replace(DORM, question="  Ho\u0323c phí? \n"), "lan")
    assert stored.question == "Học phí?"


def test_bad_faqs_are_refused_with_every_reason(repository: FaqRepository) -> None:
    with pytest.raises(BadInput) as caught:
        repository.add("default", Faq(id="a b", question="?", answer=""), "lan")
    message = str(caught.value)
    assert "id:" in message
    assert "question:" in message
    assert "answer:" in message
    assert repository.last_seq("default") == 0


def test_sets_are_apart(repository: FaqRepository) -> None:
    repository.ensure_set("khoa-cntt")
    repository.ensure_set("khoa-cntt")
    repository.add("khoa-cntt", FEES, "lan")
    assert repository.set_names() == ["default", "khoa-cntt"]
    assert repository.count("default") == 0
    assert repository.get_many("default", ["hoc-phi"]) == {}
    with pytest.raises(Conflict):
        repository.create_set("default")
    with pytest.raises(BadInput):
        repository.create_set("Khoa CNTT")


def test_what_does_not_exist_is_not_found(repository: FaqRepository) -> None:
    for call in (
        lambda: repository.get("default", "x"),
        lambda: repository.update("default", FEES, "lan"),
        lambda: repository.remove("default", "x", "lan"),
        lambda: repository.history("default", "x"),
        lambda: repository.add("nowhere", FEES, "lan"),
        lambda: repository.last_seq("nowhere"),
        lambda: repository.count("nowhere"),
        lambda: repository.page("nowhere"),
        lambda: list(repository.iterate("nowhere")),
        lambda: repository.changes_after("nowhere", 0),
        lambda: repository.lexicon("nowhere"),
        lambda: repository.set_lexicon("nowhere", {}),
    ):
        with pytest.raises(NotFound):
            call()


def test_an_id_is_taken_once(repository: FaqRepository) -> None:
    repository.add("default", FEES, "lan")
    with pytest.raises(Conflict, match="hoc-phi"):
        repository.add("default", replace(DORM, id="hoc-phi"), "lan")
    assert repository.last_seq("default") == 1
    assert repository.get("default", "hoc-phi").question == FEES.question


def test_an_update_needs_the_revision_that_was_seen(repository: FaqRepository) -> None:
    repository.add("default", FEES, "lan")
    second = repository.update("default", replace(FEES, answer="Mới."), "minh", 1)
    assert second.revision == 2
    with pytest.raises(Conflict, match="revision 2, not 1"):
        repository.update("default", replace(FEES, answer="Cũ."), "lan", 1)
    assert repository.get("default", "hoc-phi") == second
    assert repository.update("default", replace(FEES, answer="Hơn."), "lan").revision == 3


def test_an_update_without_a_difference_writes_nothing(repository: FaqRepository) -> None:
    stored = repository.add("default", FEES, "lan")
    assert repository.update("default", FEES, "minh", 1) == stored
    assert repository.last_seq("default") == 1


def test_history_outlives_the_faq_and_revisions_never_repeat(repository: FaqRepository) -> None:
    repository.add("default", FEES, "lan")
    repository.update("default", replace(FEES, answer="Mới."), "minh")
    repository.remove("default", "hoc-phi", "an")
    repository.add("default", FEES, "lan")
    changes = repository.history("default", "hoc-phi")
    assert [(change.kind, change.actor, change.faq.revision) for change in changes] == [
        (ChangeKind.ADDED, "lan", 1),
        (ChangeKind.CHANGED, "minh", 2),
        (ChangeKind.REMOVED, "an", 3),
        (ChangeKind.ADDED, "lan", 4),
    ]
    assert changes[1].faq.answer == "Mới."
    assert changes[3].faq == repository.get("default", "hoc-phi")


def test_changes_come_in_order_and_by_page(repository: FaqRepository) -> None:
    repository.add("default", FEES, "lan")
    repository.add("default", DORM, "lan")
    repository.remove("default", "ktx", "lan")
    assert repository.last_seq("default") == 3
    assert [change.seq for change in repository.changes_after("default", 0, limit=2)] == [1, 2]
    (last,) = repository.changes_after("default", 2)
    assert (last.kind, last.faq.id) == (ChangeKind.REMOVED, "ktx")


def test_get_many_keeps_the_order_asked_for(repository: FaqRepository) -> None:
    for number in range(1200):
        with_id = replace(DORM, id=f"f{number:04}")
        if number % 400 == 0:
            repository.add("default", with_id, "lan")
    ids = [f"f{number:04}" for number in reversed(range(1200))]
    assert list(repository.get_many("default", ids)) == ["f0800", "f0400", "f0000"]
    assert repository.get_many("default", []) == {}


def test_iterate_reads_every_page(repository: FaqRepository) -> None:
    with repository.editing("default", "lan") as edit:
        for start in range(0, 1100, 100):
            edit.put([replace(DORM, id=f"f{start + n:04}") for n in range(100)])
    found = [faq.id for faq in repository.iterate("default")]
    assert found == [f"f{number:04}" for number in range(1100)]
    assert repository.count("default") == repository.last_seq("default") == 1100


def test_pages_searches_and_tags(repository: FaqRepository) -> None:
    repository.add("default", FEES, "lan")
    repository.add("default", DORM, "lan")

    def found(**query: str) -> list[str]:
        faqs, total = repository.page("default", offset=0, limit=10, **query)
        assert total == len(faqs)
        return [faq.id for faq in faqs]

    assert found() == ["hoc-phi", "ktx"]
    assert found(search="HOC PHI") == ["hoc-phi"]
    assert found(search="ký túc") == ["ktx"]
    assert found(search="1tc") == ["hoc-phi"]
    assert found(search="100%_") == ["ktx"]
    assert found(search="không có") == []
    assert found(tag="Học phí") == ["hoc-phi"]
    assert found(tag='có "nháy"') == ["hoc-phi"]
    assert found(tag="Học") == []
    assert found(search="ký túc", tag="Học phí") == []
    page, total = repository.page("default", offset=1, limit=1)
    assert ([faq.id for faq in page], total) == (["ktx"], 2)


def test_lexicon(repository: FaqRepository) -> None:
    assert repository.lexicon("default") == {}
    repository.set_lexicon("default", {" cvht ": "cố vấn học tập"})
    assert repository.lexicon("default") == {"cvht": "cố vấn học tập"}
    with pytest.raises(BadInput, match="cvht"):
        repository.set_lexicon("default", {"cvht": " "})


def test_a_failed_transaction_leaves_nothing(repository: FaqRepository) -> None:
    def fail_half_way() -> None:
        with repository.editing("default", "lan") as edit:
            edit.put([FEES])
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        fail_half_way()
    assert repository.last_seq("default") == 0
    assert repository.count("default") == 0
    assert repository.add("default", FEES, "lan").revision == 1


def test_seqs_of_threads_have_no_gaps(repository: FaqRepository) -> None:
    repository.add("default", DORM, "lan")

    def write(number: int) -> None:
        repository.add("default", replace(DORM, id=f"f{number}"), "lan")
        repository.update("default", replace(DORM, answer=f"Câu trả lời {number}."), "lan")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, range(12)))
    changes = repository.changes_after("default", 0)
    assert [change.seq for change in changes] == list(range(1, 26))
    assert repository.get("default", "ktx").revision == 13
    assert repository.count("default") == 13


def test_one_of_two_editors_of_the_same_revision_wins(repository: FaqRepository) -> None:
    repository.add("default", DORM, "lan")

    def edit(number: int) -> bool:
        try:
            repository.update("default", replace(DORM, answer=f"Bản {number}."), "lan", 1)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(edit, range(4))) == [False, False, False, True]


WRITER = """
import sys
from service.db.engine import open_engine
from service.domain import Faq
from service.faq.repository import FaqRepository

url, name = sys.argv[1:]
repository = FaqRepository(open_engine(url))
for number in range(25):
    repository.add("default", Faq(f"{name}-{number}", "Câu hỏi nào?", "Trả lời."), name)
"""


def test_seqs_of_processes_have_no_gaps(repository: FaqRepository, database_url: str) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, database_url, name]) for name in "ab"
    ]
    seen: list[int] = []
    while any(writer.poll() is None for writer in writers) or len(seen) < 50:
        # A reader that polls while others commit misses nothing.
        news = repository.changes_after("default", seen[-1] if seen else 0)
        seen.extend(change.seq for change in news)
        if not news and all(writer.poll() is not None for writer in writers):
            break
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen == list(range(1, 51))
    assert repository.count("default") == 50
