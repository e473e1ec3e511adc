"""How a long training talks to whoever started it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from service.ports import OnProgress


@dataclass(frozen=True, slots=True)
class Told:
    """Steps for a bar, and lines for people."""

    progress: OnProgress
    note: Callable[[str], None]
