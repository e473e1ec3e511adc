"""Where a model's files are: a folder, the hub's cache, or the hub. Safetensors only."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from service.errors import ModelUnavailable
from service.models.profiles import Profile

# Graphs of the compiled backends. Quantised ones go first: a third of the time for under half a
# percent of quality.
GRAPHS = {
    "onnx": (
        "onnx/model_qint8_avx512_vnni.onnx",
        "onnx/model_quint8_avx2.onnx",
        "onnx/model_quantized.onnx",
        "onnx/model.onnx",
    ),
    "openvino": (
        "openvino/openvino_model_qint8_quantized.xml",
        "openvino/openvino_model.xml",
        "onnx/model.onnx",
    ),
}
# Everything a model needs but its weights: no pickle, no code.
_CONFIGURATION = ["*.json", "*.txt", "*.model", "*.codes", "?_*/*.safetensors"]
_SMALL = (".json", ".txt", ".model", ".codes")
_HUB_TIMEOUT_S = 10.0
_READ_WHOLE_BYTES = 64 * 2**20
_SAMPLES = 256
_SAMPLE_BYTES = 4096


def model_folder(profile: Profile, models_dir: Path | None, setting: str, backend: str) -> Path:
    """The folder of the model: given, cached, or fetched now.

    Raises ModelUnavailable that names `setting`, the command that fetches it, and what works
    without it.
    """
    if Path(profile.model).is_dir():
        return Path(profile.model)
    cached = cached_folder(profile, models_dir)
    return cached or pull(profile, models_dir, setting, backend)


def cached_folder(profile: Profile, models_dir: Path | None) -> Path | None:
    """The complete snapshot in the hub's cache, if there is one. Never touches the network."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        found = snapshot_download(
            profile.model, revision=profile.revision, cache_dir=models_dir, local_files_only=True
        )
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    folder = Path(found)
    return folder if (folder / "config.json").exists() else None


def pull(profile: Profile, models_dir: Path | None, setting: str, backend: str = "torch") -> Path:
    """Fetch the model into the hub's cache. Raises ModelUnavailable when that fails."""
    from huggingface_hub import HfApi, snapshot_download

    try:
        # Answers at once where a download would try again for half a minute.
        HfApi().model_info(profile.model, revision=profile.revision, timeout=_HUB_TIMEOUT_S)
        return Path(
            snapshot_download(
                profile.model,
                revision=profile.revision,
                cache_dir=models_dir,
                allow_patterns=_CONFIGURATION + _weights(backend),
            )
        )
    except Exception as error:  # whatever the hub's client raises: all of it means no model
        built_in = {"VIFAQ_ENCODER": "embedded", "VIFAQ_RERANKER": "nothing"}.get(setting)
        instead = f", or to {built_in}, which needs no download" if built_in else ""
        raise ModelUnavailable(
            f"{setting}={profile.name}: {profile.model} is not in the cache, and fetching it "
            f"failed ({_first_line(error)}). Run `vifaq models pull {profile.name}` where the hub "
            f"can be reached, or set {setting} to a folder that holds the model{instead}"
        ) from error


def require_safetensors(profile: Profile, folder: Path) -> None:
    """Raises ModelUnavailable when any part of the model has its weights in pickle alone."""
    for part in _parts(folder):
        has_weights = any(part.glob("*.safetensors"))
        has_pickle = any(part.glob("pytorch_model*.bin"))
        if has_weights or (part != folder and not has_pickle):  # pooling has no weights at all
            continue
        found = "only pickle weights, which can run code" if has_pickle else "no weights"
        raise ModelUnavailable(
            f"{profile.name}: {part} holds {found}. Only safetensors are loaded: choose a "
            "revision or a model that has them, or convert it with save_pretrained()"
        )


def fingerprint(folder: Path, weights: list[Path], options: dict[str, object]) -> str:
    """Tells models apart by configuration, tokeniser, weights and how they are used.

    A file above 64 MB is not read whole at every start: its size, its first bytes and 256 blocks
    spread over it stand for it. Training moves all weights, so it shows in the blocks.
    """
    digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    small = [path for path in folder.rglob("*") if path.suffix in _SMALL]
    for path in sorted({*small, *weights}):
        size = path.stat().st_size
        digest.update(f"{path.relative_to(folder)}:{size}".encode())
        with path.open("rb") as file:
            if size <= _READ_WHOLE_BYTES:
                digest.update(file.read())
                continue
            for block in range(_SAMPLES):
                file.seek(block * (size - _SAMPLE_BYTES) // (_SAMPLES - 1))
                digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()[:32]


def _weights(backend: str) -> list[str]:
    if backend == "torch":
        return ["*.safetensors"]
    graphs = GRAPHS[backend]
    return [*graphs, *(graph.replace(".xml", ".bin") for graph in graphs)]


def _parts(folder: Path) -> list[Path]:
    """The folders of a sentence-transformers model's modules; of any other model its own."""
    listing = folder / "modules.json"
    if not listing.exists():
        return [folder]
    modules = json.loads(listing.read_text(encoding="utf-8"))
    parts = [folder / module["path"] for module in modules]
    return [part for part in parts if part.is_dir()]


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
