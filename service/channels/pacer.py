"""Keeps calls to one account apart."""

from __future__ import annotations

import threading
import time


class Pacer:
    """At most `rate_per_s` calls a second from this process, evenly spaced. Thread-safe."""

    def __init__(self, rate_per_s: float) -> None:
        self._gap_s = 1 / rate_per_s
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        """Return when it is this caller's turn."""
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now)
            self._next = turn + self._gap_s
        time.sleep(turn - now)
