"""What the pipeline needs to know of one set's live index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from service.domain import IndexRef, PreparedText
from service.pipeline.confidence import Confidence
from service.pipeline.small_talk import SmallTalk
from service.ports import Encoder, VectorStore


class TextPath(Protocol):
    """The one way from a typed text to what encoders are given."""

    def prepare(self, text: str, /) -> PreparedText:
        """Normalised, abbreviations written out, segmented."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class OpenIndex:
    """A live index with everything that belongs to it: they change together or not at all."""

    ref: IndexRef
    text: TextPath
    encoder: Encoder  # the adapted one, if the index was built with it
    store: VectorStore
    collection: str
    confidence: Confidence
    small_talk: SmallTalk | None = None
