import numpy as np
import pytest

from service.domain import Candidate, Faq, PreparedText
from service.errors import BadSetting
from service.models.factory import open_reranker
from service.settings import CustomModel, Settings
from tests.fixtures.fakes import FakeEncoder
from tests.fixtures.tiny_models import save_reranker


class Prepare:
    """Remembers what it was given; joins words."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, plain: str) -> PreparedText:
        self.seen.append(plain)
        return PreparedText(plain, plain.replace(" ", "_"), True)


CANDIDATES = [Candidate(Faq("a", "thư viện", "mở cửa", ("mấy giờ",)), "mấy giờ", 0.9)]
ENCODER = FakeEncoder()
QUESTION = PreparedText("học phí", "học_phí", True)


def test_none_is_open_by_default():
    assert open_reranker(Settings(), Prepare()) is None


@pytest.mark.parametrize(
    ("passage", "read"),
    [("matched", "mấy giờ"), ("question", "thư viện"), ("answer", "thư viện mở cửa")],
)
def test_it_reads_the_passage_that_is_set(tiny_models, passage, read):
    prepare = Prepare()
    settings = Settings(reranker=str(tiny_models.reranker), rerank_passage=passage)
    open_reranker(settings, prepare).score(QUESTION, CANDIDATES, ENCODER)
    assert prepare.seen == [read]


def test_segmented_profiles_read_joined_words(tiny_models):
    entry = CustomModel(model=str(tiny_models.reranker), segmented=True)
    joined = open_reranker(Settings(reranker="own", rerankers={"own": entry}), Prepare())
    plain = open_reranker(Settings(reranker=str(tiny_models.reranker)), Prepare())
    assert not np.allclose(
        joined.score(QUESTION, CANDIDATES, ENCODER),
        plain.score(QUESTION, CANDIDATES, ENCODER),
        atol=1e-4,
    )


def test_a_classifier_is_refused(tmp_path):
    folder = save_reranker(tmp_path, labels=3)
    with pytest.raises(BadSetting, match="a classifier of 3 classes"):
        open_reranker(Settings(reranker=str(folder)), Prepare())


def test_an_encoder_is_refused(tiny_models):
    with pytest.raises(BadSetting, match="no cross-encoder"):
        open_reranker(Settings(reranker=str(tiny_models.xlm_roberta)), Prepare())
