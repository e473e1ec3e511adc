"""Loads sentence-transformers models: safetensors only, no code of the model's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from service.errors import ModelUnavailable, VifaqError
from service.models.files import require_safetensors
from service.models.profiles import Profile

Backend = Literal["torch", "onnx", "openvino"]
Use = Literal["encoder", "reranker"]


def load_model(
    use: Use, profile: Profile, folder: Path, *, backend: Backend, threads: int
) -> tuple[Any, list[Path]]:
    """A SentenceTransformer or CrossEncoder, and the files its weights came from.

    Raises BadSetting when the backend is not installed, ModelUnavailable when the files will not
    do.
    """
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        load = _load_torch if backend == "torch" else _load_compiled
        model, weights = load(use, profile, folder, backend, threads)
    except VifaqError:
        raise
    except Exception as error:  # whatever a damaged file makes the libraries raise
        raise ModelUnavailable(
            f"{profile.name}: the files in {folder} cannot be loaded ({error}). If they came from "
            f"the hub, delete the folder and run `vifaq models pull {profile.name}`"
        ) from error
    model.max_seq_length = _token_limit(profile, model)
    return model, weights


def _load_torch(
    use: Use, profile: Profile, folder: Path, backend: Backend, threads: int
) -> tuple[Any, list[Path]]:
    import torch
    from sentence_transformers import CrossEncoder, SentenceTransformer

    require_safetensors(profile, folder)
    torch.set_num_threads(threads)
    model = (SentenceTransformer if use == "encoder" else CrossEncoder)(
        str(folder),
        device="cuda" if torch.cuda.is_available() else "cpu",
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True, "dtype": torch.float32},
    )
    return model, list(folder.rglob("*.safetensors"))


def _load_compiled(
    use: Use, profile: Profile, folder: Path, backend: Backend, threads: int
) -> tuple[Any, list[Path]]:
    from sentence_transformers import CrossEncoder, SentenceTransformer

    from service.models.compiled import (
        CompiledTransformer,
        compiled_file,
        open_session,
        tail_modules,
    )

    graph = compiled_file(profile, folder, backend)
    session = open_session(graph, backend, threads)
    if use == "reranker":
        first = CompiledTransformer(folder, session, output="scores")
        return CrossEncoder(modules=[first], device="cpu"), [graph]
    first = CompiledTransformer(folder, session, output="token_embeddings")
    return SentenceTransformer(modules=[first, *tail_modules(folder)], device="cpu"), [graph]


def _token_limit(profile: Profile, model: Any) -> int:
    """How many tokens are read: the least of what profile, tokeniser and positions allow."""
    positions = model[0].config.max_position_embeddings - 2  # RoBERTa counts from its padding id
    limits = (profile.max_tokens, model.max_seq_length, positions)
    return min(limit for limit in limits if limit)
