import numpy as np
import pytest

from service.domain import PreparedText
from service.models.embedded.encoder import EmbeddedEncoder
from service.models.embedded.features import features
from service.models.embedded.memory import Memory
from service.models.embedded.quantised import pack, quantise
from service.models.embedded.table import Table, load_table

DIMENSION = 96
RNG = np.random.default_rng(0)


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def random_units(count: int) -> np.ndarray:
    return unit(RNG.standard_normal((count, DIMENSION)))


def recalled(memory: Memory, vectors: np.ndarray) -> np.ndarray:
    moved = vectors.copy()
    memory.recall(moved)
    return moved


def test_two_ways_to_ask_one_thing_come_nearer() -> None:
    ways = np.eye(3, DIMENSION, dtype=np.float32)
    intents = np.concatenate([unit(ways[:2].sum(axis=0, keepdims=True)), random_units(20)])
    first, second, other = recalled(Memory(pack(intents)), ways)
    assert first @ second > 0.15
    assert abs(first @ other) < 0.1


def test_of_few_intents_all_are_weighed() -> None:
    intents, vectors = pack(random_units(5)), random_units(3)
    known = intents.decode(np.arange(5))
    weights = np.exp(vectors @ known.T / 0.03)
    weights /= weights.sum(axis=1, keepdims=True)
    expected = unit(vectors + 0.25 * weights @ known)
    np.testing.assert_allclose(recalled(Memory(intents), vectors), expected, atol=1e-5)


def test_of_many_intents_the_nearest_decide() -> None:
    intents = random_units(2_000)
    memory = Memory(pack(intents))
    asked = unit(intents[:300] + 0.7 * random_units(300))
    moved = recalled(memory, asked)
    assert np.all((moved * intents[:300]).sum(axis=1) > (asked * intents[:300]).sum(axis=1))


def test_nearness_is_the_best_cosine_to_any_intent() -> None:
    intents, vectors = pack(random_units(40)), random_units(300)
    known = intents.decode(np.arange(40))
    np.testing.assert_allclose(
        Memory(intents).nearness(vectors), (vectors @ known.T).max(axis=1), atol=1e-5
    )


def test_vectors_stay_unit_zero_rows_stay_zero_and_the_batch_does_not_matter() -> None:
    memory = Memory(pack(random_units(500)))
    vectors = random_units(300)
    vectors[7] = 0
    moved = recalled(memory, vectors)
    assert not moved[7].any()
    np.testing.assert_allclose(np.linalg.norm(np.delete(moved, 7, 0), axis=1), 1, atol=1e-5)
    alone = np.concatenate([recalled(memory, row[None]) for row in vectors])
    np.testing.assert_allclose(alone, moved, atol=1e-5)
    assert recalled(memory, vectors[:0]).shape == (0, DIMENSION)


@pytest.fixture
def table() -> Table:
    known = np.array(sorted(features("học phí")), dtype=np.uint32)
    return Table(known, quantise(random_units(len(known) + 5)))


def test_the_table_keeps_it_and_the_encoder_uses_it(table: Table, tmp_path) -> None:
    with_memory = Table(table.known, table.vectors, Memory(pack(random_units(9))))
    with_memory.save(tmp_path / "table.safetensors", {})
    loaded = load_table(tmp_path / "table.safetensors")
    texts = [PreparedText("học phí", "học phí", has_marks=True)]
    plain, own, read = (EmbeddedEncoder(each) for each in (table, with_memory, loaded))
    np.testing.assert_array_equal(own.encode(texts), read.encode(texts))
    assert own.fingerprint == read.fingerprint != plain.fingerprint
    assert not np.allclose(own.encode(texts), plain.encode(texts), atol=1e-3)


def test_a_table_without_one_loads(table: Table, tmp_path) -> None:
    table.save(tmp_path / "table.safetensors", {})
    assert load_table(tmp_path / "table.safetensors").memory is None
