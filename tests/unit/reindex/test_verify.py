"""What a healthy index may look like, and what is caught."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from service.domain import FloatArray, Row
from service.errors import IndexBroken
from service.reindex.verify import SAMPLE, Sample, verify
from service.store import ChromaStore, open_embedded


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ChromaStore]:
    opened = open_embedded(tmp_path)
    opened.create("built")
    yield opened
    opened.close()


def vectors(count: int) -> FloatArray:
    drawn = np.random.default_rng(3).standard_normal((count, 16)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def check(store: ChromaStore, sample: Sample) -> dict[str, object]:
    return verify(store, "built", sample, lambda _: None)


def filled(rows: list[Row], made: FloatArray) -> Sample:
    sample = Sample(len(rows))
    sample.add(rows, made)
    return sample


def test_samples_evenly() -> None:
    rows = [Row(f"{i}#0", str(i), f"câu {i}") for i in range(1700)]
    sample = filled(rows, vectors(1700))
    assert sample.rows == 1700
    assert len(sample.picked) == SAMPLE
    assert int(sample.picked[-1][0].faq_id) > 1400


def test_the_same_text_in_many_faqs_is_no_fault(store: ChromaStore) -> None:
    rows = [Row(f"{i}#0", str(i), "học phí?") for i in range(60)]
    same = np.repeat(vectors(1), 60, axis=0)
    store.upsert("built", rows, same)
    assert check(store, filled(rows, same))["lost"] == 0


def test_rows_that_answer_for_others_are_caught(store: ChromaStore) -> None:
    rows = [Row(f"{i}#0", str(i), f"câu {i}") for i in range(100)]
    made = vectors(100)
    store.upsert("built", rows, made)
    wrong = made.copy()
    wrong[[0, 1]] = made[[1, 0]]
    with pytest.raises(IndexBroken, match="2 of 100 stored questions"):
        check(store, filled(rows, wrong))


def test_a_missing_or_surplus_row_is_caught(store: ChromaStore) -> None:
    rows = [Row(f"{i}#0", str(i), f"câu {i}") for i in range(10)]
    store.upsert("built", rows, vectors(10))
    with pytest.raises(IndexBroken, match="holds 10 rows where 9 were written"):
        check(store, filled(rows[1:], vectors(9)))
