"""Reindexing over real databases and a real embedded Chroma."""

import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, delete

from service.db.tables import reindex_lease
from service.domain import (
    Faq,
    FloatArray,
    Generation,
    GenerationStatus,
    PreparedText,
    Progress,
)
from service.errors import BadInput, Conflict, IndexBroken, NotFound, NotReady
from service.reindex import Learned
from service.store import EmbeddedStore, open_embedded
from tests.fixtures.fakes import FakeEncoder
from tests.fixtures.reindexing import Bench, Recorder, faq


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    opened = open_embedded(tmp_path_factory.mktemp("chroma"))
    yield opened
    opened.close()


@pytest.fixture
def bench(engine: Engine, store: EmbeddedStore) -> Bench:
    return Bench(engine, store)


def test_what_was_indexed_is_found(bench: Bench) -> None:
    bench.put(*(faq(i, alternates=2) for i in range(130)))
    progress = Recorder()
    generation = bench.reindex(on_progress=progress)
    assert (generation.number, generation.status) == (1, GenerationStatus.LIVE)
    assert (generation.row_count, generation.applied_seq) == (390, 130)
    assert bench.ask("câu hỏi số 7 về việc7") == ["faq-0007"]
    assert generation.report["checks"] == {
        "rows": 390,
        "featureless": 0,
        "sampled": 390,
        "lost": 0,
    }
    stages = list(dict.fromkeys(each.stage for each in progress.seen))
    assert stages == ["names", "read", "encode", "write", "verify", "switch"]
    assert Progress("write", 390, 390) in progress.seen


def test_edits_made_while_it_runs_are_in_the_result(bench: Bench) -> None:
    bench.put(*(faq(i) for i in range(150)))
    edited: list[str] = []

    def edit(progress: Progress) -> None:
        if progress.stage not in edited:
            edited.append(progress.stage)
            n = len(edited)
            bench.put(faq(1000 + n, f"thêm lúc {progress.stage}"), faq(1, f"sửa lần {n}", n))
            bench.remove(f"faq-{n + 1:04}")

    generation = bench.reindex(on_progress=edit)
    assert edited == ["names", "read", "encode", "write", "verify", "switch"]
    for n, stage in enumerate(edited, start=1001):
        assert bench.ask(f"thêm lúc {stage}") == [f"faq-{n}"]
    assert bench.indexed() == bench.expected()
    assert generation.applied_seq == bench.faqs.last_seq(bench.set_name)


def test_an_edit_in_the_very_moment_of_the_switch_is_not_missed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.put(faq(1), faq(2))
    switch = bench.generations.switch
    late = iter(["sát giờ một", "sát giờ hai"])

    def edit_first(generation: Generation) -> bool:
        if (text := next(late, None)) is not None:
            bench.put(Faq(text[-3:], text, "trả lời"))
        return switch(generation)

    monkeypatch.setattr(bench.generations, "switch", edit_first)
    bench.reindex()
    assert bench.ask("sát giờ một") == ["một"]
    assert bench.ask("sát giờ hai") == ["hai"]


def test_a_second_reindex_of_the_set_is_refused(bench: Bench) -> None:
    bench.put(faq(1))
    refused: list[str] = []

    def try_another(progress: Progress) -> None:
        if progress.stage == "write":
            with pytest.raises(Conflict) as caught:
                bench.reindex()
            refused.append(str(caught.value))

    bench.reindex(on_progress=try_another)
    assert f"process {os.getpid()} on {socket.gethostname()} since " in refused[0]
    assert [each.number for each in bench.generations.all(bench.set_name)] == [1]
    assert bench.reindex().number == 2  # the lease was given back


def test_asking_goes_on_during_reindexes(bench: Bench) -> None:
    bench.put(*(faq(i) for i in range(60)))
    bench.reindex()
    done = threading.Event()
    answers: list[list[str]] = []
    problems: list[Exception] = []

    def ask() -> None:
        while not done.is_set():
            try:
                answers.append(bench.ask("câu hỏi số 7 về việc7"))
            except Exception as error:
                problems.append(error)

    with ThreadPoolExecutor(3) as askers:
        for _ in range(3):
            askers.submit(ask)
        try:
            for _ in range(5):
                bench.reindex()
        finally:
            done.set()  # or they would ask for as long as the tests run
    assert problems == []
    assert {tuple(answer) for answer in answers} == {("faq-0007",)}


def test_older_generations_are_retired_then_dropped(bench: Bench) -> None:
    bench.put(faq(1))
    plan = bench.plan(learn=lambda *_: Learned(FakeEncoder("adapted"), b"adapted"))
    built = [bench.reindex(plan) for _ in range(5)]
    states = {each.number: each for each in bench.generations.all(bench.set_name)}
    assert [states[number].status.value for number in (5, 4, 3, 2, 1)] == [
        "live",
        "previous",
        "retired",
        "retired",
        "retired",
    ]
    kept = {each.number for each in built if each.collection in bench.store.collections()}
    assert kept == {5, 4, 3}
    assert {number for number, each in states.items() if each.has_artefact} == {5, 4, 3}


def test_rolling_back_keeps_the_edits_made_since(bench: Bench) -> None:
    bench.put(faq(1), faq(2), faq(3))
    first = bench.reindex()
    bench.put(faq(4, "thêm trước"))
    second = bench.reindex()
    bench.put(faq(5, "thêm sau"), faq(1, "đã sửa"))
    bench.remove("faq-0002")
    bench.sync.sync(bench.set_name)

    back = bench.sync.roll_back(bench.set_name)
    assert (back.number, back.status) == (first.number, GenerationStatus.LIVE)
    assert bench.live.get(bench.set_name).collection == first.collection
    assert bench.ask("thêm trước") == ["faq-0004"]
    assert bench.ask("thêm sau") == ["faq-0005"]
    assert bench.ask("đã sửa") == ["faq-0001"]
    assert "faq-0002" not in bench.ask("câu hỏi số 2 về việc2", k=50)

    forward = bench.sync.roll_back(bench.set_name)
    assert forward.number == second.number
    assert bench.ask("thêm sau") == ["faq-0005"]


def test_no_rollback_without_an_index_that_fits(bench: Bench) -> None:
    bench.put(faq(1))
    bench.reindex()
    with pytest.raises(NotFound, match="no previous index"):
        bench.sync.roll_back(bench.set_name)
    bench.encoder = FakeEncoder("another")
    live = bench.reindex()
    with pytest.raises(NotReady, match="built with encoder fake,"):
        bench.sync.roll_back(bench.set_name)
    assert bench.live.get(bench.set_name).generation.number == live.number


def test_an_index_that_lost_rows_is_not_switched_to(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.put(*(faq(i) for i in range(20)))
    first = bench.reindex()
    upsert = bench.store.upsert
    monkeypatch.setattr(
        bench.store, "upsert", lambda name, rows, vectors: upsert(name, rows[1:], vectors[1:])
    )
    with pytest.raises(IndexBroken, match="39 rows where 40 were written"):
        bench.reindex()
    assert_only_live(bench, first)


def test_an_index_that_mixed_up_its_vectors_is_not_switched_to(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.put(*(faq(i) for i in range(20)))
    first = bench.reindex()
    upsert = bench.store.upsert
    monkeypatch.setattr(
        bench.store, "upsert", lambda name, rows, vectors: upsert(name, rows, vectors[::-1])
    )
    with pytest.raises(IndexBroken, match="do not find themselves"):
        bench.reindex()
    assert_only_live(bench, first)


def assert_only_live(bench: Bench, live: Generation) -> None:
    assert bench.live.get(bench.set_name).generation.number == live.number
    assert bench.ask("câu hỏi số 7 về việc7") == ["faq-0007"]
    newest, *_ = bench.generations.all(bench.set_name)
    assert newest.status is GenerationStatus.FAILED
    assert newest.collection not in bench.store.collections()


def test_questions_without_a_known_feature_are_counted(bench: Bench) -> None:
    bench.put(faq(1), Faq("quiet", "   .", "trả lời", ("có chữ",)))
    bench.encoder = Deaf(deaf_to=".")
    generation = bench.reindex()
    checks = generation.report["checks"]
    assert isinstance(checks, dict)
    assert (checks["rows"], checks["featureless"]) == (3, 1)
    assert bench.ask(".") == []


def test_an_index_in_which_nothing_could_be_found_is_refused(bench: Bench) -> None:
    bench.put(faq(1))
    bench.encoder = Deaf(deaf_to="")
    with pytest.raises(IndexBroken, match="VIFAQ_ENCODER"):
        bench.reindex()


class Deaf(FakeEncoder):
    """Knows nothing in texts that end in something."""

    def __init__(self, deaf_to: str) -> None:
        super().__init__("deaf")
        self.deaf_to = deaf_to

    def encode(self, texts: Sequence[PreparedText], /) -> FloatArray:
        vectors = super().encode(texts)
        vectors[[text.plain.endswith(self.deaf_to) for text in texts]] = 0
        return vectors


def test_an_empty_set_gets_no_index(bench: Bench) -> None:
    with pytest.raises(BadInput, match="vifaq import FILE --set default"):
        bench.reindex()
    bench.put(faq(1))
    bench.reindex()
    bench.remove("faq-0001")
    with pytest.raises(BadInput):
        bench.reindex()
    assert [each.number for each in bench.generations.all(bench.set_name)] == [1]
    with pytest.raises(NotFound, match="nowhere"):
        bench.reindexer.run("nowhere", bench.plan(), lambda _: None)


def test_stopping_it_leaves_everything_as_it_was(bench: Bench) -> None:
    bench.put(*(faq(i) for i in range(20)))
    first = bench.reindex()

    def stop(progress: Progress) -> None:
        if progress.stage == "verify":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.reindex(on_progress=stop)
    assert_only_live(bench, first)
    assert bench.reindex().number == 3


def test_a_run_that_was_taken_for_dead_cannot_switch(bench: Bench) -> None:
    bench.put(faq(1))
    taken_over: list[Generation] = []

    def take_over(progress: Progress) -> None:
        if progress.stage == "switch":
            with bench.engine.begin() as connection:
                connection.execute(delete(reindex_lease))
            taken_over.append(bench.reindex())

    with pytest.raises(Conflict, match="another reindex has taken over"):
        bench.reindex(on_progress=take_over)
    live = bench.live.get(bench.set_name).generation
    assert live.number == taken_over[0].number == 2
    assert bench.store.count(live.collection) == 2


def test_what_another_process_makes_live_is_soon_asked(bench: Bench) -> None:
    bench.put(faq(1))
    bench.reindex()
    assert bench.live.for_asking(bench.set_name).generation.number == 1
    other = Bench.restarted(bench)
    other.reindex()
    deadline = time.monotonic() + 20
    while bench.live.for_asking(bench.set_name).generation.number == 1:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    bench.reindex()  # its own is seen at once
    assert bench.live.for_asking(bench.set_name).generation.number == 3
    bench.sync.roll_back(bench.set_name)
    assert bench.live.for_asking(bench.set_name).generation.number == 2
