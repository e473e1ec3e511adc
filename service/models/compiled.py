"""A transformer as an ONNX or OpenVINO graph, in place of torch. Imported only when asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from sentence_transformers.base.modules import InputModule

from service.errors import BadSetting, ModelUnavailable
from service.models.files import GRAPHS
from service.models.profiles import Profile

Arrays = Mapping[str, npt.NDArray[np.int64]]


class Session(Protocol):
    """A loaded graph."""

    @property
    def inputs(self) -> Sequence[str]:
        """Names of the arrays it wants."""
        ...

    def run(self, arrays: Arrays, /) -> npt.NDArray[np.float32]:
        """The first output: token vectors (n, tokens, dim) or logits (n, labels)."""
        ...


class OnnxSession:
    """Session over ONNX Runtime, on the CPU."""

    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # errors
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self.inputs = [put.name for put in self._session.get_inputs()]
        self._output = self._session.get_outputs()[0].name

    def run(self, arrays: Arrays, /) -> npt.NDArray[np.float32]:
        """See Session."""
        return np.asarray(self._session.run([self._output], dict(arrays))[0], dtype=np.float32)


class OpenVinoSession:
    """Session over OpenVINO, on the CPU. It reads ONNX files too."""

    def __init__(self, path: Path, threads: int) -> None:
        import openvino

        options = {
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "f32",  # else a CPU with bf16 gives other vectors
            "PERFORMANCE_HINT": "LATENCY",
        }
        self._compiled = openvino.Core().compile_model(str(path), "CPU", options)
        self.inputs = [put.any_name for put in self._compiled.inputs]

    def run(self, arrays: Arrays, /) -> npt.NDArray[np.float32]:
        """See Session."""
        return np.asarray(self._compiled(dict(arrays))[0], dtype=np.float32)


class CompiledTransformer(InputModule):
    """First module of a sentence-transformers model: tokenises, then runs the graph."""

    def __init__(self, folder: Path, session: Session, output: str) -> None:
        """`output` is the feature that the next module, or the caller, reads."""
        from transformers import AutoConfig, AutoTokenizer

        super().__init__()  # type: ignore[no-untyped-call]
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.config = AutoConfig.from_pretrained(folder, local_files_only=True)
        self.max_seq_length: int = self.tokenizer.model_max_length
        self._session = session
        self._output = output

    def preprocess(
        self, inputs: Sequence[Any], prompt: str | None = None, **_: Any
    ) -> dict[str, torch.Tensor]:
        """Texts, or pairs of texts, to padded token ids."""
        if isinstance(inputs[0], str):
            columns = [[(prompt or "") + text for text in inputs]]
        else:
            columns = [list(column) for column in zip(*inputs, strict=True)]
        encoded = self.tokenizer(
            *columns,
            padding=True,
            truncation=True,
            max_length=self.max_seq_length,
            return_tensors="pt",
        )
        return dict(encoded)

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Adds the graph's output to the features."""
        arrays = {name: features[name].numpy() for name in self._session.inputs}
        features[self._output] = torch.from_numpy(self._session.run(arrays))
        return features

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """Not needed: a graph is loaded, never changed."""
        raise NotImplementedError


def compiled_file(profile: Profile, folder: Path, backend: str) -> Path:
    """The best graph this CPU can run. Raises ModelUnavailable when the model has none."""
    for name in GRAPHS[backend]:
        if (folder / name).exists() and ("vnni" not in name or _has_vnni()):
            return folder / name
    raise ModelUnavailable(
        f"{profile.name}: {folder} holds no graph for the {backend} backend "
        f"({', '.join(GRAPHS[backend])}). Set the backend to torch, or export the model there"
    )


def open_session(path: Path, backend: str, threads: int) -> Session:
    """Raises BadSetting that names the extra to install when the runtime is missing."""
    try:
        if backend == "onnx":
            return OnnxSession(path, threads)
        return OpenVinoSession(path, threads)
    except ImportError as error:
        raise BadSetting(
            f'The {backend} backend is not installed: pip install "vifaq[{backend}]", or set the '
            "backend to torch"
        ) from error


def tail_modules(folder: Path) -> list[torch.nn.Module]:
    """What follows the transformer: pooling, and whatever the model puts after it."""
    import json

    from sentence_transformers.base.modules import Dense
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

    kinds = {kind.__name__: kind for kind in (Dense, Normalize, Pooling)}
    listing = folder / "modules.json"
    if not listing.exists():
        raise ModelUnavailable(f"{folder} has no modules.json, so how to pool is not known")
    modules = []
    for module in json.loads(listing.read_text(encoding="utf-8"))[1:]:
        kind = kinds.get(module["type"].rpartition(".")[2])
        if kind is None:
            raise ModelUnavailable(f"{folder}: {module['type']} runs on the torch backend only")
        modules.append(kind.load(str(folder), subfolder=module["path"], local_files_only=True))
    return modules


def _has_vnni() -> bool:
    info = Path("/proc/cpuinfo")
    return info.exists() and "avx512_vnni" in info.read_text()
