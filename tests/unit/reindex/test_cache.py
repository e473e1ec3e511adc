"""Texts already seen are not encoded again."""

import numpy as np
from sqlalchemy import Engine, func, select

from service.db.tables import embedding_cache
from service.domain import PreparedText
from service.reindex import EmbeddingCache, cache
from service.reindex.plan import hash_fingerprint
from tests.fixtures.fakes import FakeEncoder


def texts(*words: str) -> list[PreparedText]:
    return [PreparedText(word, word, has_marks=False) for word in words]


def test_gives_the_encoders_own_vectors(engine: Engine) -> None:
    plain, cached = FakeEncoder(), EmbeddingCache(engine).over(FakeEncoder())
    asked = texts("một", "hai", "một", "", "ba")
    for _ in range(2):
        assert np.array_equal(cached.encode(asked), plain.encode(asked))
    assert cached.encode([]).shape == (0, plain.dimension)
    assert cached.encode(asked).dtype == np.float32
    assert (cached.name, cached.dimension, cached.fingerprint) == ("fake", 64, plain.fingerprint)


def test_encodes_each_text_once(engine: Engine) -> None:
    inner = FakeEncoder()
    EmbeddingCache(engine).over(inner).encode(texts("một", "hai", "một"))
    assert inner.encoded == 2
    again = FakeEncoder()
    EmbeddingCache(engine).over(again).encode(texts("hai", "ba", "một"))
    assert again.encoded == 1


def test_goes_through_in_chunks(engine: Engine) -> None:
    inner = FakeEncoder()
    many = texts(*(f"câu {i}" for i in range(2 * cache.CHUNK + 3)))
    vectors = EmbeddingCache(engine).over(inner).encode(many)
    assert np.array_equal(vectors, FakeEncoder().encode(many))
    assert inner.encoded == len(many)


def test_segmentation_and_encoder_tell_entries_apart(engine: Engine) -> None:
    inner = FakeEncoder()
    cached = EmbeddingCache(engine).over(inner)
    cached.encode([PreparedText("học phí", "học phí", has_marks=True)])
    cached.encode([PreparedText("học phí", "học_phí", has_marks=True)])
    assert inner.encoded == 2
    other = FakeEncoder("other")
    EmbeddingCache(engine).over(other).encode([PreparedText("học phí", "học phí", has_marks=True)])
    assert other.encoded == 1


def test_forgets_encoders_that_no_index_uses(engine: Engine) -> None:
    store = EmbeddingCache(engine)
    used, unused = FakeEncoder("used"), FakeEncoder("unused")
    for encoder in (used, unused):
        store.over(encoder).encode(texts("một", "hai"))
    assert store.forget_others({hash_fingerprint(used)}) == 2
    with engine.begin() as connection:
        left = connection.execute(select(func.count()).select_from(embedding_cache)).scalar_one()
    assert left == 2
    store.over(used).encode(texts("một"))
    assert used.encoded == 2
