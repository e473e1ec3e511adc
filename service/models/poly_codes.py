"""The poly-encoder itself, as a module of sentence-transformers. Imported only when asked for.

Humeau, Shuster, Lachaux and Weston 2020, "Poly-encoders: architectures and pre-training
strategies for fast and accurate multi-sentence scoring": m learned codes attend to the tokens of
the question and give m views of it; a passage, one vector that can be computed beforehand, attends
to the views, and its score is its product with what it saw. Unlike the paper, views and passages
are L2-normalised and the products scaled, so that any pre-trained backbone starts well.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from sentence_transformers.base.modules import Module
from torch import Tensor
from torch.nn.functional import normalize

SCALE = 20.0  # of cosines, before a softmax
_FOLDER, _WEIGHTS = "poly", "codes.safetensors"
_BATCH = 64


class PolyCodes(Module):  # type: ignore[misc, unused-ignore]
    """Last module of a poly-encoder: adds the question's views to what the backbone gives."""

    config_keys = ["count", "dimension"]  # noqa: RUF012 - as sentence-transformers declares it

    def __init__(self, count: int, dimension: int) -> None:
        """Codes near zero attend to all tokens alike, as mean pooling does: a good start."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.count, self.dimension = count, dimension
        self.codes = torch.nn.Parameter(torch.randn(count, dimension) / dimension)

    def forward(self, features: dict[str, Tensor], **_: Any) -> dict[str, Tensor]:
        """Adds "views", (n, count, dimension), L2-normalised."""
        tokens = features["token_embeddings"]  # (n, tokens, dimension)
        attention = torch.einsum("md,ntd->nmt", self.codes, tokens)
        hidden = features["attention_mask"][:, None, :] == 0
        weights = attention.masked_fill(hidden, float("-inf")).softmax(dim=-1)
        return {**features, "views": normalize(weights @ tokens, dim=-1)}

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """Configuration and codes."""
        self.save_config(output_path)
        save_file({"codes": self.codes.detach().cpu().contiguous()}, Path(output_path, _WEIGHTS))

    @classmethod
    def load(cls, model_name_or_path: str, *args: Any, **kwargs: Any) -> PolyCodes:
        """From a folder that `save` wrote."""
        codes = load_file(Path(model_name_or_path, kwargs.get("subfolder", ""), _WEIGHTS))["codes"]
        module = cls(*codes.shape)
        module.load_state_dict({"codes": codes})
        return module


def match(views: Tensor, passages: Tensor) -> Tensor:
    """(n, k) cosines of n questions' views (n, m, d) with each one's k passages (n, k, d)."""
    near = torch.einsum("nkd,nmd->nkm", passages, views)
    seen = (SCALE * near).softmax(dim=-1) @ views  # (n, k, d): the question as each passage sees it
    return (normalize(seen, dim=-1) * passages).sum(dim=-1)


def with_codes(backbone: Any, codes: PolyCodes) -> Any:
    """A SentenceTransformer that gives views as well."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(modules=[*backbone, codes.to(backbone.device)])


def save_poly(model: Any, folder: Path) -> None:
    """The backbone as a model of its own, the codes in a folder beside it."""
    from sentence_transformers import SentenceTransformer

    *backbone, codes = list(model)
    SentenceTransformer(modules=backbone).save(str(folder), create_model_card=False)
    (folder / _FOLDER).mkdir()
    codes.save(str(folder / _FOLDER))


def load_codes(folder: Path) -> PolyCodes:
    """The codes that `save_poly` wrote."""
    return PolyCodes.load(str(folder / _FOLDER))


class PolyEncoder:
    """Scores written texts. Not thread-safe."""

    def __init__(self, model: Any) -> None:
        """model: as `with_codes` makes it."""
        self._model = model

    def views(self, texts: Sequence[str]) -> Tensor:
        """(n, m, d) of questions."""
        return self._run(texts, "views")

    def vectors(self, texts: Sequence[str]) -> Tensor:
        """(n, d) of passages, L2-normalised."""
        return normalize(self._run(texts, "sentence_embedding"), dim=-1)

    @torch.inference_mode()
    def _run(self, texts: Sequence[str], feature: str) -> Tensor:
        from sentence_transformers.util import batch_to_device

        self._model.eval()
        parts = []
        for start in range(0, len(texts), _BATCH):
            features = self._model.preprocess(list(texts[start : start + _BATCH]))
            parts.append(self._model(batch_to_device(features, self._model.device))[feature])
        return torch.cat(parts)
