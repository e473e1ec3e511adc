from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from service.domain import Candidate, Faq, FloatArray, IndexRef, Outcome, PreparedText, Row
from service.errors import BadInput, IndexGone
from service.evaluation.exact import ExactStore
from service.pipeline.answer import Answerer, Ask
from service.pipeline.confidence import ThresholdConfidence
from service.pipeline.index import OpenIndex
from service.pipeline.rerank import Reranking
from service.pipeline.retrieve import Lookup, retrieve
from service.ports import Encoder
from tests.fixtures.fakes import FakeEncoder

LONG_AGO = date(2001, 1, 1)


class Words:
    def prepare(self, text: str, /) -> PreparedText:
        return PreparedText(text.lower(), text.lower(), has_marks=True)


class Shelf:
    """FAQs, an exact index over them, and an Answerer on top."""

    def __init__(self, *faqs: Faq, collection: str = "c", **options) -> None:
        self.faqs = {faq.id: faq for faq in faqs}
        self.encoder = FakeEncoder()
        self.index = OpenIndex(
            IndexRef("uni", 7, "fake"),
            Words(),
            self.encoder,
            ExactStore(),
            collection,
            ThresholdConfidence(answer_similarity=0.8, suggest_similarity=0.3),
        )
        rows = [
            Row(f"{faq.id}#{position}", faq.id, text, faq.tags)
            for faq in faqs
            for position, text in enumerate(faq.texts)
        ]
        self.index.store.create(collection)
        vectors = self.encoder.encode([Words().prepare(row.text) for row in rows])
        self.index.store.upsert(collection, rows, vectors)
        self.answerer = Answerer(index_of=lambda _: self.index, faqs=self, **options)

    def get_many(self, set_name: str, faq_ids: Sequence[str], /) -> Mapping[str, Faq]:
        return {faq_id: self.faqs[faq_id] for faq_id in faq_ids}

    def ids(self, question: str, **more) -> list[str]:
        reply = self.answerer.answer(Ask(question, "uni", **more))
        return [candidate.faq.id for candidate in reply.candidates]


def test_a_reply_says_what_answered_from_where_and_how_long_it_took() -> None:
    shelf = Shelf(Faq("fee", "học phí bao nhiêu", "Xem thông báo."), Faq("lib", "thư viện", "."))
    reply = shelf.answerer.answer(Ask("  học phí bao nhiêu\u200b ", "uni"))
    assert reply.question == "học phí bao nhiêu"
    assert reply.decision.outcome is Outcome.ANSWER
    assert reply.decision.answer is not None
    assert reply.decision.answer.faq.id == "fee"
    assert reply.index == IndexRef("uni", 7, "fake")
    timing = reply.timing
    spent = timing.segment_ms + timing.encode_ms + timing.search_ms + timing.rerank_ms
    assert 0 < spent <= timing.total_ms


def test_an_faq_that_fills_all_rows_does_not_hide_the_others() -> None:
    many = tuple(f"học phí kỳ {n}" for n in range(20))
    shelf = Shelf(
        Faq("fee", "học phí", ".", alternates=many),
        Faq("loan", "vay vốn đóng học phí", "."),
        Faq("cut", "miễn giảm học phí", "."),
        retrieve_k=5,
    )
    assert shelf.ids("học phí") == ["fee", "cut", "loan"]


def test_expired_faqs_that_fill_all_rows_do_not_hide_a_valid_one() -> None:
    old = [Faq(f"old{n}", "lịch nghỉ tết", ".", valid_to=LONG_AGO) for n in range(9)]
    shelf = Shelf(*old, Faq("now", "lịch nghỉ tết năm nay", "."), retrieve_k=5)
    assert shelf.ids("lịch nghỉ tết") == ["now"]


def test_one_look_is_enough_where_there_is_no_more() -> None:
    shelf = Shelf(Faq("fee", "học phí", "."), retrieve_k=20)
    encoded = shelf.encoder.encoded
    assert shelf.ids("học phí") == ["fee"]
    assert shelf.encoder.encoded == encoded + 1


def test_tags_narrow() -> None:
    shelf = Shelf(Faq("a", "học phí", ".", tags=("x",)), Faq("b", "học phí", ".", tags=("y",)))
    assert shelf.ids("học phí", tags=("y",)) == ["b"]


class Backwards:
    name = "backwards"

    def score(
        self, question: PreparedText, candidates: Sequence[Candidate], encoder: Encoder, /
    ) -> FloatArray:
        return np.arange(len(candidates), dtype=np.float32)


def test_the_reranker_is_used_when_asked_for() -> None:
    reranking = Reranking(Backwards(), top=5, timeout_s=10)
    shelf = Shelf(Faq("a", "học phí", "."), Faq("b", "học phí nào", "."), reranking=reranking)
    assert shelf.ids("học phí") == ["a", "b"]
    assert shelf.ids("học phí", rerank="always") == ["b", "a"]
    reranking.close()


class Explaining(Backwards):
    def explain(self, question, candidates, encoder, /):
        return self.score(question, candidates, encoder), [{"letters": 1.0} for _ in candidates]


def test_the_reasons_of_reranker_and_confidence_are_both_told() -> None:
    reranking = Reranking(Explaining(), top=1, timeout_s=10)
    shelf = Shelf(Faq("a", "học phí", "."), Faq("b", "học phí nào", "."), reranking=reranking)
    first, second = shelf.answerer.answer(Ask("học phí", "uni", rerank="always")).candidates
    assert first.reasons["rerank.letters"] == 1.0
    assert first.reasons["similarity"] == pytest.approx(first.similarity)
    assert "rerank.letters" not in second.reasons
    reranking.close()


def test_auto_reranks_what_cosine_order_would_only_suggest() -> None:
    reranking = Reranking(Backwards(), top=5, timeout_s=10)
    shelf = Shelf(
        Faq("a", "học phí", "."),
        Faq("b", "học phí nào", "."),
        Faq("c", "thư viện mở cửa lúc nào", "."),
        reranking=reranking,
    )
    sure, doubtful, hopeless = "thư viện mở cửa lúc nào", "học phí năm nay", "đá bóng"
    for question, reranked in ((sure, False), (doubtful, True), (hopeless, False)):
        plain = shelf.ids(question)
        assert len(plain) > 1
        assert (shelf.ids(question, rerank="auto") != plain) is reranked, question
    reranking.close()


def test_both_questions_of_a_message_are_within_reach() -> None:
    shelf = Shelf(
        Faq("fee", "học phí bao nhiêu", "."),
        Faq("card", "mất thẻ làm lại ở đâu", ".."),
        *(Faq(f"other{n}", f"học phí thẻ làm lại bao nhiêu {n}", f"{n}") for n in range(4)),
    )
    message = "Học phí bao nhiêu\nMất thẻ làm lại ở đâu"
    decision = shelf.answerer.answer(Ask(message, "uni")).decision
    assert decision.answer is not None
    assert decision.answer.faq.id == "card"
    assert [candidate.faq.id for candidate in decision.suggestions] == ["fee"]


def test_guards_read_the_whole_message_for_its_parts() -> None:
    judged = []

    class Listening(ThresholdConfidence):
        def judge(self, text: PreparedText, vector: FloatArray, ranked, /) -> list[Candidate]:
            judged.append((text.plain, text.left_out))
            return super().judge(text, vector, ranked)

    shelf = Shelf(Faq("fee", "học phí bao nhiêu", "."))
    listening = Listening(answer_similarity=0.8, suggest_similarity=0.3)
    shelf.index = replace(shelf.index, confidence=listening)
    shelf.answerer.answer(Ask("em là k65. học phí bao nhiêu", "uni"))
    assert [plain for plain, _ in judged] == [
        "em là k65. học phí bao nhiêu",
        "em là k65",
        "học phí bao nhiêu",
    ]
    assert "em là k65" in judged[2][1]


@pytest.mark.parametrize(("question", "words"), [("\u200b \n", "empty"), ("a " * 60, "at most 50")])
def test_questions_that_cannot_be_read_are_refused(question: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        Shelf(Faq("a", "học phí", "."), max_chars=50).ids(question)


def test_lookups_of_several_indexes_share_a_run_and_stay_apart() -> None:
    one = Shelf(Faq("a", "học phí", "."), Faq("b", "thư viện", "."), collection="one").index
    two = Shelf(Faq("c", "học phí", "."), collection="two").index
    text = Words().prepare("học phí")
    found = retrieve(
        [Lookup(one, text, 1), Lookup(two, text, 5), Lookup(one, text, 2), Lookup(one, text, 1)]
    )
    assert [[hit.row.faq_id for hit in each.hits] for each in found] == [
        ["a"],
        ["c"],
        ["a", "b"],
        ["a"],
    ]


def test_a_text_without_features_finds_nothing_and_disturbs_nobody() -> None:
    index = Shelf(Faq("a", "học phí", ".")).index
    nothing, something = PreparedText("", "", False), Words().prepare("học phí")
    found = retrieve([Lookup(index, nothing, 5), Lookup(index, something, 5)])
    assert [len(each.hits) for each in found] == [0, 1]


class Removed(ExactStore):
    """Of an index that was live a moment ago."""

    def search(self, *asked, **options):
        raise IndexGone("It has been removed.")


def test_a_question_that_outlived_its_index_is_asked_of_the_live_one() -> None:
    shelf = Shelf(Faq("fee", "học phí bao nhiêu", "Xem thông báo."))
    old = replace(shelf.index, ref=IndexRef("uni", 6, "fake"), store=Removed())
    live = iter([old, shelf.index])
    reply = Answerer(index_of=lambda _: next(live), faqs=shelf).answer(Ask("học phí", "uni"))
    assert reply.index.generation == 7
    assert [candidate.faq.id for candidate in reply.candidates] == ["fee"]


def test_an_index_that_is_gone_for_good_is_an_error() -> None:
    shelf = Shelf(Faq("fee", "học phí bao nhiêu", "Xem thông báo."))
    shelf.index = replace(shelf.index, store=Removed())
    with pytest.raises(IndexGone):
        shelf.answerer.answer(Ask("học phí", "uni"))
