import numpy as np
import pytest

from service.models.profiles import EncoderProfile
from service.text.noise import NoiseKind
from service.train.examples import Examples, Group, Scored
from service.train.measure import DevSet, Query, dev_set, measure_encoder, measure_reranker
from service.train.split import Split
from service.train.wording import Wording, text_path


@pytest.fixture(scope="module")
def wording():
    return Wording(text_path(), EncoderProfile("m", "m"))


def vectors(table):
    return lambda texts: np.array([table[text] for text in texts], dtype=np.float32)


def test_ranks_become_recall_and_mrr(wording):
    dev = DevSet(("một", "hai"), (Query("gì", 0, (1,)), Query("sao", 1, (0,))), ())
    table = {"một": (1, 0), "hai": (0.5, 0.5), "gì": (1, 0.1), "sao": (1, 0)}
    found = measure_encoder(vectors(table), dev, wording, NoiseKind.NONE)
    assert found == {"recall@1": 0.5, "mrr": 0.75}


def test_an_encoder_that_tells_nothing_apart_gets_no_credit(wording):
    dev = DevSet(("một", "hai"), (Query("gì", 0, ()), Query("sao", 1, ())), ())
    table = dict.fromkeys(("một", "hai", "gì", "sao"), (1, 0))
    assert measure_encoder(vectors(table), dev, wording, NoiseKind.NONE)["recall@1"] == 0


def test_fewer_dimensions_are_normalised_again(wording):
    dev = DevSet(("một", "hai"), (Query("gì", 0, ()),), ())
    table = {"một": (0.1, 0.1, 0.9), "hai": (0.9, 0.0, 0.1), "gì": (0.5, 0.5, 0.0)}
    assert measure_encoder(vectors(table), dev, wording, NoiseKind.NONE)["recall@1"] == 0
    assert measure_encoder(vectors(table), dev, wording, NoiseKind.NONE, 2)["recall@1"] == 1


def test_scored_pairs_are_ranked_by_cosine(wording):
    scored = (Scored("một", "hai", 1.0), Scored("một", "ba", 0.5), Scored("một", "bốn", 0.0))
    table = {"một": (1, 0), "hai": (1, 0.1), "ba": (1, 1), "bốn": (0, 1)}
    found = measure_encoder(vectors(table), DevSet((), (), scored), wording, NoiseKind.NONE)
    assert found["spearman"] == pytest.approx(1)


def test_a_reranker_orders_the_answer_and_its_rivals(wording):
    dev = DevSet(("một", "hai", "ba"), (Query("gì", 1, (0, 2)), Query("sao", 0, (2,))), ())
    scores = {("gì", "một"): 3, ("gì", "hai"): 2, ("gì", "ba"): 1, ("sao", "một"): 5}

    def score(pairs):
        return np.array([scores.get(pair, 0) for pair in pairs], dtype=np.float32)

    found = measure_reranker(score, dev, wording, NoiseKind.NONE)
    assert found == {"recall@1": 0.5, "mrr": 0.75}


def test_noise_is_put_on_the_questions_alone(wording):
    dev = DevSet(("học phí",), (Query("tiền học", 0, ()),), ())
    read = []

    def encode(texts):
        read.extend(texts)
        return np.ones((len(texts), 2), dtype=np.float32)

    measure_encoder(encode, dev, wording, NoiseKind.TELEX)
    assert "học phí" in read


def test_held_out_questions_are_looked_for_among_trained_ones_too():
    train = Examples(tuple(Group(f"t{n}", (f"kho {n}", f"hỏi {n}")) for n in range(5)))
    dev = Examples((Group("d", ("đích", "tới", "lui")),))

    def encode(texts):
        rng = np.random.default_rng(len(texts))
        found = rng.normal(size=(len(texts), 8)).astype(np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    found = dev_set(Split(train, dev), encode, 0)
    assert found.stored == ("đích", *(f"kho {n}" for n in range(5)))
    assert sorted((query.text, query.answer) for query in found.queries) == [("lui", 0), ("tới", 0)]
    assert all(0 not in query.rivals and query.rivals for query in found.queries)
    assert found.metric == "mrr"
