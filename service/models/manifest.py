"""vifaq.json: how a trained model wants its text, kept beside its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from service.errors import ModelUnavailable

_FILE = "vifaq.json"


class Manifest(BaseModel):
    """What a profile says of a model in the table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    use: Literal["encoder", "cross-encoder", "poly-encoder"]
    base: str
    segmented: bool = False
    prefix: str = ""
    max_tokens: int | None = None
    matryoshka: tuple[int, ...] = ()
    licence: str | None = None


def read_manifest(folder: Path) -> Manifest | None:
    """None for a folder without one. Raises ModelUnavailable when it is damaged."""
    path = folder / _FILE
    if not path.is_file():
        return None
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise ModelUnavailable(f"{path} is damaged: {error}") from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Beside the weights in `folder`."""
    (folder / _FILE).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
