"""Training the embedded encoder, on a corpus of a few families."""

import io
import json
import lzma
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from service.errors import BadInput
from service.models.embedded.features import features
from service.models.embedded.table import Table, load_table
from service.text.courtesy import Courtesies
from service.text.lexicon import Lexicon
from service.text.path import TextPath
from service.text.spelling import Speller
from service.train.contrastive import Pretrainer, Recipe, Trainer, distinct
from service.train.corpus import Corpus, Features, read_groups, read_neighbours
from service.train.embedded import start_table, train
from tests.fixtures.fakes import FakeSegmenter

RECIPE = Recipe(
    dimension=32,
    known_features=400,
    pool_rows=100,
    pretrain_steps=30,
    runs=2,
    steps=30,
    batch=8,
    named=0,
)
MATTERS = ["học phí", "ký túc xá", "thư viện", "bảo hiểm"]
WAYS = ["{} ở đâu", "cho em hỏi chỗ {}", "{} nằm phòng nào", "{} tòa nào vậy ạ"]
OTHERS = ["{} khi nào mở", "giờ làm việc của {}", "mấy giờ {} đóng", "{} mở cửa lúc mấy giờ"]


PARAGRAPHS = [
    "Sông Hồng chảy qua thủ đô. Mùa lũ nước sông dâng cao lắm. Ngắn quá.",
    "Bánh mì được nướng trong lò than. Người ta ăn bánh vào buổi sáng.",
    "Con tàu rời bến lúc nửa đêm. Hành khách ngủ trên những chiếc ghế dài.",
]


def text_path() -> TextPath:
    return TextPath(
        FakeSegmenter(), Lexicon.load(), Speller.load(), Courtesies.load(), max_chars=4000
    )


@pytest.fixture(scope="module")
def encyclopaedia(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("encyclopaedia") / "text.xz"
    with lzma.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(PARAGRAPHS))
    return path


@pytest.fixture(scope="module")
def neighbours(encyclopaedia: Path) -> list[tuple[Features, Features]]:
    return read_neighbours(encyclopaedia, text_path(), 10, np.random.default_rng(0))


@pytest.fixture(scope="module")
def corpus(
    tmp_path_factory: pytest.TempPathFactory, neighbours: list[tuple[Features, Features]]
) -> Corpus:
    folder = tmp_path_factory.mktemp("paraphrases")
    lines = [
        {"family": matter, "faq": ways[0].format(matter), "utterances": own}
        for matter in MATTERS
        for ways in (WAYS, OTHERS)
        for own in [[way.format(matter) for way in ways[1:]]]
    ]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    (folder / "few.jsonl").write_text(text, encoding="utf-8")
    return Corpus(read_groups(folder, text_path()), neighbours=neighbours)


def run(corpus: Corpus, out: Path, recipe: Recipe = RECIPE) -> None:
    train(corpus, recipe, out, "cpu", Console(file=io.StringIO()))


def pretrained(corpus: Corpus) -> Table:
    first = Pretrainer(corpus, start_table(corpus, RECIPE), RECIPE, "cpu")
    for _ in range(RECIPE.pretrain_steps):
        first.train_one()
    return first.trained()


def vectors(path: Path) -> np.ndarray:
    table = load_table(path)
    return table.vectors.decode(np.arange(len(table)))


def test_it_learns(corpus: Corpus) -> None:
    trainer = Trainer(corpus, start_table(corpus, RECIPE), RECIPE, "cpu")
    losses = [trainer.train_one() for _ in range(RECIPE.steps)]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_pairs_of_sentences_follow_each_other(
    encyclopaedia: Path, neighbours: list[tuple[Features, Features]]
) -> None:
    def bag(sentence: str) -> Features:
        return tuple(features(text_path().prepare(sentence).segmented))

    assert set(neighbours) == {
        (bag("Sông Hồng chảy qua thủ đô."), bag("Mùa lũ nước sông dâng cao lắm.")),
        (bag("Bánh mì được nướng trong lò than."), bag("Người ta ăn bánh vào buổi sáng.")),
        (
            bag("Con tàu rời bến lúc nửa đêm."),
            bag("Hành khách ngủ trên những chiếc ghế dài."),
        ),
    }
    few = read_neighbours(encyclopaedia, text_path(), 2, np.random.default_rng(0))
    assert len(few) == 2


def test_sentences_learn_to_find_their_neighbours(corpus: Corpus) -> None:
    first = Pretrainer(corpus, start_table(corpus, RECIPE), RECIPE, "cpu")
    losses = [first.train_one() for _ in range(RECIPE.pretrain_steps)]
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])


def test_runs_differ_and_are_averaged(corpus: Corpus, tmp_path: Path) -> None:
    trained = []
    for number in range(RECIPE.runs):
        trainer = Trainer(corpus, pretrained(corpus), RECIPE, "cpu", number)
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
        begun = Trainer(corpus, pretrained(corpus), RECIPE, "cpu", number)
        for _ in range(steps):
            begun.train_one()
        begun.save(tmp_path / f"halves.run{number}.checkpoint")
    first = Pretrainer(corpus, start_table(corpus, RECIPE), RECIPE, "cpu")
    for _ in range(7):
        first.train_one()
    first.save(tmp_path / "halves.pretrain.checkpoint")
    run(corpus, tmp_path / "halves.safetensors")
    whole = vectors(tmp_path / "whole.safetensors")
    assert np.array_equal(whole, vectors(tmp_path / "halves.safetensors"))
    assert list(tmp_path.glob("*.checkpoint")) == []


def test_a_checkpoint_of_another_recipe_is_refused(corpus: Corpus, tmp_path: Path) -> None:
    Trainer(corpus, start_table(corpus, RECIPE), RECIPE, "cpu").save(tmp_path / "w.run0.checkpoint")
    with pytest.raises(BadInput, match="another corpus or recipe"):
        run(corpus, tmp_path / "w.safetensors", replace(RECIPE, steps=31))
    assert not (tmp_path / "w.safetensors").exists()


def test_intents_that_ask_the_same_are_remembered_as_one() -> None:
    angles = np.radians([0, 10, 90, 180, 5, 95])
    intents = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    found = distinct(intents, twins=0.95)  # cosine of 18 degrees
    assert np.degrees(np.arctan2(found[:, 1], found[:, 0])) == pytest.approx(
        [5, 92.5, 180], abs=0.1
    )


def test_every_group_is_remembered_as_the_mean_of_its_utterances(corpus: Corpus) -> None:
    trainer = Trainer(corpus, start_table(corpus, RECIPE), RECIPE, "cpu")
    table = trainer.trained()
    assert table.memory is not None
    intents = table.memory.intents.decode(np.arange(len(corpus.groups)))
    assert len(table.memory.intents.rows) == len(corpus.groups)
    for intent, group in zip(intents, corpus.groups, strict=True):
        rows = [table.rows(utterance.written) for utterance in group.utterances]
        sums = np.stack([table.vectors.decode(np.array(own)).sum(axis=0) for own in rows])
        mean = (sums / np.linalg.norm(sums, axis=1, keepdims=True)).mean(axis=0)
        np.testing.assert_allclose(intent, mean / np.linalg.norm(mean), atol=0.05)
