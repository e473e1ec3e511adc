import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.errors import Overloaded
from service.pipeline.batcher import Batcher


class Doubler:
    """Doubles numbers; holds the first run until told to go on."""

    def __init__(self, *, held: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.started = threading.Event()
        self.go_on = threading.Event()
        if not held:
            self.go_on.set()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.started.set()
        assert self.go_on.wait(10)
        if 13 in items:
            raise ValueError("unlucky")
        return [2 * item for item in items]


def _until(condition) -> None:
    for _ in range(1000):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("did not happen in 10 s")


def test_a_lone_item_runs_at_once_on_the_callers_thread() -> None:
    threads: list[int] = []

    def run(items: Sequence[int]) -> Sequence[int]:
        threads.append(threading.get_ident())
        return items

    assert Batcher(run).submit(7) == 7
    assert threads == [threading.get_ident()]


def test_what_queues_while_the_model_is_busy_shares_the_next_run() -> None:
    run = Doubler(held=True)
    batcher = Batcher(run)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(batcher.submit, 0)
        assert run.started.wait(10)
        others = [pool.submit(batcher.submit, n) for n in range(1, 6)]
        _until(lambda: batcher.waiting == 5)
        run.go_on.set()
        assert first.result(10) == 0
        assert [other.result(10) for other in others] == [2, 4, 6, 8, 10]
    assert run.batches[0] == [0]
    assert sorted(run.batches[1]) == [1, 2, 3, 4, 5]
    assert len(run.batches) == 2


def test_a_run_takes_no_more_than_max_batch() -> None:
    run = Doubler(held=True)
    batcher = Batcher(run, max_batch=2)
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(batcher.submit, 0)
        assert run.started.wait(10)
        others = [pool.submit(batcher.submit, n) for n in range(1, 6)]
        _until(lambda: batcher.waiting == 5)
        run.go_on.set()
        assert first.result(10) == 0
        assert [other.result(10) for other in others] == [2, 4, 6, 8, 10]
    assert [len(batch) for batch in run.batches] == [1, 2, 2, 1]


def test_a_full_queue_refuses_and_says_when_to_come_back() -> None:
    run = Doubler(held=True)
    batcher = Batcher(run, queue_size=1)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(batcher.submit, 1)
        assert run.started.wait(10)
        second = pool.submit(batcher.submit, 2)
        _until(lambda: batcher.waiting == 1)
        with pytest.raises(Overloaded) as refused:
            batcher.submit(3)
        assert refused.value.retry_after_s > 0
        run.go_on.set()
        assert (first.result(10), second.result(10)) == (2, 4)
    assert batcher.submit(3) == 6


def test_an_error_reaches_everyone_in_the_run_and_the_next_run_works() -> None:
    run = Doubler(held=True)
    batcher = Batcher(run)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(batcher.submit, 1)
        assert run.started.wait(10)
        unlucky = [pool.submit(batcher.submit, n) for n in (13, 14)]
        _until(lambda: batcher.waiting == 2)
        run.go_on.set()
        assert first.result(10) == 2
        for future in unlucky:
            with pytest.raises(ValueError, match="unlucky"):
                future.result(10)
    assert batcher.submit(15) == 30


def test_a_run_that_returns_too_few_results_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        Batcher(lambda items: []).submit(1)


def test_every_item_gets_its_own_result_under_contention() -> None:
    batcher = Batcher(Doubler(), max_batch=4, queue_size=1000)
    with ThreadPoolExecutor(16) as pool:
        numbers = [n for n in range(2000) if n != 13]
        assert list(pool.map(batcher.submit, numbers)) == [2 * n for n in numbers]
    assert batcher.waiting == 0
