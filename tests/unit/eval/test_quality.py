"""What `make quality` measures on, and how it is written down."""

import json
from pathlib import Path

import pytest

from eval.classifier import IntentClassifier
from eval.quality_data import LabelledSet, read_sets, splits
from eval.quality_plots import plot_tables
from eval.quality_tables import NOISES, RANKERS, Run, Runs, titles_table, write_tables
from eval.record import write_record
from service.domain import Faq
from service.errors import BadFile
from service.evaluation.load import Query

FAQS = [Faq("phi", "Học phí bao nhiêu?", ""), Faq("ktx", "Ký túc xá ở đâu?", "")]
WORDS = (
    "sáng",
    "trưa",
    "chiều",
    "tối",
    "khuya",
    "tuần",
    "tháng",
    "năm",
    "quý",
    "hè",
    "thu",
    "đông",
)


def labelled() -> LabelledSet:
    queries = [Query(f"{word} {faq.question}", faq.id) for faq in FAQS for word in WORDS]
    return LabelledSet("mine", FAQS, queries)


def test_no_alternate_is_asked_in_any_split() -> None:
    everything, *held_out = splits(labelled())
    assert len(everything.task.queries) == 2 * len(WORDS)
    assert [split.mean_alternates for split in held_out] == [0, 3, 5]
    given = {text for split in held_out for faq in split.task.faqs for text in faq.alternates}
    asked = [{query.question for query in split.task.queries} for split in held_out]
    assert asked[0] == asked[1] == asked[2]
    assert given.isdisjoint(asked[0])


def test_the_bundled_set_is_asked_its_own_alternates(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    lines = {
        "faqs.jsonl": {"id": "phi", "question": "Học phí?"},
        "queries.jsonl": {"question": "hp?", "faq_id": "phi"},
    }
    for name, line in lines.items():
        (tmp_path / "mine" / name).write_text(json.dumps(line), encoding="utf-8")
    mine, bundled = read_sets(tmp_path)
    assert (mine.name, bundled.name) == ("mine", "bundled")
    assert len(bundled.queries) > 3 * len(bundled.faqs)
    assert not any(faq.alternates for faq in bundled.faqs)


def test_a_folder_without_sets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"faqs\.jsonl"):
        read_sets(tmp_path)


def test_the_classifier_learns_many_classes_from_a_few_texts() -> None:
    faqs = [Faq(f"f{n}", f"câu {n} hỏi {n * 7}", "", (f"hỏi {n} về {n * 7}",)) for n in range(120)]
    classifier = IntentClassifier(faqs)
    first = [classifier.rank(faq.question).faq_ids[0] for faq in faqs]
    assert sum(found == faq.id for found, faq in zip(first, faqs, strict=True)) > 100


def runs() -> Runs:
    found = []
    for set_name, bonus in (("mine", 0.0), ("other", 0.2), ("bundled", 0.4)):
        for at, ranker in enumerate(RANKERS):
            for questions, alternates in (("all", 0), ("held out", 0), ("held out", 3)):
                for noise in NOISES:
                    score = 0.1 * at + bonus
                    figures = dict.fromkeys(("recall@1", "recall@5", "mrr@10", "ndcg@10"), score)
                    found.append(
                        Run(
                            set_name, ranker, alternates, float(alternates), questions, noise,
                            2, 24, False, "abc", figures,
                        )
                    )  # fmt: skip
    return Runs(found)


def test_the_bundled_set_is_in_no_mean() -> None:
    row = next(line for line in titles_table(runs()).splitlines() if line.startswith("| bm25"))
    cells = ["0.0 / 0.0 / 0.0", "20.0 / 20.0 / 20.0", "**10.0 / 10.0 / 10.0**"]
    assert row == f"| bm25 | {' | '.join(cells)} | 40.0 / 40.0 / 40.0 |"


def test_tables_plots_and_record_are_written(tmp_path: Path) -> None:
    text = write_tables(runs(), tmp_path).read_text(encoding="utf-8")
    assert text.count("\n## ") == 4
    pictures = plot_tables(runs(), tmp_path)
    assert len(pictures) == 4
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in pictures)
    figures: dict[str, object] = {"runs": [run.as_json() for run in runs().runs]}
    record = json.loads(write_record("quality", figures, tmp_path).read_text(encoding="utf-8"))
    assert record["runs"][0]["recall@1"] == 0.0
    assert len(record["runs"]) == len(runs().runs)
