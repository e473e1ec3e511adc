"""Trainings that are interrupted, killed, or told something wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from service.domain import Progress
from service.errors import BadFile, BadInput, BadSetting, ModelUnavailable
from service.models.factory import open_encoder
from service.settings import Settings
from service.train.config import TrainConfig
from service.train.fit import newest_checkpoint
from service.train.told import Told
from tests.fixtures.training import write_judged, write_paraphrases

pytestmark = pytest.mark.usefixtures("one_thread")

STEPS = 12


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_paraphrases(folder / "paraphrases.jsonl", families=10)
    write_judged(folder / "judged.jsonl")
    return folder


def config(base: Path, data: Path, out: Path, loss: str = "mnr") -> TrainConfig:
    return TrainConfig(
        str(base), (data,), out, loss, epochs=50, batch_size=8, learning_rate=1e-3, max_steps=STEPS
    )


def train(what, wanted, *, stop_at=None):
    from service.train.run import train

    def on_progress(now: Progress) -> None:
        if now.done == stop_at:
            raise KeyboardInterrupt

    return train(what, wanted, Settings(threads=1), Told(on_progress, lambda line: None))


def weights(folder: Path):
    return {
        f"{path.relative_to(folder)} {name}": values
        for path in sorted(folder.rglob("*.safetensors"))
        for name, values in load_file(path).items()
    }


def assert_same(left: Path, right: Path):
    first, second = weights(left), weights(right)
    assert first.keys() == second.keys()
    for name, values in first.items():
        assert np.allclose(values, second[name], atol=1e-5), name


@pytest.mark.parametrize(
    ("what", "loss", "file"),
    [
        ("bi", "mnr", "paraphrases.jsonl"),
        ("bi", "softmax", "judged.jsonl"),  # the loss has weights of its own
        ("cross", "bce", "paraphrases.jsonl"),
        ("poly", "poly", "paraphrases.jsonl"),
    ],
)
def test_resumed_is_as_if_never_interrupted(tiny_models, data, tmp_path, what, loss, file):
    base = tiny_models.reranker if what == "cross" else tiny_models.xlm_roberta
    whole = config(base, data / file, tmp_path / "whole", loss)
    parts = replace(whole, out=tmp_path / "parts")
    report = train(what, whole)
    with pytest.raises(KeyboardInterrupt):
        train(what, parts, stop_at=max(2, report.fitted.best_step - 1))
    assert not parts.out.exists()
    resumed = train(what, replace(parts, resume=True))
    assert resumed.fitted == report.fitted  # every figure at every step
    assert_same(whole.out, parts.out)


def test_killed_and_resumed(tiny_models, data, tmp_path):
    out = tmp_path / "model"
    command = [
        sys.executable, "-m", "service.cli", "train", "bi", "--base", str(tiny_models.xlm_roberta),
        "--data", str(data / "paraphrases.jsonl"), "--out", str(out), "--max-steps", "60",
        "--epochs", "100", "--batch-size", "8", "--learning-rate", "0.001",
    ]  # fmt: skip
    checkpoints = tmp_path / ".model.training" / "checkpoints"
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        while newest_checkpoint(checkpoints) is None:
            assert process.poll() is None
            time.sleep(0.01)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not out.exists()
    half = checkpoints / "checkpoint-59"  # as if it had been killed while writing this one
    half.mkdir()
    (half / "trainer_state.json").write_text('{"best', encoding="utf-8")
    again = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "Continues from step" in again.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert open_encoder(Settings(encoder=str(out))).dimension == 32


def test_the_same_seed_gives_the_same_model(tiny_models, data, tmp_path):
    first = config(tiny_models.xlm_roberta, data / "paraphrases.jsonl", tmp_path / "a")
    first = replace(first, max_steps=3)
    one = train("bi", first)
    same = train("bi", replace(first, out=tmp_path / "b"))
    other = train("bi", replace(first, out=tmp_path / "c", seed=1))
    assert_same(tmp_path / "a", tmp_path / "b")
    assert one.fitted == same.fitted != other.fitted


def refused(tmp_path, error, match, what, wanted):
    with pytest.raises(error, match=match):
        train(what, wanted)
    assert not wanted.out.exists()
    assert list(tmp_path.glob(".*")) == []


def test_what_cannot_work_is_said_and_leaves_nothing(tiny_models, data, tmp_path):
    good = config(tiny_models.xlm_roberta, data / "paraphrases.jsonl", tmp_path / "m")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"anchor": "a", "positive": ""}', encoding="utf-8")
    sts = tmp_path / "sts.tsv"
    sts.write_text(
        "".join(f"g\tf\ty\t{n}\t{n % 5}\tcâu {n}\tlời {n}\n" for n in range(40)), encoding="utf-8"
    )
    cases = (
        (BadFile, r"bad\.jsonl, row 1.*positive", "bi", replace(good, data=(bad,))),
        (BadFile, "no file", "bi", replace(good, data=(tmp_path / "none.csv",))),
        (BadSetting, "--base is 'nope'", "bi", replace(good, base="nope")),
        (BadInput, "--base lexical is built-in", "bi", replace(good, base="lexical")),
        (BadInput, "--matryoshka 64", "bi", replace(good, matryoshka=(64,))),
        (BadInput, "softmax needs", "bi", replace(good, loss="softmax")),
        (BadInput, "no FAQs with alternates", "bi", replace(good, data=(sts,))),
        (BadInput, "no checkpoint", "bi", replace(good, resume=True)),
        (BadSetting, "--teacher is 'nope'", "distill", replace(good, teacher="nope")),
    )
    for error, match, what, wanted in cases:
        refused(tmp_path, error, match, what, wanted)


def test_pickle_weights_are_refused(tiny_models, data, tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    for path in tiny_models.xlm_roberta.glob("*.json"):
        (base / path.name).write_bytes(path.read_bytes())
    (base / "modules.json").unlink()
    (base / "pytorch_model.bin").touch()
    wanted = config(base, data / "paraphrases.jsonl", tmp_path / "m")
    refused(tmp_path, ModelUnavailable, "safetensors", "bi", wanted)


def test_a_classifier_is_no_base_for_a_reranker(data, tmp_path):
    from tests.fixtures.tiny_models import save_reranker

    base = save_reranker(tmp_path / "base", labels=3)
    wanted = config(base, data / "paraphrases.jsonl", tmp_path / "m", "bce")
    refused(tmp_path, BadInput, "3 classes", "cross", wanted)


def test_a_changed_recipe_is_not_resumed(tiny_models, data, tmp_path):
    wanted = config(tiny_models.xlm_roberta, data / "paraphrases.jsonl", tmp_path / "m")
    with pytest.raises(KeyboardInterrupt):
        train("bi", wanted, stop_at=4)
    with pytest.raises(BadInput, match="unfinished"):
        train("bi", wanted)
    with pytest.raises(BadInput, match="changed: batch_size, seed"):
        train("bi", replace(wanted, resume=True, batch_size=4, seed=1))
    recipe = json.loads((tmp_path / ".m.training" / "recipe.json").read_text(encoding="utf-8"))
    assert recipe["seed"] == 0
