"""Finds and loads the model that a training starts from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from service.errors import BadInput, BadSetting
from service.models.files import model_folder
from service.models.load import load_model
from service.models.profiles import Profile, find_encoder, find_reranker
from service.settings import Settings

Kind = Literal["encoder", "reranker"]


def find_base(
    name: str, kind: Kind, segmented: bool | None, settings: Settings, option: str = "--base"
) -> Profile:
    """How the base wants its text, unless `segmented` says otherwise.

    A cross-encoder may start from an encoder, too: it then gets a new head, and no prefix. Raises
    BadSetting, or BadInput for a built-in encoder.
    """
    profile = _find(name, kind, settings, option)
    if profile.kind != "sentence-transformers":
        raise BadInput(
            f"{option} {name} is {profile.kind}: training starts from a sentence-transformers "
            "model, by hub id or folder. What is built in adapts by itself: vifaq reindex --adapt"
        )
    if kind == "reranker":
        profile = replace(profile, prefix="")
    return profile if segmented is None else replace(profile, segmented=segmented)


def load_base(profile: Profile, kind: Kind, settings: Settings, option: str = "--base") -> Any:
    """A SentenceTransformer or CrossEncoder. Raises ModelUnavailable; safetensors only."""
    folder = model_folder(profile, settings.models_dir, option, "torch")
    model, _ = load_model(kind, profile, folder, backend="torch", threads=settings.threads)
    model.model_card_data.local_files_only = True  # or it asks the hub about the base
    return model


def _find(name: str, kind: Kind, settings: Settings, option: str) -> Profile:
    if kind == "encoder":
        return find_encoder(name, settings, option)
    try:
        return find_reranker(name, settings, option)
    except BadSetting:
        return find_encoder(name, settings, option)
