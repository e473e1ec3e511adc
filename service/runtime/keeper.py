"""One thread that does small things again and again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic

import structlog


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to be done every so often."""

    name: str
    every_s: float
    do: Callable[[], None]


class Keeper:
    """Does chores in turn. A chore that fails is logged and done again when it is next due."""

    def __init__(self, chores: Sequence[Chore]) -> None:
        self._chores = chores
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finish the chore at hand and stop."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        due = {chore.name: monotonic() + chore.every_s for chore in self._chores}
        while not self._stopped.wait(max(0.0, min(due.values()) - monotonic())):
            for chore in self._chores:
                if monotonic() >= due[chore.name]:
                    self._do(chore)
                    due[chore.name] = monotonic() + chore.every_s

    def _do(self, chore: Chore) -> None:
        try:
            chore.do()
        except Exception:  # the thread must outlive a database that is away for a minute
            structlog.get_logger(__name__).exception("chore_failed", chore=chore.name)
