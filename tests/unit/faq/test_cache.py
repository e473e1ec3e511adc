from collections.abc import Iterator, Sequence

import pytest

from service.db.engine import open_engine
from service.db.migrate import upgrade
from service.domain import Faq
from service.errors import NotFound
from service.faq.cache import FaqCache
from service.faq.repository import FaqRepository


class Counting(FaqRepository):
    """Remembers which FAQs were read."""

    def get_many(self, set_name: str, ids: Sequence[str]) -> dict[str, Faq]:
        self.read = [*getattr(self, "read", []), *ids]
        return super().get_many(set_name, ids)


class Clock:
    """Stands still until it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stored(tmp_path) -> Iterator[Counting]:
    engine = open_engine(f"sqlite:///{tmp_path}/faq.db")
    upgrade(engine)
    repository = Counting(engine)
    repository.create_set("a")
    repository.add("a", Faq("one", "Học phí bao nhiêu?", "Xem bảng."), "test")
    repository.add("a", Faq("two", "Thư viện mở cửa mấy giờ?", "7 giờ."), "test")
    repository.read = []
    yield repository
    engine.dispose()


def test_what_was_read_is_not_read_again(stored: Counting):
    cache = FaqCache(stored, Clock())
    assert list(cache.get_many("a", ["two", "one", "three"])) == ["two", "one"]
    assert stored.read == ["two", "one", "three"]
    assert list(cache.get_many("a", ["one", "two"])) == ["one", "two"]
    assert stored.read == ["two", "one", "three"]


def test_an_edit_of_this_process_is_seen_at_once(stored: Counting):
    cache = FaqCache(stored, Clock())
    cache.get_many("a", ["one", "two"])
    stored.update("a", Faq("one", "Học phí bao nhiêu?", "Xem thông báo."), "test")
    assert cache.get_many("a", ["one"])["one"].answer == "Xem thông báo."
    stored.remove("a", "two", "test")
    assert cache.get_many("a", ["two"]) == {}


def test_an_edit_of_another_process_is_seen_within_half_a_second(stored: Counting):
    clock, other = Clock(), FaqRepository(stored._engine)
    cache = FaqCache(stored, clock)
    cache.get_many("a", ["one"])
    other.update("a", Faq("one", "Học phí bao nhiêu?", "Xem thông báo."), "test")
    clock.now = 0.51
    assert cache.get_many("a", ["one"])["one"].answer == "Xem thông báo."


def test_without_an_edit_it_goes_on_as_it_was(stored: Counting):
    clock = Clock()
    cache = FaqCache(stored, clock)
    cache.get_many("a", ["one"])
    clock.now = 60.0
    cache.get_many("a", ["one"])
    assert stored.read == ["one"]


def test_a_failed_edit_changes_nothing(stored: Counting):
    cache = FaqCache(stored, Clock())
    before = cache.get_many("a", ["one"])
    with pytest.raises(NotFound):
        stored.remove("a", "nine", "test")
    assert cache.get_many("a", ["one"]) == before


def test_a_set_that_is_not_there(stored: Counting):
    with pytest.raises(NotFound):
        FaqCache(stored).get_many("b", ["one"])


def test_memory_is_bounded(stored: Counting, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.faq.cache._MOST_FAQS", 1)
    cache = FaqCache(stored, Clock())
    assert list(cache.get_many("a", ["one"])) == ["one"]
    assert list(cache.get_many("a", ["one", "two"])) == ["one", "two"]
    assert list(cache.get_many("a", ["one", "two"])) == ["one", "two"]
    assert stored.read == ["one", "two", "one"]
