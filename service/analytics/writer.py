"""A bounded queue with one thread that writes batches."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

_BATCH = 256
_LINGER_S = 0.2  # for more items: written one by one they would get in the way of answering

T = TypeVar("T")


class BatchWriter(Generic[T]):
    """Takes items without ever making the caller wait; `write` gets them in order, in batches.

    `write` must not raise: it is the last one to know the items.
    """

    def __init__(self, write: Callable[[list[T]], None], *, capacity: int, name: str) -> None:
        self._write = write
        self._queue: Queue[T | None] = Queue(capacity)
        self._closed = threading.Event()
        self._hurry = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, item: T) -> bool:
        """Queue an item; False when the queue is full or closed and the item is lost."""
        if self._closed.is_set():
            return False
        try:
            self._queue.put_nowait(item)
        except Full:
            return False
        return True

    def flush(self) -> None:
        """Wait until everything queued so far is written."""
        if not self._closed.is_set():
            self._hurry.set()
            self._queue.join()
            self._hurry.clear()

    def close(self) -> None:
        """Write what is queued and stop."""
        if not self._closed.is_set():
            self._closed.set()
            self._hurry.set()
            self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        closing = False
        while not closing:
            batch = self._next_batch()
            closing = batch[-1] is None
            items = [item for item in batch if item is not None]
            if items:
                self._write(items)
            for _ in batch:
                self._queue.task_done()

    def _next_batch(self) -> list[T | None]:
        batch = [self._queue.get()]
        if batch[-1] is not None:
            self._hurry.wait(_LINGER_S)
        with suppress(Empty):
            while len(batch) < _BATCH and batch[-1] is not None:
                batch.append(self._queue.get_nowait())
        return batch
