"""Where a training writes until it is done: a folder beside its output, renamed at the end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from service.errors import BadInput, Conflict

_RECIPE, _LOCK = "recipe.json", "lock"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A hidden sibling of the output. It outlives a kill, so that the run can be resumed."""

    folder: Path
    out: Path

    @property
    def checkpoints(self) -> Path:
        """For the trainer."""
        return self.folder / "checkpoints"

    def publish(self, write: Callable[[Path], None]) -> None:
        """Let `write` fill a folder, and rename it to the output: it appears whole."""
        finished = self.folder / "model"
        shutil.rmtree(finished, ignore_errors=True)
        finished.mkdir()
        write(finished)
        finished.rename(self.out)


@contextmanager
def workspace(
    out: Path, recipe: Mapping[str, Any], *, resume: bool, has_progress: Callable[[Path], bool]
) -> Iterator[Workspace]:
    """Made or taken up again; gone when the output is there or nothing is worth keeping.

    Raises BadInput when `out` exists, when there is something to resume and nobody asked for it,
    or the reverse, or when the recipe is not the one it was begun with; Conflict when another
    process is at it.
    """
    if out.exists():
        raise BadInput(f"--out {out} exists already; choose another name or remove it")
    place = Workspace(out.absolute().parent / f".{out.name}.training", out.absolute())
    place.folder.mkdir(parents=True, exist_ok=True)
    with _locked(place.folder):
        try:
            begun = has_progress(place.checkpoints)
            _check(place, recipe, resume=resume, begun=begun)
            if not begun:
                shutil.rmtree(place.checkpoints, ignore_errors=True)
            yield place
        finally:
            if out.exists() or not has_progress(place.checkpoints):
                shutil.rmtree(place.folder)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise Conflict(f"Another training is writing to {folder}; wait until it is done") from error
    try:
        yield
    finally:
        lock.release()


def _check(place: Workspace, recipe: Mapping[str, Any], *, resume: bool, begun: bool) -> None:
    path = place.folder / _RECIPE
    if begun and not resume:
        raise BadInput(
            f"{place.folder} holds an unfinished training; continue it with --resume, or remove it"
        )
    if resume and not begun:
        raise BadInput(f"There is no checkpoint in {place.folder}; start without --resume")
    if not begun:
        path.write_text(json.dumps(recipe), encoding="utf-8")
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    changed = sorted(key for key in recipe if recipe[key] != before.get(key))
    if changed:
        raise BadInput(
            f"--resume needs the same options and data; changed: {', '.join(changed)}. "
            f"Start again after removing {place.folder}"
        )
