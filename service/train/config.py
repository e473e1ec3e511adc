"""What a training run is told."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One run. The defaults suit small models and FAQ sets up to a few thousand FAQs."""

    base: str  # profile name, hub id or folder
    data: tuple[Path, ...]
    out: Path  # a folder that does not exist yet
    loss: str
    epochs: int = 4
    batch_size: int = 32
    learning_rate: float = 5e-5
    max_steps: int | None = None  # of the optimiser; None: all epochs
    segmented: bool | None = None  # words joined by "_"; None: as the base wants its text
    matryoshka: tuple[int, ...] = ()  # smaller dimensions that shall work as well
    teacher: str | None = None  # a cross-encoder, for distillation
    licence: str | None = None  # of the result, as the user gives it
    seed: int = 0
    resume: bool = False

    def recipe(self) -> dict[str, Any]:
        """All that decides the result, as JSON: a run may only be resumed with the same."""
        skipped = {"out", "resume", "data"}
        chosen = {f.name: asdict(self)[f.name] for f in fields(self) if f.name not in skipped}
        chosen["matryoshka"] = list(self.matryoshka)
        return chosen | {"data": {str(path): digest(path) for path in self.data}}


def digest(path: Path) -> str:
    """SHA-256 of a file, or of all files of a folder; empty when there is nothing."""
    found = hashlib.sha256()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        if file.is_file():
            found.update(json.dumps(file.name).encode())
            found.update(file.read_bytes())
    return found.hexdigest()
