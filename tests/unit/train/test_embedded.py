"""Training the embedded encoder, on a corpus of a few families."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from service.errors import BadInput
from service.models.embedded.table import load_table
from service.text.lexicon import Lexicon
from service.text.path import TextPath
from service.text.spelling import Speller
from service.train.corpus import Corpus, read_groups
from service.train.embedded import Recipe, Trainer, start_table, train
from tests.fixtures.fakes import FakeSegmenter

RECIPE = Recipe(dimension=32, known_features=400, pool_rows=100, runs=2, steps=30, batch=8, named=0)
MATTERS = ["học phí", "ký túc xá", "thư viện", "bảo hiểm"]
WAYS = ["{} ở đâu", "cho em hỏi chỗ {}", "{} nằm phòng nào", "{} tòa nào vậy ạ"]
OTHERS = ["{} khi nào mở", "giờ làm việc của {}", "mấy giờ {} đóng", "{} mở cửa lúc mấy giờ"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("paraphrases")
    lines = [
        {"family": matter, "faq": ways[0].format(matter), "utterances": own}
        for matter in MATTERS
        for ways in (WAYS, OTHERS)
        for own in [[way.format(matter) for way in ways[1:]]]
    ]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    (folder / "few.jsonl").write_text(text, encoding="utf-8")
    path = TextPath(FakeSegmenter(), Lexicon.load(), Speller.load(), max_chars=4000)
    return Corpus(read_groups(folder, path), [], [])


def run(corpus: Corpus, out: Path, recipe: Recipe = RECIPE) -> None:
    train(corpus, recipe, out, "cpu", Console(file=io.StringIO()))


def vectors(path: Path) -> np.ndarray:
    table = load_table(path)
    return table.vectors.decode(np.arange(len(table)))


def test_it_learns(corpus: Corpus) -> None:
    trainer = Trainer(corpus, start_table(corpus, RECIPE), RECIPE, "cpu")
    losses = [trainer.train_one() for _ in range(RECIPE.steps)]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_runs_differ_and_are_averaged(corpus: Corpus, tmp_path: Path) -> None:
    trained = []
    for number in range(RECIPE.runs):
        trainer = Trainer(corpus, start_table(corpus, RECIPE), RECIPE, "cpu", number)
        for _ in range(RECIPE.steps):
            trainer.train_one()
        trained.append(trainer.learner.vectors)
    run(corpus, tmp_path / "a.safetensors")
    averaged = vectors(tmp_path / "a.safetensors")
    assert np.abs(trained[0] - trained[1]).max() > 0.01
    assert np.allclose(averaged, np.mean(trained, axis=0), atol=0.01)


def test_the_same_seed_gives_the_same_weights(corpus: Corpus, tmp_path: Path) -> None:
    run(corpus, tmp_path / "a.safetensors")
    run(corpus, tmp_path / "b.safetensors")
    assert np.array_equal(vectors(tmp_path / "a.safetensors"), vectors(tmp_path / "b.safetensors"))


def test_stopped_and_resumed_is_as_if_never_stopped(corpus: Corpus, tmp_path: Path) -> None:
    run(corpus, tmp_path / "whole.safetensors")
    for number, steps in enumerate((RECIPE.steps, 13)):  # the first run done, the second begun
        begun = Trainer(corpus, start_table(corpus, RECIPE), RECIPE, "cpu", number)
        for _ in range(steps):
            begun.train_one()
        begun.save(tmp_path / f"halves.run{number}.checkpoint")
    run(corpus, tmp_path / "halves.safetensors")
    whole = vectors(tmp_path / "whole.safetensors")
    assert np.array_equal(whole, vectors(tmp_path / "halves.safetensors"))
    assert list(tmp_path.glob("*.checkpoint")) == []


def test_a_checkpoint_of_another_recipe_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    Trainer(corpus, start_table(corpus, RECIPE), RECIPE, "cpu").save(tmp_path / "w.run0.checkpoint")
    with pytest.raises(BadInput, match="another corpus or recipe"):
        run(corpus, tmp_path / "w.safetensors", replace(RECIPE, steps=31))
    assert not (tmp_path / "w.safetensors").exists()
