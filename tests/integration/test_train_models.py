"""Each command end to end over tiny models, and its result as the service uses it."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file
from typer.testing import CliRunner

from service.cli.main import app
from service.domain import Candidate, Faq
from service.models.factory import open_encoder, open_reranker
from service.settings import Settings
from service.train.wording import text_path
from tests.fixtures.fakes import FakeEncoder
from tests.fixtures.training import write_judged, write_paraphrases, write_scored

pytestmark = pytest.mark.usefixtures("one_thread")

QUICK = ("--max-steps", "20", "--batch-size", "16", "--learning-rate", "0.003", "--epochs", "20")


@pytest.fixture(scope="module")
def paraphrases(tmp_path_factory):
    return write_paraphrases(tmp_path_factory.mktemp("data") / "paraphrases.jsonl")


def run(*arguments):
    result = CliRunner().invoke(app, ["train", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def train(what, base, data, out, *options):
    run(what, "--base", base, "--data", data, "--out", out, *QUICK, *options)
    assert [path.name for path in out.parent.iterdir() if path.name.startswith(".")] == []
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert 0 < report["best_step"] <= report["steps"] <= 20
    before, after = weights(base), weights(out)
    common = before.keys() & after.keys()
    assert common
    assert not all(np.array_equal(before[name], after[name]) for name in common)
    assert set(report["before"]) == set(report["after"]) >= {"as written", "no marks"}
    return report


def weights(folder):
    """A cross-encoder's backbone has a prefix that the encoder has not."""
    found = load_file(folder / "model.safetensors")
    return {name.removeprefix("roberta."): values for name, values in found.items()}


def vectors(folder, *questions):
    return open_encoder(Settings(encoder=str(folder))).encode(text_path().prepare_all(questions))


def scores(folder, question, *passages):
    path = text_path()
    reranker = open_reranker(Settings(reranker=str(folder)), path.prepare)
    assert reranker is not None
    candidates = [Candidate(Faq(p, p, "…"), p, 0.5) for p in passages]
    return reranker.score(path.prepare(question), candidates, FakeEncoder())


@pytest.mark.parametrize("loss", ["mnr", "triplet", "cosent"])
def test_bi_from_paraphrases(tiny_models, paraphrases, tmp_path, loss):
    out = tmp_path / "model"
    report = train("bi", tiny_models.xlm_roberta, paraphrases, out, "--loss", loss)
    assert report["recipe"]["loss"] == loss
    assert vectors(out, "học phí", "thư viện").shape == (2, 32)


def test_it_learns(tiny_models, paraphrases, tmp_path):
    out = tmp_path / "model"
    run(
        "bi", "--base", tiny_models.xlm_roberta, "--data", paraphrases, "--out", out,
        "--max-steps", 120, "--batch-size", 32, "--learning-rate", 0.003, "--epochs", 50,
    )  # fmt: skip
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    losses = [point["loss"] for point in report["curve"]]
    assert losses[-1] < 0.5 * losses[0]
    before, after = (report[when]["as written"]["mrr"] for when in ("before", "after"))
    assert before < 0.8 < 0.9 < after
    assert after == pytest.approx(max(point["mrr"] for point in report["curve"]), abs=1e-3)
    assert report["improved"] is True


def test_bi_from_scored_pairs_alone(tiny_models, tmp_path):
    data = write_scored(tmp_path / "scored.jsonl")
    report = train("bi", tiny_models.xlm_roberta, data, tmp_path / "m", "--loss", "cosent")
    assert -1 <= report["after"]["as written"]["spearman"] <= 1


def test_bi_from_judged_pairs(tiny_models, tmp_path):
    data = write_judged(tmp_path / "judged.jsonl")
    report = train("bi", tiny_models.xlm_roberta, data, tmp_path / "m", "--loss", "softmax")
    assert report["held_out"]["questions"] > 0


def test_matryoshka_with_joined_words(tiny_models, paraphrases, tmp_path):
    out = tmp_path / "model"
    report = train(
        "bi", tiny_models.phobert, paraphrases, out,
        "--matryoshka", 8, "--matryoshka", 16, "--segmented", "--licence", "mit",
    )  # fmt: skip
    assert {"8 dimensions", "16 dimensions"} <= set(report["after"])
    encoder = open_encoder(Settings(encoder=str(out)))
    path = text_path()
    apart = encoder.encode([path.prepare("học phí"), path.prepare("học, phí")])
    assert "_" in path.prepare("học phí").segmented
    assert not np.allclose(apart[0], apart[1])
    card = (out / "README.md").read_text(encoding="utf-8")
    assert all(word in card for word in ('license: "mit"', "VIFAQ_ENCODER", "paraphrases.jsonl"))
    assert str(tiny_models.phobert.parent) not in card


@pytest.mark.parametrize("loss", ["bce", "lambda"])
def test_cross(tiny_models, paraphrases, tmp_path, loss):
    out = tmp_path / "model"
    train("cross", tiny_models.reranker, paraphrases, out, "--loss", loss)
    found = scores(out, "học phí bao nhiêu", "học phí", "thư viện", "ký túc xá")
    assert len(set(found.tolist())) == 3


def test_cross_from_an_encoder_gets_a_head(tiny_models, paraphrases, tmp_path):
    out = tmp_path / "model"
    train("cross", tiny_models.xlm_roberta, paraphrases, out)
    assert len(set(scores(out, "học phí", "học phí", "thư viện").tolist())) == 2


def test_poly(tiny_models, paraphrases, tmp_path):
    out = tmp_path / "model"
    train("poly", tiny_models.xlm_roberta, paraphrases, out)
    passages = ("học phí", "thư viện mở cửa", "ký túc xá")
    found = scores(out, "học phí bao nhiêu", *passages)
    assert np.isfinite(found).all()
    assert len(set(found.tolist())) == 3
    backwards = scores(out, "học phí bao nhiêu", *passages[::-1])
    assert backwards[::-1] == pytest.approx(found, abs=1e-5)


def test_distill(tiny_models, paraphrases, tmp_path):
    out = tmp_path / "model"
    report = train(
        "distill", tiny_models.xlm_roberta, paraphrases, out, "--teacher", tiny_models.reranker
    )
    assert report["recipe"]["teacher"] == str(tiny_models.reranker)
    assert vectors(out, "học phí").shape == (1, 32)


def test_mine_puts_siblings_first_and_training_reads_it(tiny_models, paraphrases, tmp_path):
    mined = tmp_path / "mined.jsonl"
    run("mine", "--encoder", "lexical", "--data", paraphrases, "--out", mined, "--negatives", 4)
    records = [json.loads(line) for line in mined.read_text(encoding="utf-8").splitlines()]
    family = {record["faq"]: record["family"] for record in records}
    for record in records:
        assert len(record["negatives"]) == 4
        assert record["faq"] not in record["negatives"]
        siblings = [family[text] == record["family"] for text in record["negatives"]]
        assert siblings == [True, True, False, False]
    train("bi", tiny_models.xlm_roberta, mined, tmp_path / "model", "--loss", "triplet")


def test_a_judge_drops_strangers_that_it_finds_the_same(tiny_models, paraphrases, tmp_path):
    files = tmp_path / "strict.jsonl", tmp_path / "lax.jsonl"
    for file, threshold in zip(files, (0, 1), strict=True):
        run(
            "mine", "--encoder", "lexical", "--data", paraphrases, "--out", file,
            "--judge", tiny_models.reranker, "--threshold", threshold, "--negatives", 4,
        )  # fmt: skip
    strict, lax = (
        [len(json.loads(line)["negatives"]) for line in file.read_text("utf-8").splitlines()]
        for file in files
    )
    assert set(strict) == {2}  # siblings stay
    assert set(lax) == {4}
