"""Vectors of texts already seen, for encoders that are slower than a look-up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from service.db.session import reading, writing
from service.db.tables import embedding_cache
from service.domain import FloatArray, PreparedText
from service.ports import Encoder
from service.reindex.plan import hash_fingerprint

CHUNK = 250  # texts a statement, and a call of the encoder

_c = embedding_cache.c


class EmbeddingCache:
    """The embedding_cache table."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def over(self, encoder: Encoder) -> CachingEncoder:
        """The same encoder, with a memory."""
        return CachingEncoder(encoder, self._engine)

    def forget_others(self, used: Iterable[str]) -> int:
        """Delete vectors of encoders whose `hash_fingerprint` is not used. Returns how many."""
        others = delete(embedding_cache).where(_c.fingerprint.not_in(list(used)))
        with writing(self._engine) as connection:
            return connection.execute(others).rowcount


class CachingEncoder:
    """Encodes a text once and remembers its vector. For indexing, not for what people ask.

    An adapter over a frozen encoder wraps one of these, so that the cache holds base vectors.
    """

    def __init__(self, encoder: Encoder, engine: Engine) -> None:
        self._encoder = encoder
        self._engine = engine
        self._key = hash_fingerprint(encoder)

    @property
    def name(self) -> str:
        """The encoder's."""
        return self._encoder.name

    @property
    def dimension(self) -> int:
        """The encoder's."""
        return self._encoder.dimension

    @property
    def fingerprint(self) -> str:
        """The encoder's."""
        return self._encoder.fingerprint

    def encode(self, texts: Sequence[PreparedText], /) -> FloatArray:
        """(n, dimension) float32, L2-normalised; only texts never seen reach the encoder."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for start in range(0, len(texts), CHUNK):
            part = texts[start : start + CHUNK]
            vectors[start : start + CHUNK] = self._encode_chunk(part)
        return vectors

    def _encode_chunk(self, texts: Sequence[PreparedText]) -> list[FloatArray]:
        keyed = {_hash(text): text for text in texts}
        known = self._look_up(keyed)
        missing = {key: text for key, text in keyed.items() if key not in known}
        if missing:
            fresh = self._encoder.encode(list(missing.values()))
            known |= dict(zip(missing, fresh, strict=True))
            self._remember({key: known[key] for key in missing})
        return [known[_hash(text)] for text in texts]

    def _look_up(self, keys: Iterable[str]) -> dict[str, FloatArray]:
        wanted = select(_c.text_hash, _c.vector).where(
            _c.fingerprint == self._key, _c.text_hash.in_(list(keys))
        )
        with reading(self._engine) as connection:
            return {
                key: np.frombuffer(stored, dtype="<f4")
                for key, stored in connection.execute(wanted)
            }

    def _remember(self, vectors: dict[str, FloatArray]) -> None:
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        # Another process may have stored the same text meanwhile; its vector is the same.
        insert = dialect.insert(embedding_cache).on_conflict_do_nothing()
        rows = [
            {
                "fingerprint": self._key,
                "text_hash": key,
                "vector": np.asarray(vector, dtype="<f4").tobytes(),
            }
            for key, vector in vectors.items()
        ]
        with writing(self._engine) as connection:
            connection.execute(insert, rows)


def _hash(text: PreparedText) -> str:
    return hashlib.sha256(f"{text.plain}\0{text.segmented}".encode()).hexdigest()
