from threading import Event

from service.analytics.writer import BatchWriter


def test_a_full_queue_refuses_instead_of_waiting():
    may_write = Event()
    written: list[int] = []

    def write(batch: list[int]) -> None:
        may_write.wait()
        written.extend(batch)

    writer = BatchWriter(write, capacity=10, name="test")
    taken = [number for number in range(300) if writer.put(number)]
    assert 10 <= len(taken) < 300
    may_write.set()
    writer.flush()
    assert written == taken
    assert writer.put(300)
    writer.close()
    assert written[-1] == 300


def test_batches_are_bounded_and_in_order():
    batches: list[list[int]] = []
    may_write = Event()

    def write(batch: list[int]) -> None:
        may_write.wait()
        batches.append(batch)

    writer = BatchWriter(write, capacity=1000, name="test")
    for number in range(1000):
        writer.put(number)
    may_write.set()
    writer.close()
    assert sum(batches, []) == list(range(1000))  # noqa: RUF017 - four short lists
    assert max(map(len, batches)) <= 256


def test_what_comes_after_closing_is_refused():
    writer = BatchWriter(lambda batch: None, capacity=10, name="test")
    writer.close()
    assert not writer.put(1)
    writer.flush()
    writer.close()
