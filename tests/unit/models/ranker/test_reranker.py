import gc
import json
import weakref
from importlib.resources import files

import numpy as np
import pytest

from service.domain import Candidate, Faq, PreparedText
from service.errors import BadInput, BadSetting
from service.models.embedded.encoder import EmbeddedEncoder, open_embedded_encoder
from service.models.factory import open_reranker, pull_model
from service.models.ranker.features import NAMES
from service.models.ranker.reranker import WEIGHTS, BuiltInReranker, Linear
from service.ports import ExplainingReranker
from service.settings import Settings
from tests.fixtures.fakes import FakeEncoder

ENCODER = open_embedded_encoder()


def text(plain: str) -> PreparedText:
    return PreparedText(plain, plain, True)


QUESTION = text("nộp học phí ở đâu")
CANDIDATES = [
    Candidate(Faq("a", "Học phí bao nhiêu?", "…"), "Học phí bao nhiêu?", 0.9),
    Candidate(Faq("b", "Đóng tiền chỗ nào?", "…", ("Nộp học phí ở đâu?",)), "Đóng tiền", 0.8),
]


def test_a_linear_model_is_a_weighted_sum_by_name() -> None:
    found = np.arange(2.0 * len(NAMES)).reshape(2, -1)
    scores = Linear({NAMES[1]: 2.0, NAMES[3]: -1.0}).predict(found)
    assert scores.tolist() == [2 * 1 - 3, 2 * (len(NAMES) + 1) - (len(NAMES) + 3)]


def test_all_texts_of_an_faq_are_read() -> None:
    reranker = BuiltInReranker(Linear({"maxsim": 1.0}), text)
    first, second = reranker.score(QUESTION, CANDIDATES, ENCODER)
    assert first < second == pytest.approx(1.0, abs=1e-5)


def test_features_are_explained_by_name() -> None:
    reranker = open_reranker(Settings(reranker="built-in"), text)
    assert isinstance(reranker, ExplainingReranker)
    scores, reasons = reranker.explain(QUESTION, CANDIDATES, ENCODER)
    assert [list(why) for why in reasons] == [list(NAMES)] * 2
    assert [why["cosine"] for why in reasons] == pytest.approx([0.9, 0.8])
    weights = json.loads(files("service.models.ranker").joinpath(WEIGHTS).read_text())["weights"]
    sums = [sum(weights[name] * value for name, value in why.items()) for why in reasons]
    assert scores.tolist() == pytest.approx(sums, abs=1e-4)


def test_stored_texts_are_prepared_once_for_each_encoder() -> None:
    prepared = []

    def prepare(plain: str) -> PreparedText:
        prepared.append(plain)
        return text(plain)

    reranker = BuiltInReranker(Linear({}), prepare)
    other = EmbeddedEncoder(ENCODER.table)
    for encoder in (ENCODER, ENCODER, other):
        reranker.score(QUESTION, CANDIDATES, encoder)
    assert len(prepared) == 2 * 4


def test_an_encoder_that_is_no_longer_live_is_let_go() -> None:
    encoder = EmbeddedEncoder(ENCODER.table)
    gone = weakref.ref(encoder)
    reranker = BuiltInReranker(Linear({}), text)
    reranker.score(QUESTION, CANDIDATES, encoder)
    del encoder
    gc.collect()
    assert gone() is None


def test_it_needs_words() -> None:
    with pytest.raises(BadInput, match="vectors of words"):
        BuiltInReranker(Linear({}), text).score(QUESTION, CANDIDATES, FakeEncoder())


def test_it_goes_with_the_embedded_encoder_alone() -> None:
    with pytest.raises(BadSetting, match="VIFAQ_ENCODER=embedded"):
        open_reranker(Settings(reranker="built-in", encoder="lexical"), text)


def test_there_is_nothing_to_fetch() -> None:
    with pytest.raises(BadSetting, match="nothing to fetch"):
        pull_model("built-in", Settings())


def test_what_ships_weighs_every_feature() -> None:
    record = json.loads(files("service.models.ranker").joinpath(WEIGHTS).read_text())
    assert set(record["weights"]) == set(NAMES)


def test_an_faq_on_something_else_comes_last() -> None:
    reranker = open_reranker(Settings(reranker="built-in"), text)
    assert reranker is not None
    more = [*CANDIDATES, Candidate(Faq("c", "Thư viện", "…"), "Thư viện", 0.1)]
    scores = reranker.score(QUESTION, more, ENCODER)
    assert scores.argmin() == 2
