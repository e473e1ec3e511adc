"""What the trainer needs to know of an objective."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from service.train.measure import Figures

if TYPE_CHECKING:
    import torch
    from datasets import Dataset

AS_WRITTEN, NO_MARKS = "as written", "no marks"

Use = Literal["encoder", "cross-encoder", "poly-encoder"]


@dataclass(frozen=True, slots=True)
class Job:
    """One objective over one model. Measuring looks at the model as it is at that moment."""

    use: Use
    model: Any  # SentenceTransformer or CrossEncoder
    rows: Dataset
    loss: torch.nn.Module
    figures: Mapping[str, Callable[[], Figures]]  # on the held-out families; AS_WRITTEN is one
    save: Callable[[Path], None]
    distinct: bool = False  # no text twice in a batch: the others' positives are negatives
