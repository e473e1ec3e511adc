import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.pipeline.calibration.model import Logistic, fit, flat, sigmoid
from service.pipeline.calibration.policy import NEVER, Curve, choose
from service.pipeline.features import NAMES

RNG = np.random.default_rng(0)
SIMILARITY, CONFLICT = NAMES.index("similarity"), NAMES.index("conflict")


def sample(n: int) -> tuple[np.ndarray, np.ndarray]:
    x = RNG.normal(size=(n, len(NAMES)))
    return x, RNG.random(n) < 1 / (1 + np.exp(-2 * x[:, SIMILARITY]))


def says(model: Logistic, x: np.ndarray) -> np.ndarray:
    slope, offset = model.line
    return sigmoid(x @ slope + offset)


def test_it_learns_what_counts_and_its_probabilities_hold() -> None:
    x, y = sample(4000)
    model = fit(x, y, np.ones(len(x)), flat(x), hold=1.0)
    assert model.weights[SIMILARITY] == pytest.approx(2, abs=0.25)
    fresh, truth = sample(4000)
    said = says(model, fresh)
    for low, high in ((0.0, 0.2), (0.4, 0.6), (0.8, 1.0)):
        inside = (said >= low) & (said < high)
        assert truth[inside].mean() == pytest.approx(said[inside].mean(), abs=0.06)


def test_without_samples_it_is_the_prior_and_with_few_it_is_near() -> None:
    x, y = sample(2000)
    prior = fit(x, y, np.ones(len(x)), flat(x), hold=1.0)
    nothing = fit(x[:50], ~y[:50], np.zeros(50), prior, hold=10.0)
    assert np.allclose(nothing.weights, prior.weights)
    few = fit(x[:5], ~y[:5], np.ones(5), prior, hold=10.0)
    many = fit(x, ~y, np.ones(len(x)), prior, hold=10.0)
    assert prior.weights[SIMILARITY] > few.weights[SIMILARITY] > many.weights[SIMILARITY]


def test_no_feature_pushes_the_wrong_way() -> None:
    x, y = sample(500)
    model = fit(x, ~y, np.ones(len(x)), flat(x), hold=1.0)
    assert model.weights[SIMILARITY] == 0
    assert model.weights[CONFLICT] <= 0


def test_what_it_does_not_read_counts_for_nothing() -> None:
    x, y = sample(500)
    model = fit(x, y, np.ones(len(x)), flat(x), hold=1.0, reads=("lead", "conflict"))
    assert not model.weights[[n not in ("lead", "conflict") for n in NAMES]].any()
    other = x.copy()
    other[:, SIMILARITY] += 5
    assert np.array_equal(says(model, other), says(model, x))


def test_it_survives_json() -> None:
    x, y = sample(300)
    model = fit(x, y, np.ones(len(x)), flat(x), hold=1.0)
    again = Logistic.from_json(json.loads(json.dumps(model.as_json())))
    assert np.allclose(says(again, x), says(model, x), atol=1e-3)


def test_the_threshold_is_the_lowest_that_is_precise_enough() -> None:
    confidence = np.linspace(1, 0, 100)
    right = np.arange(100) < 50
    policy = choose(Curve.of(confidence, right, np.ones(100)), 0.9, suggest_at=0.1)
    assert policy.answered == 55
    assert policy.answer_at == pytest.approx(confidence[54])
    assert policy.expected_precision == pytest.approx(50 / 55, abs=1e-4)
    assert policy.precision_lower_bound is not None
    assert 0.8 < policy.precision_lower_bound < policy.expected_precision
    assert policy.expected_coverage == pytest.approx(0.55)


def test_where_nothing_is_precise_enough_nothing_is_answered() -> None:
    policy = choose(Curve.of(np.linspace(1, 0, 50), np.zeros(50, bool), np.ones(50)), 0.9, 0.1)
    assert (policy.answer_at, policy.expected_precision, policy.answered) == (NEVER, None, 0)


def test_weights_change_what_is_expected() -> None:
    confidence, right = np.array([0.9, 0.9, 0.8, 0.8]), np.array([True, True, True, False])
    rare = Curve.of(confidence, right, np.array([1, 1, 1, 0.05]))
    often = Curve.of(confidence, right, np.array([1, 1, 1, 5.0]))
    assert choose(rare, 0.95, 0.0).answered == 4
    assert choose(often, 0.95, 0.0).answered == 3


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=300))
def test_precision_above_the_threshold_is_what_it_says(points: list[tuple[float, bool]]) -> None:
    confidence = np.array([c for c, _ in points])
    right = np.array([r for _, r in points])
    curve = Curve.of(confidence, right, np.ones(len(points)))
    policy = choose(curve, 0.9, 0.0)
    assert curve.weight.sum() == pytest.approx(1)
    if policy.expected_precision is not None:
        assert policy.expected_precision >= 0.9 - 1e-3
    rounded = Curve.from_json(json.loads(json.dumps(curve.as_json())))
    assert rounded.right.sum() == pytest.approx(right.mean(), abs=1e-2)
