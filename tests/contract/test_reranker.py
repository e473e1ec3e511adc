"""What every reranker keeps, whatever is inside."""

import numpy as np
import pytest

from service.domain import Candidate, Faq, PreparedText
from service.models.embedded.encoder import open_embedded_encoder
from service.models.factory import open_reranker
from service.settings import Settings
from tests.fixtures.tiny_models import save_poly_encoder


def text(plain: str) -> PreparedText:
    return PreparedText(plain, plain, True)


CANDIDATES = [
    Candidate(Faq("a", "học phí", "xem web"), "học phí bao nhiêu", 0.9),
    Candidate(Faq("b", "ký túc xá", "ở đâu"), "ký túc xá", 0.8),
    Candidate(Faq("c", "thư viện", "mở cửa"), "thư viện mở cửa mấy giờ " * 20, 0.7),
]
ENCODER = open_embedded_encoder()
QUESTION = text("học phí là bao nhiêu ạ")


@pytest.fixture(scope="module", params=["torch", "onnx", "openvino", "poly-encoder", "built-in"])
def reranker(request, tiny_models, tmp_path_factory):
    if request.param == "poly-encoder":
        folder = save_poly_encoder(tmp_path_factory.mktemp("poly"), tiny_models.xlm_roberta)
        return open_reranker(Settings(reranker=str(folder)), text)
    if request.param == "built-in":
        return open_reranker(Settings(reranker="built-in"), text)
    settings = Settings(reranker=str(tiny_models.reranker), reranker_backend=request.param)
    return open_reranker(settings, text)


def test_one_finite_score_a_candidate_in_their_order(reranker):
    scores = reranker.score(QUESTION, CANDIDATES, ENCODER)
    assert scores.shape == (3,)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    backwards = reranker.score(QUESTION, CANDIDATES[::-1], ENCODER)
    assert backwards[::-1] == pytest.approx(scores, abs=1e-4)
    assert len(set(scores.round(4).tolist())) == 3


def test_scores_depend_on_the_question(reranker):
    other = reranker.score(text("thư viện"), CANDIDATES, ENCODER)
    assert not np.allclose(other, reranker.score(QUESTION, CANDIDATES, ENCODER), atol=1e-3)


def test_no_candidates_no_scores(reranker):
    assert reranker.score(QUESTION, [], ENCODER).shape == (0,)


def test_it_has_a_name(reranker):
    assert reranker.name


def test_it_says_nothing_on_the_terminal(reranker, capfd):
    reranker.score(QUESTION, CANDIDATES * 20, ENCODER)
    assert capfd.readouterr() == ("", "")
