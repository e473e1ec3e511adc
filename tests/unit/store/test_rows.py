from collections.abc import Sequence

import pytest

from service.domain import Row
from service.store import rows
from service.store.rows import RowCache


class Disk:
    """What RowCache reads from; counts the reads."""

    def __init__(self, **texts: str) -> None:
        self.texts = dict(texts)
        self.reads: list[Sequence[str]] = []

    def read(self, collection: str, row_ids: Sequence[str]) -> dict[str, Row]:
        self.reads.append(row_ids)
        return {i: Row(i, i, self.texts[i]) for i in row_ids if i in self.texts}


def texts(cache: RowCache, *row_ids: str) -> dict[str, str]:
    return {row_id: row.text for row_id, row in cache.get("c", row_ids).items()}


def test_every_row_is_read_once():
    disk = Disk(a="một", b="hai")
    cache = RowCache(disk.read)
    assert texts(cache, "a", "a") == {"a": "một"}
    assert texts(cache, "a", "b") == {"a": "một", "b": "hai"}
    assert texts(cache, "b") == {"b": "hai"}
    assert disk.reads == [["a"], ["b"]]


def test_a_row_that_is_gone_is_left_out():
    cache = RowCache(Disk(a="một").read)
    assert texts(cache, "a", "gone") == {"a": "một"}


def test_after_a_write_rows_are_read_anew():
    disk = Disk(a="cũ")
    cache = RowCache(disk.read)
    assert texts(cache, "a") == {"a": "cũ"}
    disk.texts["a"] = "mới"
    cache.forget("another")
    assert texts(cache, "a") == {"a": "cũ"}
    cache.forget("c")
    assert texts(cache, "a") == {"a": "mới"}


def test_a_write_while_rows_are_read_is_not_covered_up():
    disk = Disk(a="cũ")

    def read(collection: str, row_ids: Sequence[str]) -> dict[str, Row]:
        found = disk.read(collection, row_ids)
        if disk.texts["a"] == "cũ":  # the write ends between the reading and the keeping
            disk.texts["a"] = "mới"
            cache.forget(collection)
        return found

    cache = RowCache(read)
    assert texts(cache, "a") == {"a": "cũ"}  # it was asked before the write had ended
    assert texts(cache, "a") == {"a": "mới"}


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rows, "_MOST_ROWS", 3)
    disk = Disk(**{name: name for name in "abcdef"})
    cache = RowCache(disk.read)
    assert texts(cache, *"abc") == {name: name for name in "abc"}
    assert texts(cache, *"cdef") == {name: name for name in "cdef"}
    assert len(disk.reads) == 2
    assert texts(cache, "a") == {"a": "a"}
    assert len(disk.reads) == 3
