import numpy as np
import pytest

from service.domain import Faq, PreparedText
from service.models.ranker.features import NAMES
from service.train.ranker_fit import Lists, fit_lambdarank, fit_linear
from service.train.ranking_lists import TOP, look_up
from tests.fixtures.fakes import FakeEncoder

COSINE, MAXSIM = NAMES.index("cosine"), NAMES.index("maxsim")


def lists(origin: str, count: int, told_by: int, seed: int) -> Lists:
    """The right one has the highest value of one feature; all others are noise."""
    rng = np.random.default_rng(seed)
    found = [rng.random((rng.integers(2, TOP + 1), len(NAMES))) for _ in range(count)]
    return Lists(origin, tuple(found), tuple(int(each[:, told_by].argmax()) for each in found))


@pytest.mark.parametrize("fit", [fit_linear, fit_lambdarank])
def test_both_models_find_the_feature_that_tells(fit) -> None:
    model = fit([lists("a", 600, MAXSIM, 0)])
    assert lists("b", 200, MAXSIM, 1).recall(model) > 0.9


def test_every_origin_counts_the_same() -> None:
    """However many lists it has: 50 here say as much as 5,000 there."""
    few, many = lists("few", 50, COSINE, 0), lists("many", 5000, MAXSIM, 1)
    weights = fit_linear([few, many]).weights
    assert weights["cosine"] / weights["maxsim"] == pytest.approx(1, abs=0.35)


def test_a_model_of_two_features_has_two_weights() -> None:
    assert set(fit_linear([lists("a", 50, 0, 0)], ("cosine", "poly")).weights) == {"cosine", "poly"}


def test_the_same_lists_make_the_same_models() -> None:
    drawn = [lists("a", 200, MAXSIM, 0)]
    assert fit_linear(drawn) == fit_linear(drawn)
    first, second = (fit_lambdarank(drawn).booster.model_to_string() for _ in range(2))
    assert first == second


def test_a_list_holds_the_best_text_of_five_faqs() -> None:
    faqs = [Faq(str(n), f"học phí {n}", ".", (f"tiền học {n}", f"phí {n}")) for n in range(7)]
    asked, lost, odd = look_up(
        faqs,
        [("tiền học 3", "3"), ("phí 1", "unknown"), ("học phí 2", "2")],
        lambda plain: PreparedText(plain, plain, True),
        FakeEncoder(),
    )
    assert asked.right == 0
    assert asked.candidates[0].matched_text == "tiền học 3"
    assert len({candidate.faq.id for candidate in asked.candidates}) == TOP
    cosines = [candidate.similarity for candidate in asked.candidates]
    assert cosines == sorted(cosines, reverse=True)
    assert lost.right is None
    assert odd.right == 0


def test_a_question_without_a_feature_is_left_out() -> None:
    faqs = [Faq("a", "học phí", ".")]
    prepare = lambda plain: PreparedText(plain, plain, True)  # noqa: E731
    assert look_up(faqs, [(" ", "a")], prepare, FakeEncoder()) == []
