import json

import pytest

from service.errors import BadFile
from service.train.examples import Group, Judged, Scored
from service.train.read import read_examples


def write(path, *lines):
    path.write_text(
        "\n".join(x if isinstance(x, str) else json.dumps(x, ensure_ascii=False) for x in lines),
        encoding="utf-8",
    )
    return path


def test_an_faq_file_as_import_reads_it(tmp_path):
    path = tmp_path / "faqs.csv"
    path.write_text(
        "Mã,Câu hỏi,Trả lời,Câu hỏi tương tự\n"
        "hp,Học phí bao nhiêu?,Xem web,tiền học|đóng học phí\n",
        encoding="utf-8",
    )
    examples = read_examples([path])
    assert examples.groups[0].question == "Học phí bao nhiêu?"
    assert len(examples.groups[0].texts) >= 2


def test_paraphrases_pairs_triplets_and_judged_pairs(tmp_path):
    path = write(
        tmp_path / "all.jsonl",
        {"family": "f", "faq": "Học phí?", "utterances": ["tiền học"], "negatives": ["Học bổng?"]},
        {"anchor": "ktx ở đâu", "positive": "Ký túc xá ở đâu?", "negative": "Thư viện ở đâu?"},
        {"anchor": "chỗ ở", "positive": "Ký túc xá ở đâu?", "family": "nhà"},
        {"text1": "a b", "text2": "a c", "score": 0.4},
        {"text1": "a b", "text2": "a", "label": "entailment"},
    )
    examples = read_examples([path])
    assert examples.groups == (
        Group("f", ("Học phí?", "tiền học"), ("Học bổng?",)),
        Group(
            "all.jsonl:2",
            ("Ký túc xá ở đâu?", "ktx ở đâu", "chỗ ở"),
            ("Thư viện ở đâu?",),
        ),
    )
    assert examples.scored == (Scored("a b", "a c", 0.4),)
    assert examples.judged == (Judged("a b", "a", "entailment"),)


def test_stsb_with_more_columns_than_it_should_have(tmp_path):
    row = "main\tMSRvid\t2012\t0001\t2.5\tMột máy bay.\tMột chiếc máy bay."
    path = write(tmp_path / "sts.tsv", row, row + "\thttp://x\thttp://y")
    assert read_examples([path]).scored == (Scored("Một máy bay.", "Một chiếc máy bay.", 0.5),) * 2


def test_a_folder_is_read_file_by_file(tmp_path):
    write(tmp_path / "a.jsonl", {"family": "f", "faq": "x a", "utterances": ["y"]})
    write(tmp_path / "b.jsonl", {"text1": "a", "text2": "b", "score": 1})
    (tmp_path / "README.md").write_text("about", encoding="utf-8")
    examples = read_examples([tmp_path])
    assert len(examples.groups) == len(examples.scored) == 1


def test_all_problems_are_told_with_file_and_line(tmp_path):
    good = {"anchor": "a b", "positive": "c d"}
    first = write(
        tmp_path / "pairs.jsonl",
        good,
        "{no json",
        {"anchor": "\u200b", "positive": "c"},
        {"text1": "a", "text2": "b", "score": 5},
        {"family": "f", "faq": "q", "utterances": "not a list"},
    )
    second = write(tmp_path / "sts.tsv", "g\tf\ty\t1\t5.0\tx\ty", "g\tf\ty\t2\t7\tx\ty", "g\tf")
    third = write(tmp_path / "faqs.jsonl", {"id": "a", "question": "Học phí?", "answer": ""})
    with pytest.raises(BadFile) as caught:
        read_examples([first, second, third])
    places = [(p.source, p.row) for p in caught.value.problems]
    assert places == [("pairs.jsonl", n) for n in (2, 3, 4, 5)] + [
        ("sts.tsv", 2), ("sts.tsv", 3), ("faqs.jsonl", 1),
    ]  # fmt: skip
    assert "from 0 to 1" in str(caught.value)


@pytest.mark.parametrize("name", ["missing.jsonl", "missing.xyz"])
def test_a_missing_file(tmp_path, name):
    with pytest.raises(BadFile, match=name):
        read_examples([tmp_path / name])


def test_nothing_to_learn(tmp_path):
    with pytest.raises(BadFile, match="nothing to learn"):
        read_examples([write(tmp_path / "empty.jsonl", "")])
