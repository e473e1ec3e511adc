"""From settings to models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from service.errors import BadSetting
from service.models.embedded.adapter import EmbeddedAdapter
from service.models.embedded.encoder import EmbeddedEncoder, open_embedded_encoder
from service.models.files import cached_folder, pull
from service.models.lexical import LexicalAdapter, LexicalEncoder
from service.models.poly import open_poly_encoder
from service.models.profiles import (
    Profile,
    all_encoders,
    all_rerankers,
    encoder_profile,
    find_encoder,
    find_reranker,
)
from service.models.ranker.reranker import open_built_in_reranker
from service.models.reranker import Prepare, open_cross_encoder
from service.models.residual import ResidualAdapter
from service.models.transformer import open_transformer
from service.ports import Adapter, Encoder, Reranker
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as `vifaq models list` shows it."""

    profile: Profile
    use: Literal["encoder", "reranker"]
    chosen: bool  # by the settings
    ready: bool  # its files are here


def open_encoder(settings: Settings) -> Encoder:
    """The encoder VIFAQ_ENCODER names. Raises BadSetting or ModelUnavailable."""
    profile = encoder_profile(settings)
    match profile.name:
        case "embedded":
            return open_embedded_encoder()
        case "lexical":
            return LexicalEncoder()
        case _:
            return open_transformer(profile, settings)


def open_adapter(encoder: Encoder) -> Adapter:
    """What teaches an encoder an FAQ set."""
    if isinstance(encoder, EmbeddedEncoder):
        return EmbeddedAdapter(encoder)
    if isinstance(encoder, LexicalEncoder):
        return LexicalAdapter()
    return ResidualAdapter(encoder)


def open_reranker(settings: Settings, prepare: Prepare) -> Reranker | None:
    """The reranker VIFAQ_RERANKER names, None without one. Raises BadSetting, ModelUnavailable.

    `prepare` is the text path: passages come as they are stored.
    """
    if settings.reranker is None:
        return None
    profile = find_reranker(settings.reranker, settings)
    match profile.kind:
        case "built-in":
            _require_embedded(settings)
            return open_built_in_reranker(prepare)
        case "poly-encoder":
            return open_poly_encoder(profile, settings, prepare)
        case _:
            return open_cross_encoder(profile, settings, prepare)


def _require_embedded(settings: Settings) -> None:
    """Its weights were fitted to the cosines and the word vectors of that encoder."""
    if settings.encoder != "embedded":
        raise BadSetting(
            f"VIFAQ_RERANKER=built-in works with VIFAQ_ENCODER=embedded, not {settings.encoder}"
        )


def list_models(settings: Settings) -> list[ModelInfo]:
    """All that can be named in the settings, encoders first. Never touches the network."""
    encoders = [
        ModelInfo(profile, "encoder", _names(settings.encoder, profile), _ready(profile, settings))
        for profile in all_encoders(settings)
    ]
    rerankers = [
        ModelInfo(
            profile, "reranker", _names(settings.reranker, profile), _ready(profile, settings)
        )
        for profile in all_rerankers(settings)
    ]
    return encoders + rerankers


def pull_model(name: str, settings: Settings) -> Path:
    """Fetch an encoder or reranker. Raises BadSetting, or ModelUnavailable when that fails."""
    rerankers = {key for p in all_rerankers(settings) for key in (p.name, p.model)}
    if name in rerankers:
        reranker = find_reranker(name, settings)
        _require_files(reranker)
        return pull(reranker, settings.models_dir, "VIFAQ_RERANKER", settings.reranker_backend)
    profile = find_encoder(name, settings)
    _require_files(profile)
    return pull(profile, settings.models_dir, "VIFAQ_ENCODER", settings.encoder_backend)


def _require_files(profile: Profile) -> None:
    if profile.kind == "built-in":
        raise BadSetting(f"{profile.name} is built in: there is nothing to fetch")


def _names(setting: str | None, profile: Profile) -> bool:
    return setting in (profile.name, profile.model)


def _ready(profile: Profile, settings: Settings) -> bool:
    if profile.kind == "built-in" or Path(profile.model).is_dir():
        return True
    return cached_folder(profile, settings.models_dir) is not None
