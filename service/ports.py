"""What the core needs from the outside, as small Protocols. Pure functions get no port."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from service.domain import (
    Candidate,
    Faq,
    FaqChange,
    FloatArray,
    Hit,
    PreparedFaq,
    PreparedText,
    Progress,
    Row,
)

OnProgress = Callable[[Progress], None]


class Segmenter(Protocol):
    """Joins the syllables of each Vietnamese word with "_"."""

    @property
    def version(self) -> str:
        """Changes whenever any text could be segmented differently."""
        ...

    def segment(self, text: str, /) -> str:
        """`học phí` → `học_phí`; text without marks is left as it is."""
        ...


class Encoder(Protocol):
    """Turns texts into vectors."""

    @property
    def name(self) -> str:
        """Profile name, as in VIFAQ_ENCODER."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever any text could get another vector."""
        ...

    def encode(self, texts: Sequence[PreparedText], /) -> FloatArray:
        """(n, dimension) float32, L2-normalised; a text with no known feature is a zero row."""
        ...


class Adapter(Protocol):
    """Teaches one encoder one FAQ set. What it learned travels as bytes, with the index."""

    def adapt(self, faqs: Sequence[PreparedFaq], /, *, on_progress: OnProgress) -> bytes:
        """The artefact: only what moved. Deterministic for the same FAQs and base encoder."""
        ...

    def variants(self, artefact: bytes, /) -> list[bytes]:
        """The same learning applied more or less strongly, the most careful first."""
        ...

    def load(self, artefact: bytes, /) -> Encoder:
        """The adapted encoder. Raises BadInput when the artefact belongs to another base."""
        ...


class Reranker(Protocol):
    """Scores candidates against the question by reading both together."""

    @property
    def name(self) -> str:
        """Profile name, as in VIFAQ_RERANKER."""
        ...

    def score(
        self, question: PreparedText, candidates: Sequence[Candidate], encoder: Encoder, /
    ) -> FloatArray:
        """(n,) float32, higher is better, in the order of the candidates.

        encoder: the one that found them, for rerankers that build on it.
        """
        ...


@runtime_checkable
class ExplainingReranker(Reranker, Protocol):
    """A Reranker that can say what its scores are made of."""

    def explain(
        self, question: PreparedText, candidates: Sequence[Candidate], encoder: Encoder, /
    ) -> tuple[FloatArray, list[Mapping[str, float]]]:
        """What `score` gives, and of each candidate its features by name."""
        ...


class FaqSource(Protocol):
    """The FAQ database as an index builder sees it."""

    def last_seq(self, set_name: str, /) -> int:
        """The newest edit of the set. Raises NotFound when there is no such set."""
        ...

    def lexicon(self, set_name: str, /) -> dict[str, str]:
        """The set's own abbreviations and synonyms: what is typed → what it means."""
        ...

    def iterate(self, set_name: str, /) -> Iterator[Faq]:
        """All FAQs of the set by id, in bounded memory."""
        ...

    def changes_after(self, set_name: str, seq: int, /, *, limit: int = 1000) -> list[FaqChange]:
        """Edits with a higher seq, in order."""
        ...


class VectorStore(Protocol):
    """Named collections of rows with vectors, searched by cosine."""

    def create(self, collection: str, /) -> None:
        """Make an empty collection; one left over under that name is dropped first."""
        ...

    def upsert(self, collection: str, rows: Sequence[Row], vectors: FloatArray, /) -> None:
        """Write rows, durable on return. vectors: (n, dim) float32, L2-normalised."""
        ...

    def replace_faqs(
        self, collection: str, faq_ids: Sequence[str], rows: Sequence[Row], vectors: FloatArray, /
    ) -> None:
        """Delete all rows of these FAQs that are not in `rows`, and write `rows`."""
        ...

    def search(
        self, collection: str, vectors: FloatArray, /, *, k: int, tags: Sequence[str] = ()
    ) -> list[list[Hit]]:
        """Per vector, up to k hits, best first; with tags, only rows that carry all of them."""
        ...

    def count(self, collection: str, /) -> int:
        """Number of rows. Raises IndexGone when there is no such collection."""
        ...

    def collections(self) -> list[str]:
        """Names of all collections."""
        ...

    def drop(self, collection: str, /) -> None:
        """Remove a collection; one that is already gone is fine."""
        ...

    def close(self) -> None:
        """Release files and locks."""
        ...
