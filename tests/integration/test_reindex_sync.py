"""Edits reach the live index at once; what does not fit is never searched."""

import threading
from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import Engine

from service.domain import Faq, FloatArray, PreparedFaq, PreparedText
from service.errors import BadInput, NotFound, NotReady
from service.ports import Encoder, OnProgress
from service.reindex import Learned, TextPath, sync
from service.store import EmbeddedStore, open_embedded, open_server
from tests.fixtures.fakes import FakeEncoder
from tests.fixtures.reindexing import Bench, faq


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    opened = open_embedded(tmp_path_factory.mktemp("chroma"))
    yield opened
    opened.close()


@pytest.fixture
def bench(engine: Engine, store: EmbeddedStore) -> Bench:
    bench = Bench(engine, store)
    bench.put(*(faq(i, alternates=2) for i in range(8)))
    return bench


def test_an_edit_is_searchable_when_sync_returns(bench: Bench) -> None:
    bench.reindex()
    bench.put(Faq("new", "xe buýt đi đâu", "A"), faq(3, "đã sửa hẳn", 0))
    bench.remove("faq-0004")
    assert bench.sync.sync(bench.set_name) == 3
    assert bench.ask("xe buýt đi đâu") == ["new"]
    assert bench.ask("đã sửa hẳn") == ["faq-0003"]
    assert bench.indexed() == bench.expected()
    assert bench.sync.sync(bench.set_name) == 0


def test_the_last_of_many_edits_of_one_faq_counts(bench: Bench) -> None:
    bench.reindex()
    for i in range(5):
        bench.put(faq(1, f"lần {i}", alternates=i))
    bench.remove("faq-0002")
    bench.put(faq(2, "trở lại", alternates=0))
    bench.sync.sync(bench.set_name)
    assert bench.indexed() == bench.expected()


def test_more_edits_than_a_step_holds(bench: Bench) -> None:
    bench.reindex()
    bench.put(*(faq(100 + i) for i in range(2 * sync.EDITS + 7)))
    assert bench.sync.sync(bench.set_name) == 2 * sync.EDITS + 7
    assert bench.indexed() == bench.expected()


def test_an_edit_that_was_stored_but_not_recorded_is_applied_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.reindex()
    bench.put(faq(1, "đã sửa", alternates=0))
    bench.remove("faq-0002")
    replace_faqs = bench.store.replace_faqs

    def die_after(*args: object) -> None:
        replace_faqs(*args)  # type: ignore[arg-type]
        raise SystemExit

    monkeypatch.setattr(bench.store, "replace_faqs", die_after)
    with pytest.raises(SystemExit):
        bench.sync.sync(bench.set_name)
    monkeypatch.undo()
    assert bench.sync.sync(bench.set_name) == 2
    assert bench.indexed() == bench.expected()


def test_threads_that_edit_and_sync_at_once(bench: Bench) -> None:
    bench.reindex()
    missing: list[str] = []

    def edit(name: str) -> None:
        for i in range(6):
            text = f"{name} lần{i}{name}"
            bench.put(Faq(f"{name}", text, "A"), faq(1, f"chung {name} {i}", alternates=i % 3))
            bench.sync.sync(bench.set_name)
            if bench.ask(text) != [name]:
                missing.append(text)

    threads = [threading.Thread(target=edit, args=(name,)) for name in ("an", "binh", "chi")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missing == []
    assert bench.indexed() == bench.expected()


def test_a_slow_replica_does_not_undo_a_newer_edit(bench: Bench) -> None:
    bench.reindex()
    other = Bench.restarted(bench)

    class Slow(FakeEncoder):
        """While it encodes, the other replica stores and indexes something newer."""

        def encode(self, texts: Sequence[PreparedText], /) -> FloatArray:
            other.put(faq(1, "mới hơn", alternates=1))
            other.sync.sync(other.set_name)
            return super().encode(texts)

    slow = Bench.restarted(bench)
    slow.load = lambda _artefact: Slow()  # type: ignore[method-assign]
    slow.put(faq(1, "cũ hơn", alternates=3))
    slow.sync.sync(slow.set_name)
    assert bench.indexed() == bench.expected()
    assert bench.ask("mới hơn") == ["faq-0001"]


@pytest.mark.chroma_server
def test_replicas_on_one_chroma_server_agree(engine: Engine, chroma_url: str) -> None:
    stores = [open_server(chroma_url) for _ in range(3)]
    replicas = [Bench(engine, store) for store in stores]
    first = replicas[0]
    first.put(*(faq(i) for i in range(8)))
    first.reindex()

    def edit(replica: Bench) -> None:
        for i in range(5):
            replica.put(faq(1, f"bản {id(replica)} {i}", alternates=i % 3), faq(10 + i))
            replica.sync.sync(replica.set_name)

    threads = [threading.Thread(target=edit, args=(replica,)) for replica in replicas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [replica.indexed() == first.expected() for replica in replicas] == [True] * 3
    generation = replicas[1].reindex()  # each finds the new one by itself
    assert {replica.live.get("default").generation.number for replica in replicas} == {2}
    assert replicas[2].live.get("default").collection == generation.collection
    for store in stores:
        store.close()


def test_without_an_index_the_message_says_what_to_run(bench: Bench) -> None:
    with pytest.raises(NotReady, match="run: vifaq reindex --set default"):
        bench.live.get(bench.set_name)
    with pytest.raises(NotReady):
        bench.sync.sync(bench.set_name)
    with pytest.raises(NotFound, match="nowhere"):
        bench.live.get("nowhere")


@pytest.mark.parametrize("change", ["encoder", "text rules", "artefact", "vectors"])
def test_an_index_that_does_not_fit_is_never_searched(bench: Bench, change: str) -> None:
    generation = bench.reindex(bench.plan(learn=learn_nothing_new))
    match change:
        case "encoder":
            bench.encoder = FakeEncoder("another")
            bench.load = lambda artefact: bench.encoder  # type: ignore[method-assign]
        case "text rules":
            bench.text_rules = "rules-2"
        case "artefact":
            bench.load = refuse  # type: ignore[method-assign]
        case "vectors":
            bench.store.drop(generation.collection)
    fresh = Bench.restarted(bench)
    with pytest.raises(NotReady, match="Run: vifaq reindex --set default"):
        fresh.live.get(fresh.set_name)
    fresh.put(faq(50))
    with pytest.raises(NotReady):
        fresh.sync.sync(fresh.set_name)
    assert fresh.generations.get(fresh.set_name, 1).applied_seq == generation.applied_seq
    assert "Run: vifaq" in str(fresh.live.status(fresh.set_name)["problem"])


def refuse(_artefact: bytes | None) -> Encoder:
    raise BadInput("the artefact belongs to another encoder")


def learn_nothing_new(_faqs: object, _on_progress: OnProgress) -> Learned:
    return Learned(FakeEncoder("adapted"), b"adapted", {"gain": 0.25})


def test_abbreviations_change_with_the_next_reindex_and_interrupt_nothing(bench: Bench) -> None:
    bench.put(Faq("tuition", "học phí đóng ở đâu", "A"))
    bench.reindex()
    bench.faqs.set_lexicon(bench.set_name, {"hpđ": "học phí đóng"})
    assert bench.ask("học phí đóng ở đâu") == ["tuition"]
    assert bench.live.get(bench.set_name).text.prepare("hpđ").plain == "hpđ"
    bench.reindex()
    assert bench.live.get(bench.set_name).text.prepare("hpđ").plain == "học phí đóng"
    assert bench.ask("hpđ") == ["tuition"]


def test_short_forms_of_the_set_s_names_come_with_the_index(bench: Bench) -> None:
    name = "kỹ thuật điện tử viễn thông"
    bench.put(Faq("code", f"mã ngành {name}", "A"), Faq("fee", f"học phí ngành {name}", "B"))
    assert bench.reindex().report["names"] == {"ktđtvt": name}
    for process in (bench, Bench.restarted(bench)):
        text = process.live.get(bench.set_name).text
        assert text.prepare("mã ngành ktđtvt").plain == f"mã ngành {name}"
        assert process.ask("học phí ngành ktđtvt") == ["fee"]
    bench.faqs.set_lexicon(bench.set_name, {"ktđtvt": "khác"})
    assert bench.reindex().report["names"] == {}
    assert bench.live.get(bench.set_name).text.prepare("ktđtvt").plain == "khác"


def test_what_was_learned_is_used_again_while_nothing_changes(bench: Bench) -> None:
    lessons: list[list[PreparedFaq]] = []

    def learn(faqs: list[PreparedFaq], _on_progress: OnProgress) -> Learned:
        lessons.append(list(faqs))
        return Learned(FakeEncoder("adapted"), b"adapted", {"gain": 0.25})

    first = bench.reindex(bench.plan(learn=learn))
    assert [each.id for each in lessons[0]] == [f"faq-{i:04}" for i in range(8)]
    assert len(lessons[0][0].alternates) == 2
    assert bench.live.get(bench.set_name).encoder.name == "adapted"
    assert (first.encoder, first.has_artefact) == ("fake", True)

    second = bench.reindex(bench.plan(learn=learn))
    assert len(lessons) == 1
    assert second.report["learned"] == {"gain": 0.25}
    assert second.fingerprint == first.fingerprint
    assert second.has_artefact

    bench.put(faq(1, alternates=3))
    bench.reindex(bench.plan(learn=learn))
    assert len(lessons) == 2
    bench.reindex(bench.plan(learn=learn, learn_options="longer"))
    assert len(lessons) == 3
    plain = bench.reindex()
    assert plain.has_artefact is False
    assert bench.live.get(bench.set_name).encoder.name == "fake"


def test_calibration_is_kept_with_the_index_and_made_anew_when_something_changed(
    bench: Bench,
) -> None:
    calls: list[int] = []

    def calibrate(
        faqs: Sequence[Faq], text: TextPath, learned: Learned, on_progress: OnProgress
    ) -> dict[str, object]:
        calls.append(len(faqs))
        return {"faqs": len(faqs), "encoder": learned.encoder.name}

    plan = bench.plan(learn=learn_nothing_new, calibrate=calibrate)
    expected = {"faqs": 8, "encoder": "adapted"}
    assert bench.reindex(plan).report["calibration"] == expected
    assert bench.reindex(plan).report["calibration"] == expected
    assert calls == [8]
    other = bench.plan(learn=learn_nothing_new, calibrate=calibrate, calibrate_options="2")
    bench.reindex(other)
    bench.put(faq(99))
    bench.reindex(other)
    assert calls == [8, 8, 9]


def test_status_tells_how_the_index_stands(bench: Bench) -> None:
    before = bench.live.status(bench.set_name)
    assert (before["live"], before["edits_waiting"]) == (None, 8)
    assert "vifaq reindex" in str(before["problem"])
    bench.reindex()
    bench.reindex()
    bench.put(faq(20))
    status = bench.live.status(bench.set_name)
    assert status | {"built_at": ""} == {
        "set": "default",
        "live": 2,
        "encoder": "fake",
        "built_at": "",
        "rows": 24,
        "edits_waiting": 1,
        "previous": 1,
        "problem": None,
    }


def test_sets_do_not_see_each_other(bench: Bench) -> None:
    bench.reindex()
    other = Bench.restarted(bench, set_name="khoa-cntt")
    other.put(Faq("only", "chỉ ở đây", "A"))
    other.reindex()
    assert other.ask("câu hỏi", k=50) == ["only"]
    assert bench.indexed() == bench.expected()
