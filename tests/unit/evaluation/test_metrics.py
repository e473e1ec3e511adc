import numpy as np
import pytest

from service.evaluation import metrics


def test_ranking_figures_are_those_of_the_textbook():
    gold = ["a", "b", "c", "d"]
    others = [f"x{n}" for n in range(20)]
    rankings = [["a", "b"], ["x", "b"], [*others[:5], "c"], [*others[:10], "d"]]

    found = metrics.ranking_figures(rankings, gold)

    assert found["recall@1"] == pytest.approx(1 / 4)
    assert found["recall@5"] == pytest.approx(2 / 4)
    assert found["mrr@10"] == pytest.approx((1 + 1 / 2 + 1 / 6 + 0) / 4)
    gains = 1 + 1 / np.log2(3) + 1 / np.log2(7)
    assert found["ndcg@10"] == pytest.approx(gains / 4)


def test_a_question_that_found_nothing_counts_as_missed():
    assert metrics.ranking_figures([["a"], []], ["a", "b"])["recall@5"] == pytest.approx(0.5)


def test_equal_scores_keep_the_rankers_order():
    # trec_eval would put "z" before "a" if both had one score
    assert metrics.ranking_figures([["a", "z"]], ["a"])["recall@1"] == 1.0


def test_auroc_and_fpr():
    inside = np.linspace(0.5, 1.0, 100)
    assert metrics.auroc(inside, np.array([0.1, 0.2])) == 1.0
    assert metrics.auroc(inside, np.array([2.0])) == 0.0
    assert metrics.fpr_at_95_recall(inside, np.array([0.1, 0.9, 0.4, 0.99])) == 0.5


def test_coverage_counts_only_thresholds_that_exist():
    confidence = np.array([0.9, 0.8, 0.8, 0.7])
    assert metrics.coverage_at_precision(confidence, np.array([1, 1, 0, 1], bool), 0.9) == 0.25
    assert metrics.coverage_at_precision(confidence, np.array([1, 1, 1, 0], bool), 0.7) == 1.0
    assert metrics.coverage_at_precision(confidence, np.array([0, 0, 0, 0], bool)) == 0.0


def test_risk_coverage_area():
    # risks 0/1, 1/2, 1/3
    area = metrics.area_under_risk_coverage(
        np.array([0.3, 0.9, 0.5]), np.array([True, True, False])
    )
    assert area == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)


def test_calibration_error():
    right = np.array([True, True, True, False])
    assert metrics.expected_calibration_error(np.full(4, 0.75), right) == pytest.approx(0.0)
    assert metrics.expected_calibration_error(np.ones(4), right) == pytest.approx(0.25)
