"""Answers questions that arrive together in one go, without ever waiting for company.

Whoever finds the model idle runs it at once, on its own thread; who comes meanwhile queues. The
next run takes everything that has queued, led by the first in the queue. So a lone question pays
no hop to another thread, and a crowd shares its runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Event, Lock
from typing import Generic, TypeVar

from service.errors import Overloaded

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Shares runs of `run` between threads. `run` gets 1 to max_batch items, returns as many."""

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        max_batch: int = 32,
        queue_size: int = 64,
    ) -> None:
        self._run = run
        self._max_batch = max_batch
        self._queue_size = queue_size
        self._lock = Lock()
        self._queue: deque[_Ticket[Item, Result]] = deque()
        self._running = False

    @property
    def waiting(self) -> int:
        """Items that have not been taken up yet."""
        return len(self._queue)

    def submit(self, item: Item) -> Result:
        """The result for one item. Raises Overloaded when the queue is full, or run's error."""
        ticket = _Ticket[Item, Result](item)
        with self._lock:
            if len(self._queue) >= self._queue_size:
                raise Overloaded("Too many questions are waiting; try again.", retry_after_s=1.0)
            self._queue.append(ticket)
            leads, self._running = not self._running, True
        if not leads:
            ticket.turn.wait()  # until served, or first in the queue with the model idle
        if not ticket.served:
            self._lead()
        return ticket.take()

    def _lead(self) -> None:
        with self._lock:
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), self._max_batch))]
        try:
            for ticket, result in zip(batch, self._run([t.item for t in batch]), strict=True):
                ticket.result = result
        except BaseException as error:  # every one of the batch must hear of it
            for ticket in batch:
                ticket.error = error
        for ticket in batch:
            ticket.served = True
        self._hand_over()
        for ticket in batch:
            ticket.turn.set()

    def _hand_over(self) -> None:
        with self._lock:
            self._running = bool(self._queue)
            if self._queue:
                self._queue[0].turn.set()


class _Ticket(Generic[Item, Result]):
    """One item in the queue."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.turn = Event()
        self.served = False
        self.result: Result
        self.error: BaseException | None = None

    def take(self) -> Result:
        if self.error is not None:
            raise self.error
        return self.result
