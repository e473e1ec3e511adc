"""How `python -m eval.reranking` counts and what it writes."""

import json
from pathlib import Path

import numpy as np
import pytest

from eval.reranking import Run, as_markdown, read_models
from service.errors import BadFile
from service.train.ranker import LINEAR


def run(before: list[int], after: list[int], model: str = "linear") -> Run:
    return Run.of(("uni", 0, "adapted", model), np.array(before), np.array(after), "hash")


def test_won_and_lost_are_questions_whose_first_place_changed() -> None:
    found = run([0, 0, 1, 2, 99], [0, 1, 0, 1, 99])
    assert (found.won, found.lost) == (1, 1)
    assert found.gain == 0
    assert found.recall_before == pytest.approx(0.4)
    assert found.mrr_before == pytest.approx((1 + 1 + 1 / 2 + 1 / 3) / 5)
    assert found.mrr_after == pytest.approx((1 + 1 / 2 + 1 + 1 / 2) / 5)


def test_a_loss_is_one_beyond_noise() -> None:
    assert not run([0] * 3 + [1] * 3, [1] * 3 + [0] * 3).worse
    assert not run([0] * 2, [1] * 2).worse
    assert run([0] * 9, [1] * 9).worse


def test_losses_stand_out_in_the_table() -> None:
    runs = [run([0] * 9, [1] * 9), run([1] * 4, [0, 1, 1, 1], "lambdarank")]
    page = as_markdown(runs, {"linear": {"median": 0.5, "p95": 1.25}})
    assert "| linear | **-100.0** (0/9) | -100.00 | 50.0 |" in page
    assert "| lambdarank | +25.0 (1/0) | +25.00 | 62.5 |" in page
    assert "| linear | 0.50 | 1.25 |" in page


def test_models_that_are_not_there_yet_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="make ranker"):
        read_models(tmp_path)
    for name in LINEAR:
        (tmp_path / f"{name}.json").write_text(json.dumps({"weights": {"cosine": 1}}))
    with pytest.raises(BadFile, match="lambdarank"):
        read_models(tmp_path)
