import numpy as np
import pytest

from service.domain import PreparedText
from service.models.embedded.encoder import open_embedded_encoder
from service.models.late_interaction import MaxSim, PolyAttention, TokenEncoder, Words
from tests.fixtures.fakes import FakeEncoder

NOTHING = Words(np.zeros((0, 3), np.float32), np.zeros(0, np.float32))


def words(*axes: int, weights: tuple[float, ...] = ()) -> Words:
    """Words that point along axes of a space: the same axis is the same word."""
    return Words(np.eye(3, dtype=np.float32)[list(axes)], np.float32(weights or [1] * len(axes)))


def test_maxsim_is_the_weighted_share_of_the_question_that_is_met() -> None:
    assert MaxSim().score(words(0, 1), words(0)) == pytest.approx(0.5)
    assert MaxSim().score(words(0, 1, weights=(3, 1)), words(0)) == pytest.approx(0.75)
    assert MaxSim().score(words(0), words(2, 1, 0)) == pytest.approx(1.0)


def test_maxsim_takes_the_nearest_word_and_not_the_mean() -> None:
    between = Words(np.float32([[0.6, 0.8, 0.0]]), np.float32([1]))
    assert MaxSim().score(words(0), between) == pytest.approx(0.6)
    assert MaxSim().score(between, words(0, 1)) == pytest.approx(0.8)


def test_poly_attention_without_sharpness_is_the_cosine_of_the_sums() -> None:
    question, text = words(0, 1, weights=(2, 1)), words(1, 2, weights=(1, 3))
    expected = float(question.whole @ text.whole)
    assert PolyAttention(sharpness=0).score(question, text) == pytest.approx(expected)


def test_poly_attention_looks_at_what_the_text_has() -> None:
    question, text = words(0, 1), words(1)
    scores = [PolyAttention(sharpness).score(question, text) for sharpness in (0, 2, 50)]
    assert scores == sorted(scores)
    assert scores[0] == pytest.approx(np.sqrt(0.5))
    assert scores[-1] == pytest.approx(1.0)


@pytest.mark.parametrize("interaction", [MaxSim(), PolyAttention()])
def test_nothing_said_is_nothing_met(interaction: MaxSim | PolyAttention) -> None:
    assert interaction.score(NOTHING, words(0)) == 0
    assert interaction.score(words(0), NOTHING) == 0
    assert NOTHING.whole.shape == (3,)


def test_the_embedded_encoder_gives_one_vector_a_word() -> None:
    encoder = open_embedded_encoder()
    found = encoder.words(PreparedText("Học phí nộp ở đâu?", "Học_phí nộp ở đâu ?", True))
    assert found.vectors.shape == (4, encoder.dimension)
    assert found.vectors.dtype == found.weights.dtype == np.float32
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    assert found.weights[0] > found.weights[2]  # "học phí" tells more than "ở"
    assert encoder.words(PreparedText("?!", "? !", False)).vectors.shape == (0, encoder.dimension)


def test_not_every_encoder_has_words() -> None:
    assert isinstance(open_embedded_encoder(), TokenEncoder)
    assert not isinstance(FakeEncoder(), TokenEncoder)
