"""SIGKILL at any moment: the old index answers as before, and the next run cleans up."""

import multiprocessing
import os
import random
import signal
import threading
import time
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from service.db.engine import open_engine
from service.db.migrate import upgrade
from service.domain import Generation, GenerationStatus, Progress
from service.ports import OnProgress
from service.reindex import build
from service.store import EmbeddedStore, open_embedded
from tests.fixtures.reindexing import Bench, faq

FAQS = 100
CHUNK = 40  # FAQs: three steps
STEADY = range(90, 100)  # FAQs that no edit touches

# (stage, which of its reports): the process dies there.
BOUNDARIES = [
    ("names", 1),
    ("read", 1),
    ("read", 3),
    ("encode", 1),
    ("write", 1),
    ("encode", 2),
    ("write", 3),
    ("verify", 1),
    ("verify", 2),
    ("switch", 1),
    ("switch", 2),
]
# Share of the time that a whole run takes.
random_times = random.Random(20)
MOMENTS = [random_times.uniform(0.0, 1.0) for _ in range(12)]


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Starts processes that have imported everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["chromadb", __name__])
    return context


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set with a live index, used by all kills in turn, as a long-lived installation is."""
    folder = tmp_path_factory.mktemp("killed")
    with opened(folder) as bench:
        bench.put(*(faq(i, alternates=0) for i in range(FAQS)))
        bench.reindex()
    return folder


class opened:
    """The bench over the folder, as one process at a time may have it."""

    def __init__(self, folder: Path) -> None:
        build.CHUNK = CHUNK  # in every process
        self.engine = open_engine(f"sqlite:///{folder / 'vifaq.db'}")
        upgrade(self.engine)
        self.store: EmbeddedStore = open_embedded(folder / "chroma")

    def __enter__(self) -> Bench:
        return Bench(self.engine, self.store)

    def __exit__(self, *_: object) -> None:
        self.store.close()
        self.engine.dispose()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def reindex_and_die_at(folder: Path, stage: str, nth: int) -> None:
    seen = 0

    def count(progress: Progress) -> None:
        nonlocal seen
        seen += progress.stage == stage
        if seen == nth:
            die()

    with opened(folder) as bench:
        reindex_with_an_edit(bench, count)


def reindex_and_die_after(folder: Path, delay_s: float) -> None:
    with opened(folder) as bench:
        threading.Thread(target=lambda: (time.sleep(delay_s), die()), daemon=True).start()
        reindex_with_an_edit(bench, lambda _: None)


def reindex_with_an_edit(bench: Bench, watch: OnProgress) -> None:
    def edit(progress: Progress) -> None:
        if progress == Progress("write", FAQS, FAQS):
            bench.put(faq(0, f"sửa {time.monotonic_ns()}", alternates=0))
        watch(progress)

    bench.reindex(on_progress=edit)


def edit_for_ever(folder: Path, ready: Event) -> None:
    with opened(folder) as bench:
        ready.set()
        for i in range(1_000_000):
            bench.put(faq(i % 5, f"lần {i}", alternates=0), faq(5 + i % 5, f"khác {i}", 0))
            bench.sync.sync(bench.set_name)


@pytest.mark.parametrize(("stage", "nth"), BOUNDARIES)
def test_killed_at_a_boundary(
    folder: Path, processes: ForkServerContext, stage: str, nth: int
) -> None:
    with opened(folder) as bench:
        before = bench.live.get(bench.set_name).generation
    killed = run(processes, reindex_and_die_at, folder, stage, nth)
    assert killed == -signal.SIGKILL
    check(folder, before, finished=(stage, nth) == ("switch", 2))


def test_killed_at_any_moment(folder: Path, processes: ForkServerContext) -> None:
    with opened(folder) as bench:
        started = time.monotonic()
        bench.reindex()
        whole_s = time.monotonic() - started
    for moment in MOMENTS:
        delay_s = moment * whole_s
        while shoot(folder, processes, delay_s) == 0:  # the run was over: it was a quicker one
            delay_s /= 2


def shoot(folder: Path, processes: ForkServerContext, delay_s: float) -> int | None:
    """How the reindex ended that was to be killed after so long."""
    with opened(folder) as bench:
        before = bench.live.get(bench.set_name).generation
    end = run(processes, reindex_and_die_after, folder, delay_s)
    assert end in {-signal.SIGKILL, 0}
    check(folder, before, finished=None)
    return end


def test_killed_while_it_applies_edits(folder: Path, processes: ForkServerContext) -> None:
    for moment in MOMENTS[:6]:
        ready = processes.Event()
        process = processes.Process(target=edit_for_ever, args=(folder, ready))
        process.start()
        assert ready.wait(60)
        time.sleep(moment / 2)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        with opened(folder) as bench:
            bench.sync.sync(bench.set_name)
            assert bench.indexed() == bench.expected()


def run(processes: ForkServerContext, target: object, *args: object) -> int | None:
    process = processes.Process(target=target, args=args)  # type: ignore[arg-type]
    process.start()
    process.join()
    return process.exitcode


def check(folder: Path, before: Generation, *, finished: bool | None) -> None:
    """finished: whether the killed run had switched; None: either is right."""
    with opened(folder) as bench:
        live = bench.live.get(bench.set_name).generation
        if finished is not None:
            assert (live.number != before.number) is finished
        answers = [bench.ask(f"câu hỏi số {i} về việc{i}") for i in STEADY]
        assert answers == [[f"faq-{i:04}"] for i in STEADY]
        bench.sync.sync(bench.set_name)
        assert bench.indexed() == bench.expected()

        after = bench.reindex()
        assert after.number > live.number
        assert bench.indexed() == bench.expected()
        assert_clean(bench, folder)


def assert_clean(bench: Bench, folder: Path) -> None:
    """The live generation, its predecessor, and at most one more that waits to be dropped."""
    generations = bench.generations.all(bench.set_name)
    by_status = [generation.status for generation in generations]
    assert by_status.count(GenerationStatus.LIVE) == 1
    assert by_status.count(GenerationStatus.PREVIOUS) == 1
    assert GenerationStatus.BUILDING not in by_status
    kept = {each.collection for each in generations if each.status is not GenerationStatus.FAILED}
    existing = set(bench.store.collections())
    assert existing <= kept
    assert len(existing) <= 3
    folders = [entry for entry in (folder / "chroma").iterdir() if entry.is_dir()]
    assert len(folders) <= len(existing)
