import json
from contextlib import closing

import numpy as np
import pytest

from service.domain import Faq, PreparedText
from service.errors import BadInput, BadSetting, TimedOut
from service.evaluation.baselines import baseline
from service.evaluation.load import OutOfScope, Query, Task
from service.evaluation.open import service_ranker
from service.evaluation.run import data_hash, evaluate
from service.evaluation.service_path import ServiceRanker
from service.pipeline.rerank import Reranking
from service.reindex.plan import EncoderPlan, Learned
from service.settings import Settings
from service.text.diacritics import fold, has_marks
from tests.fixtures.fakes import FakeEncoder

FAQS = [
    Faq("fee", "Học phí một tín chỉ là bao nhiêu", "a1", ("tiền học mỗi tín",)),
    Faq("dorm", "Đăng ký ký túc xá ở đâu", "a2"),
    Faq("card", "Mất thẻ sinh viên phải làm gì", "a3"),
]
TASK = Task(
    FAQS,
    [
        Query("học phí tín chỉ", "fee"),
        Query("tiền học mỗi tín chỉ", "fee"),
        Query("ký túc xá đăng ký", "dorm"),
        Query("em bị mất thẻ", "card"),
    ],
    [OutOfScope("hôm nay trời đẹp quá", "chitchat"), OutOfScope("bạn tên gì", "chitchat")],
)


class PlainText:
    version = "plain"

    def prepare(self, text, /):
        if not text.strip():
            raise BadInput("empty")
        return PreparedText(text.strip(), text.strip(), has_marks(text))


def plan(encoder=None, learn=None):
    encoder = encoder or FakeEncoder()
    return EncoderPlan(encoder, lambda artefact: encoder, learn=learn)


def make_ranker(**options):
    return ServiceRanker(FAQS, text=PlainText(), **{"plan": plan(), **options})


@pytest.mark.parametrize("make", [make_ranker, lambda: baseline("bm25", FAQS)])
def test_the_record_has_exactly_the_promised_keys(make):
    record = json.loads(json.dumps(evaluate(make(), TASK).as_json()))

    assert (record["n_faqs"], record["n_queries"]) == (3, 4)
    assert record["recall@1"] == record["recall@5"] == record["mrr@10"] == record["ndcg@10"] == 1
    assert set(record["latency_ms"]) == {"p50", "p95"}
    assert set(record["rejection"]) == {"chitchat", "coverage_at_95_precision"}
    assert set(record["rejection"]["chitchat"]) == {"auroc", "fpr95"}
    assert record["rejection"]["chitchat"]["auroc"] > 0.8
    assert record["rejection"]["coverage_at_95_precision"] >= 4 / 6
    assert record["expected_calibration_error"] is None


@pytest.mark.parametrize("name", ["bm25", "tfidf"])
def test_baselines_rank_each_faq_once_by_its_best_text(name):
    ranking = baseline(name, FAQS).rank("tiền học mỗi tín")
    assert sorted(ranking.faq_ids) == ["card", "dorm", "fee"]
    assert ranking.faq_ids[0] == "fee"
    assert ranking.confidence == ranking.scores[0] == max(ranking.scores)


def test_folding_is_what_parts_the_baselines():
    unmarked = fold("mất thẻ phải")
    assert baseline("tfidf", FAQS).rank(unmarked).faq_ids[0] == "card"
    assert baseline("bm25", FAQS).rank(unmarked).confidence == 0.0


def test_noise_reaches_every_question():
    spoiled = evaluate(make_ranker(), TASK, noise="no-marks")
    clean = evaluate(make_ranker(), TASK)
    assert (spoiled.noise, clean.noise) == ("no-marks", "none")
    assert spoiled.ranking["recall@1"] < clean.ranking["recall@1"]
    assert spoiled.rejection != clean.rejection
    assert spoiled.data_hash == clean.data_hash


def test_learning_sees_the_prepared_faqs_and_replaces_the_encoder():
    learned = []

    def learn(faqs, on_progress):
        learned.extend(faqs)
        return Learned(FakeEncoder("learned", 128), b"weights")

    ranker = make_ranker(plan=plan(learn=learn))
    assert ranker.encoder.dimension == 128
    assert ranker.name == "fake+adapted"
    assert [faq.id for faq in learned] == ["fee", "dorm", "card"]
    assert learned[0].alternates[0].plain == "tiền học mỗi tín"


def test_an_empty_question_finds_nothing():
    ranking = make_ranker().rank("   ")
    assert ranking.faq_ids == ()
    assert ranking.confidence == 0.0


def test_similarity_is_the_confidence_of_an_uncalibrated_ranker():
    ranking = make_ranker().rank("Đăng ký ký túc xá ở đâu")
    assert ranking.confidence == ranking.scores[0] == pytest.approx(1.0)
    assert np.all(np.diff(ranking.scores) <= 0)


def test_the_hash_tells_data_apart():
    other = Task(FAQS, TASK.queries[:-1], TASK.out_of_scope)
    assert data_hash(TASK) == data_hash(TASK) != data_hash(other)


class Backwards:
    """A reranker that likes the last best."""

    name = "backwards"

    def score(self, question, candidates, encoder, /):
        return np.arange(len(candidates), dtype=np.float32)


class Broken(Backwards):
    def score(self, question, candidates, encoder, /):
        raise RuntimeError("no")


def test_reranking_is_what_ranks():
    with closing(Reranking(Backwards(), top=2, timeout_s=5)) as reranking:
        reranked = make_ranker(reranking=reranking).rank("học phí tín chỉ").faq_ids
    first, second, *rest = make_ranker().rank("học phí tín chỉ").faq_ids
    assert reranked == (second, first, *rest)


def test_a_reranker_that_fails_is_not_taken_for_one_that_works():
    with closing(Reranking(Broken(), top=2, timeout_s=5)) as reranking:
        ranker = make_ranker(reranking=reranking)
        with pytest.raises(TimedOut):
            ranker.rank("học phí tín chỉ")


@pytest.mark.parametrize(("adapt", "name"), [("off", "lexical"), ("on", "lexical+adapted")])
def test_the_service_as_configured_over_a_temporary_index(tmp_path, monkeypatch, adapt, name):
    monkeypatch.chdir(tmp_path)
    with service_ranker(Settings(encoder="lexical"), FAQS, adapt=adapt) as ranker:
        result = evaluate(ranker, TASK, noise="teencode")
    assert result.ranker == name
    assert result.ranking["recall@5"] == 1
    assert list(tmp_path.iterdir()) == []  # no live data is made or touched


def test_reranking_without_a_reranker_is_refused():
    with pytest.raises(BadSetting, match="VIFAQ_RERANKER"):  # noqa: SIM117
        with service_ranker(Settings(), FAQS, rerank=True):
            pass
