"""Every model the service knows by name: one row each.

A row says how a model wants its text, so nobody has to remember it. `revision` pins the commit
whose files were listed when the row was written; where it is None, pin one yourself with an entry
of VIFAQ_ENCODERS or VIFAQ_RERANKERS, since a hub name alone may hold other weights tomorrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from service.errors import BadSetting
from service.models.manifest import Manifest, read_manifest
from service.settings import CustomModel, Settings

Kind = Literal["built-in", "sentence-transformers", "poly-encoder"]


@dataclass(frozen=True, slots=True)
class Profile:
    """How one encoder or reranker is loaded and fed."""

    name: str
    model: str  # hub id or folder; of a built-in model its name
    kind: Kind = "sentence-transformers"
    revision: str | None = None  # commit
    segmented: bool = False  # words joined by "_" before tokenising
    prefix: str = ""  # put before every text
    max_tokens: int | None = None  # None: what the model says
    licence: str | None = None  # None: its card names none
    note: str = ""


@dataclass(frozen=True, slots=True)
class EncoderProfile(Profile):
    """An encoder. Similarities from which to answer and to suggest are measured ones, or None."""

    dimension: int | None = None  # of a vector; smaller than the model's: truncated. None: its own
    matryoshka: tuple[int, ...] = ()  # dimensions it was trained to be cut to
    answer_at: float | None = None  # cosine
    suggest_at: float | None = None  # cosine


@dataclass(frozen=True, slots=True)
class RerankerProfile(Profile):
    """A cross-encoder with one output, a poly-encoder, or what is built in."""


ENCODERS: tuple[EncoderProfile, ...] = (
    EncoderProfile(
        "embedded",
        "embedded",
        kind="built-in",
        dimension=384,
        licence="the project's",
        note="ships with the service and adapts to each FAQ set; nothing to download",
    ),
    EncoderProfile(
        "lexical",
        "lexical",
        kind="built-in",
        dimension=1024,
        licence="the project's",
        # On the development sets, adapted: it answers 11 % of the questions, 89 % of them rightly,
        # and 2 % of those whose FAQ is missing; 90 % of the chit-chat lies below suggest_at.
        answer_at=0.8,
        suggest_at=0.3,
        note="shared words and letters, no meaning; nothing to download",
    ),
    EncoderProfile(
        "halong_embedding",
        "hiieu/halong_embedding",
        revision="21ccb84575bad4e9d104f38b002cf63d6d9c427a",
        max_tokens=512,
        dimension=768,
        matryoshka=(768, 512, 256, 128, 64),
        licence="apache-2.0",
        note="from multilingual-e5-base, but its card has no prefix",
    ),
    EncoderProfile(
        "vietnamese-sbert",
        "keepitreal/vietnamese-sbert",
        revision="fbc8fbaffd05b718569ad643b7f725a64e5a930a",  # has safetensors; main has pickle
        segmented=True,
        max_tokens=256,
        dimension=768,
        note="PhoBERT; vi-STS-B Pearson 84.5",
    ),
    EncoderProfile(
        "vietnamese-bi-encoder",
        "bkai-foundation-models/vietnamese-bi-encoder",
        segmented=True,
        max_tokens=256,
        dimension=768,
        licence="apache-2.0",
        note="PhoBERT; Zalo legal Acc@1 73.3 on its own split",
    ),
    EncoderProfile(
        "vietnamese-embedding",
        "dangvantuan/vietnamese-embedding",
        segmented=True,
        max_tokens=256,
        dimension=768,
        licence="apache-2.0",
        note="PhoBERT",
    ),
    EncoderProfile(
        "Vietnamese_Embedding",
        "AITeamVN/Vietnamese_Embedding",
        max_tokens=2048,
        dimension=1024,
        licence="apache-2.0",
        note="BGE-M3; strong on support questions, heavy on a CPU",
    ),
    EncoderProfile(
        "multilingual-e5-base",
        "intfloat/multilingual-e5-base",
        revision="d13f1b27baf31030b7fd040960d60d909913633f",
        prefix="query: ",  # on both sides, since question is compared with question
        max_tokens=512,
        dimension=768,
        licence="mit",
        note="cosines lie in 0.7-1.0 by design",
    ),
)

RERANKERS: tuple[RerankerProfile, ...] = (
    RerankerProfile(
        "built-in",
        "built-in",
        kind="built-in",
        licence="the project's",
        note="word by word, over the embedded encoder; nothing to download, gains little",
    ),
    RerankerProfile(
        "bge-reranker-v2-m3",
        "BAAI/bge-reranker-v2-m3",
        revision="8357406e72e230a8682a808df284d5dd077e39c7",
        max_tokens=512,
        licence="apache-2.0",
        note="XLM-R large: heavy on a CPU",
    ),
    RerankerProfile(
        "PhoRanker",
        "itdainb/PhoRanker",
        revision="8cd728d84c817666a1b0a358669d5c1e6b06f54f",
        segmented=True,
        max_tokens=256,
        licence="apache-2.0",
        note="PhoBERT; 4-5 times faster than bge-reranker-v2-m3",
    ),
    RerankerProfile("ViRanker", "namdp-ptit/ViRanker", max_tokens=512, note="BGE-M3"),
    RerankerProfile(
        "Vietnamese_Reranker", "AITeamVN/Vietnamese_Reranker", max_tokens=512, note="BGE-M3"
    ),
)

AnyProfile = TypeVar("AnyProfile", bound=Profile)


def encoder_profile(settings: Settings) -> EncoderProfile:
    """The profile VIFAQ_ENCODER names. Raises BadSetting that lists the names there are."""
    return find_encoder(settings.encoder, settings)


def find_encoder(name: str, settings: Settings, setting: str = "VIFAQ_ENCODER") -> EncoderProfile:
    """By name, hub id or folder; entries of VIFAQ_ENCODERS go first.

    Raises BadSetting that names `setting`, ModelUnavailable for a damaged folder.
    """
    return _find(name, all_encoders(settings), setting, EncoderProfile)


def find_reranker(
    name: str, settings: Settings, setting: str = "VIFAQ_RERANKER"
) -> RerankerProfile:
    """By name, hub id or folder; entries of VIFAQ_RERANKERS go first. Raises as find_encoder."""
    return _find(name, all_rerankers(settings), setting, RerankerProfile)


def all_encoders(settings: Settings) -> list[EncoderProfile]:
    """The user's own, then those of the table that they do not replace."""
    own = [
        EncoderProfile(**_fields(name, entry), dimension=entry.dimension)
        for name, entry in settings.encoders.items()
    ]
    return own + [profile for profile in ENCODERS if profile.name not in settings.encoders]


def all_rerankers(settings: Settings) -> list[RerankerProfile]:
    """The user's own, then those of the table that they do not replace."""
    own = [RerankerProfile(**_fields(name, entry)) for name, entry in settings.rerankers.items()]
    return own + [profile for profile in RERANKERS if profile.name not in settings.rerankers]


def _fields(name: str, entry: CustomModel) -> dict[str, Any]:
    return {"name": name, "note": "from the settings", **entry.model_dump(exclude={"dimension"})}


def _find(
    name: str, profiles: Sequence[AnyProfile], setting: str, kind: type[AnyProfile]
) -> AnyProfile:
    for profile in profiles:
        if name in (profile.name, profile.model):
            return profile
    if name and Path(name).is_dir():
        return _of_folder(name, setting, kind)
    if name.count("/") == 1:  # a hub id without a row
        return kind(name, name, note="not in the table: plain text, no prefix")
    known = ", ".join(profile.name for profile in profiles)
    raise BadSetting(
        f"{setting} is {name!r}: neither a known name ({known}) nor a hub id (owner/name) "
        "nor a folder that exists"
    )


def _of_folder(name: str, setting: str, kind: type[AnyProfile]) -> AnyProfile:
    """A model that was trained here says itself how it wants its text."""
    manifest = read_manifest(Path(name))
    if manifest is None:
        return kind(name, name, note="not in the table: plain text, no prefix")
    if (manifest.use == "encoder") is not (kind is EncoderProfile):
        raise BadSetting(f"{setting} is {name!r}, which holds a {manifest.use}")
    return kind(name, name, **_manifest_fields(manifest))


def _manifest_fields(manifest: Manifest) -> dict[str, Any]:
    fields = manifest.model_dump(include={"segmented", "prefix", "max_tokens", "licence"})
    if manifest.use == "encoder":
        fields["matryoshka"] = manifest.matryoshka
    if manifest.use == "poly-encoder":
        fields["kind"] = "poly-encoder"
    return {**fields, "note": f"trained from {manifest.base}"}
