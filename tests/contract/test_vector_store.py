"""One suite for every VectorStore: the embedded directory and a real Chroma server."""

import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from service.domain import FloatArray, Row
from service.errors import NotFound
from service.ports import VectorStore
from service.store import open_embedded, open_server

E = np.eye(8, dtype=np.float32)


@pytest.fixture(
    params=["embedded", pytest.param("server", marks=pytest.mark.chroma_server)], scope="module"
)
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[VectorStore]:
    opened: VectorStore
    if request.param == "embedded":
        opened = open_embedded(tmp_path_factory.mktemp("chroma"))
    else:
        opened = open_server(request.getfixturevalue("chroma_url"))
    yield opened
    opened.close()


@pytest.fixture
def collection(store: VectorStore) -> Iterator[str]:
    name = f"c-{uuid.uuid4().hex}"
    store.create(name)
    yield name
    store.drop(name)


def row(faq_id: str, position: int = 0, tags: tuple[str, ...] = ()) -> Row:
    return Row(f"{faq_id}#{position}", faq_id, f"câu hỏi {faq_id} {position}", tags)


def unit(*values: float) -> FloatArray:
    vector = np.zeros(8, dtype=np.float32)
    vector[: len(values)] = values
    return vector / np.linalg.norm(vector)


def ids(store: VectorStore, collection: str, vector: FloatArray, k: int = 50) -> Sequence[str]:
    return [hit.row.id for hit in store.search(collection, vector[None], k=k)[0]]


def test_finds_the_nearest_first_with_its_cosine(store: VectorStore, collection: str) -> None:
    rows = [row("a"), row("b", tags=("học phí", "k65")), row("c")]
    store.upsert(collection, rows, np.stack([E[0], unit(1, 1), -E[0]]))
    hits = store.search(collection, E[:1], k=3)[0]
    assert [hit.row for hit in hits] == rows
    assert [hit.similarity for hit in hits] == pytest.approx([1, 0.5**0.5, -1], abs=1e-6)
    assert all(-1 <= hit.similarity <= 1 for hit in hits)


def test_answers_several_vectors_in_their_order(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [row("a"), row("b")], E[:2])
    found = store.search(collection, E[[1, 0, 1]], k=1)
    assert [[hit.row.faq_id for hit in hits] for hits in found] == [["b"], ["a"], ["b"]]


def test_gives_up_to_k(store: VectorStore, collection: str) -> None:
    assert store.search(collection, E[:2], k=5) == [[], []]  # empty collection
    store.upsert(collection, [row(str(i)) for i in range(8)], E)
    assert len(store.search(collection, E[:1], k=5)[0]) == 5
    assert len(store.search(collection, E[:1], k=200)[0]) == 8
    assert store.search(collection, E[:0], k=5) == []


def test_a_row_written_again_is_replaced_whole(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [row("a", tags=("x",))], E[:1])
    changed = Row("a#0", "a", "câu khác")
    store.upsert(collection, [changed], E[1:2])
    assert store.count(collection) == 1
    assert store.search(collection, E[1:2], k=5)[0][0].row == changed
    assert store.search(collection, E[:1], k=5, tags=["x"]) == [[]]


def test_tags_must_all_be_carried(store: VectorStore, collection: str) -> None:
    rows = [row("a", tags=("x", "y")), row("b", tags=("y",)), row("c"), row("d", tags=("yy",))]
    store.upsert(collection, rows, E[:4])

    def with_tags(*tags: str) -> set[str]:
        return {hit.row.faq_id for hit in store.search(collection, E[:1], k=9, tags=tags)[0]}

    assert with_tags() == {"a", "b", "c", "d"}
    assert with_tags("y") == {"a", "b"}
    assert with_tags("x", "y") == {"a"}
    assert with_tags("x", "z") == set()


def test_replacing_faqs_removes_what_they_no_longer_have(
    store: VectorStore, collection: str
) -> None:
    store.upsert(collection, [row("a", 0), row("a", 1), row("b"), row("c")], E[:4])
    store.replace_faqs(collection, ["a", "c", "new"], [row("a", 0), row("new")], E[[4, 5]])
    assert set(ids(store, collection, E[4])) == {"a#0", "b#0", "new#0"}
    assert ids(store, collection, E[4])[0] == "a#0"
    store.replace_faqs(collection, ["a", "c", "new"], [row("a", 0), row("new")], E[[4, 5]])
    assert store.count(collection) == 3  # the same again changes nothing
    store.replace_faqs(collection, ["a", "b", "new"], [], E[:0])
    assert store.count(collection) == 0


def test_ids_that_hold_the_separator_stay_apart(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [row("a"), row("a#0"), row("a", 1)], E[:3])
    store.replace_faqs(collection, ["a"], [], E[:0])
    assert ids(store, collection, E[1]) == ["a#0#0"]


def test_a_zero_vector_is_never_stored_nor_found(store: VectorStore, collection: str) -> None:
    zero = np.zeros((1, 8), dtype=np.float32)
    store.upsert(collection, [row("a"), row("nothing")], np.concatenate([E[:1], zero]))
    assert ids(store, collection, E[1]) == ["a#0"]
    found = store.search(collection, np.concatenate([zero, E[:1]]), k=3)
    assert [[hit.row.id for hit in hits] for hits in found] == [[], ["a#0"]]
    store.replace_faqs(collection, ["a"], [row("a")], zero)  # its text lost all its features
    assert store.count(collection) == 0


def test_many_rows_go_through_in_batches(store: VectorStore, collection: str) -> None:
    vectors = np.random.default_rng(1).standard_normal((1100, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = [row(str(i), i % 3, ("even",) if i % 2 == 0 else ()) for i in range(1100)]
    store.upsert(collection, rows, vectors)
    assert store.count(collection) == 1100
    found = store.search(collection, vectors, k=1)
    assert [hits[0].row for hits in found] == rows
    assert len(store.search(collection, vectors[:1], k=200, tags=["even"])[0]) == 200
    store.replace_faqs(collection, [str(i) for i in range(100, 1100)], [], vectors[:0])
    assert store.count(collection) == 100


def test_create_starts_empty_and_drop_may_be_repeated(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [row("a")], E[:1])
    store.create(collection)
    assert store.count(collection) == 0
    store.upsert(collection, [Row("a#0", "a", "ba chiều")], E[:1, :3])  # another dimension
    assert collection in store.collections()
    store.drop(collection)
    store.drop(collection)
    assert collection not in store.collections()


def test_what_is_missing_is_named(store: VectorStore) -> None:
    with pytest.raises(NotFound, match="never-made"):
        store.count("never-made")
    with pytest.raises(NotFound, match="never-made"):
        store.search("never-made", E[:1], k=1)
    with pytest.raises(NotFound, match="never-made"):
        store.upsert("never-made", [row("a")], E[:1])


def test_a_dropped_collection_is_missing_at_once(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [row("a")], E[:1])
    store.drop(collection)
    with pytest.raises(NotFound):
        store.search(collection, E[:1], k=1)


def test_lists_more_than_a_page_of_collections(store: VectorStore) -> None:
    names = {f"page-{uuid.uuid4().hex}" for _ in range(105)}
    for name in names:
        store.create(name)
    assert names <= set(store.collections())
    for name in names:
        store.drop(name)


def test_threads_search_while_others_write(store: VectorStore, collection: str) -> None:
    store.upsert(collection, [row("fixed")], E[:1])
    done = threading.Event()
    problems: list[object] = []

    def search() -> None:
        while not done.is_set():
            try:
                if ids(store, collection, E[0], k=1) != ["fixed#0"]:
                    problems.append("the fixed row was not found")
            except Exception as error:
                problems.append(error)

    def write(name: str) -> None:
        for i in range(15):
            rows = [row(f"{name}{i}", position) for position in range(3)]
            store.replace_faqs(collection, [f"{name}{i}", f"{name}{i - 1}"], rows, E[1:4])

    searchers = [threading.Thread(target=search) for _ in range(3)]
    writers = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in searchers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in searchers:
        thread.join()
    assert problems == []
    assert store.count(collection) == 7


def test_what_was_written_outlives_the_client(tmp_path: Path) -> None:
    first = open_embedded(tmp_path)
    first.create("kept")
    first.upsert("kept", [row("a", tags=("x",))], E[:1])
    first.close()
    second = open_embedded(tmp_path)
    assert second.search("kept", E[:1], k=1, tags=["x"])[0][0].row == row("a", tags=("x",))
    second.close()
