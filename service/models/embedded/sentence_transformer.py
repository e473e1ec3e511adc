"""The embedded encoder for programs that speak sentence-transformers.

`SentenceTransformer("…/service/models/embedded", trust_remote_code=True)` finds this class through
modules.json; the flag is sentence-transformers' price for any class that is not its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from sentence_transformers.base.modules.input_module import InputModule

from service.models.embedded.encoder import WEIGHTS, EmbeddedEncoder
from service.models.embedded.table import load_table
from service.text.courtesy import Courtesies
from service.text.lexicon import Lexicon
from service.text.path import TextPath
from service.text.segment import PyviSegmenter
from service.text.spelling import Speller

_MAX_CHARS = 4000


class EmbeddedModule(InputModule):
    """Raw text in, unit vectors out; the text path is inside. Inference only."""

    modalities = ["text"]  # noqa: RUF012 - declared so by the base class

    def __init__(self, encoder: EmbeddedEncoder) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._encoder = encoder
        self._text = TextPath(
            PyviSegmenter(), Lexicon.load(), Speller.load(), Courtesies.load(), max_chars=_MAX_CHARS
        )

    def preprocess(
        self, inputs: Sequence[Any], prompt: str | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        """{"vectors": (n, dim) float32}; raises BadInput for an empty text."""
        texts = self._text.prepare_all((prompt or "") + text for text in inputs)
        return {"vectors": torch.from_numpy(self._encoder.encode(texts))}

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Name the vectors as sentence-transformers expects them."""
        return {**features, "sentence_embedding": features["vectors"]}

    def get_embedding_dimension(self) -> int:
        """Length of a vector."""
        return self._encoder.dimension

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """Write the weights."""
        self._encoder.table.save(Path(output_path) / WEIGHTS, {})

    @classmethod
    def load(  # type: ignore[override]
        cls, model_name_or_path: str, subfolder: str = "", **kwargs: Any
    ) -> EmbeddedModule:
        """From a local folder that holds the weights."""
        return cls(EmbeddedEncoder(load_table(Path(model_name_or_path) / subfolder / WEIGHTS)))
