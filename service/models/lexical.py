"""The built-in encoder that has learned nothing: it sees shared words and letters, not meaning.

A text is the bag of its words as written, its words without marks, and the letter 3- to 5-grams of
those, hashed with a sign into a vector (Weinberger et al. 2009, "Feature hashing for large scale
multitask learning"). Weights are sub-linear counts; adapted to an FAQ set, they carry BM25's IDF
of that set as well, which is what tells "học phí" from "cho em hỏi".
"""

from __future__ import annotations

import hashlib
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from service.domain import FloatArray, PreparedFaq, PreparedText, Progress
from service.errors import BadInput
from service.ports import OnProgress
from service.text.diacritics import fold

DIMENSION = 1024
_VERSION = "lexical-1"
_WORD = re.compile(r"\w+")
_GRAMS = (3, 4, 5)
_WRITTEN, _FOLDED, _GRAM = "w", "f", "g"
_WEIGHTS = {_WRITTEN: 1.0, _FOLDED: 1.0, _GRAM: 0.7}  # found on development sets

Hashes = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class FeatureCounts:
    """In how many FAQs of a set each feature occurs."""

    faqs: int
    hashes: Hashes  # (n,) rising
    counts: Hashes  # (n,)

    def idf(self, hashes: Hashes) -> FloatArray:
        """(m,) BM25's IDF; a feature that is new to the set counts as the rarest."""
        found = np.zeros(len(hashes), dtype=np.float32)
        if len(self.hashes):
            at = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
            found = np.where(self.hashes[at] == hashes, self.counts[at], 0).astype(np.float32)
        return np.log1p((self.faqs - found + 0.5) / (found + 0.5))


class LexicalEncoder:
    """Deterministic, no download, stateless; loads at once."""

    name = "lexical"
    dimension = DIMENSION

    def __init__(self, learned: FeatureCounts | None = None) -> None:
        self._learned = learned
        self.fingerprint = _VERSION
        if learned:
            digest = hashlib.sha256(learned.hashes.tobytes() + learned.counts.tobytes())
            self.fingerprint += f"-{learned.faqs}-{digest.hexdigest()[:16]}"

    def encode(self, texts: Sequence[PreparedText], /) -> FloatArray:
        """(n, 1024) float32, L2-normalised; a text without letters or digits is a zero row."""
        vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            hashes, weights = _hashed(text)
            if self._learned:
                weights = weights * self._learned.idf(hashes)
            signed = np.where(hashes & 0x80000000, -weights, weights)
            vector += np.bincount(hashes % DIMENSION, signed, DIMENSION).astype(np.float32)
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        np.divide(vectors, norms, out=vectors, where=norms > 0)
        return vectors


class LexicalAdapter:
    """Learns how common every feature is in an FAQ set (ports.Adapter)."""

    def adapt(self, faqs: Sequence[PreparedFaq], /, *, on_progress: OnProgress) -> bytes:
        """The counts, about 8 bytes a feature."""
        counts: Counter[int] = Counter()
        for done, faq in enumerate(faqs):
            if done % 1000 == 0:
                on_progress(Progress("adapt", done, len(faqs)))
            texts = (faq.question, *faq.alternates)
            counts.update({feature for text in texts for feature in _hashed(text)[0].tolist()})
        on_progress(Progress("adapt", len(faqs), len(faqs)))
        hashes = sorted(counts)
        file = io.BytesIO()
        np.savez_compressed(
            file,
            version=np.array(_VERSION),
            faqs=np.array(len(faqs)),
            hashes=np.array(hashes, dtype=np.uint32),
            counts=np.array([counts[h] for h in hashes], dtype=np.uint32),
        )
        return file.getvalue()

    def variants(self, artefact: bytes, /) -> list[bytes]:
        """Only itself: counts are counts."""
        return [artefact]

    def load(self, artefact: bytes, /) -> LexicalEncoder:
        """The encoder with that IDF. Raises BadInput when the artefact is not one of these."""
        try:
            with np.load(io.BytesIO(artefact), allow_pickle=False) as learned:
                if str(learned["version"]) != _VERSION:
                    raise BadInput(f"Adapted for {learned['version']}, not {_VERSION}: reindex.")
                counts = FeatureCounts(int(learned["faqs"]), learned["hashes"], learned["counts"])
        except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
            raise BadInput("These are not weights of the lexical encoder: reindex.") from error
        return LexicalEncoder(counts)


def _hashed(text: PreparedText) -> tuple[Hashes, FloatArray]:
    """((n,) hashes, (n,) weights) of the distinct features of a text."""
    counts = Counter(_features(text))
    hashes = np.array([zlib.crc32(feature.encode()) for feature in counts], dtype=np.uint32)
    # CRC-32 is linear: alike letter groups would land alike. Knuth's multiplier parts them.
    hashes = hashes * np.uint32(2654435761)
    hashes ^= hashes >> np.uint32(15)
    tf = 1 + np.log(np.fromiter(counts.values(), dtype=np.float32, count=len(counts)))
    kinds = np.array([_WEIGHTS[feature[0]] for feature in counts], dtype=np.float32)
    return hashes, tf * kinds


def _features(text: PreparedText) -> Iterator[str]:
    lowered = text.plain.lower()
    if text.has_marks:
        yield from (_WRITTEN + word for word in _WORD.findall(lowered))
    for word in _WORD.findall(fold(lowered)):
        yield _FOLDED + word
        padded = f" {word} "
        for size in _GRAMS:
            yield from (
                _GRAM + padded[start : start + size] for start in range(len(padded) - size + 1)
            )
