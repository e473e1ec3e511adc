import json
import lzma
from pathlib import Path

import pytest

from service.text.spelling import Speller
from service.text.syllable_model import SyllableModel
from service.train.spelling import Corpus, build, main


def corpus(text: str, weight: float = 1.0) -> Corpus:
    return Corpus(["\n", *text.split(" "), "\n"] * 10, weight)


def repaired(text: str, *corpora: Corpus) -> str:
    return Speller(SyllableModel(build(corpora))).repair(text, marked=False)


def test_the_pair_decides() -> None:
    model = [corpus("học phí cao"), corpus("phi công giỏi")]
    assert repaired("hoc phi", *model) == "học phí"
    assert repaired("phi cong", *model) == "phi công"


def test_the_triple_decides_where_pairs_do_not() -> None:
    model = [corpus("xin nghỉ học kỳ này"), corpus("xin nghe học kỹ này")]
    assert repaired("nghi hoc ky", *model) == "nghỉ học kỳ"
    assert repaired("nghe hoc ky", *model) == "nghe học kỹ"


def test_the_heavier_corpus_wins() -> None:
    light, heavy = "ma trơi", "mã trường"
    assert repaired("ma", corpus(light, 1.0), corpus(heavy, 3.0)) == "mã"
    assert repaired("ma", corpus(light, 3.0), corpus(heavy, 1.0)) == "ma"


def test_building_is_deterministic() -> None:
    assert build([corpus("học phí")]) == build([corpus("học phí")])


def test_main_reads_all_sources(tmp_path: Path) -> None:
    wiki, parallel = tmp_path / "wiki.xz", tmp_path / "parallel.xz"
    wiki.write_bytes(lzma.compress("Học phí.\n".encode() * 20))
    rows = "talks\tThe exam\tKỳ thi cuối\n" * 20 + "bible_x\tOld\tThuở xưa\n" * 20
    parallel.write_bytes(lzma.compress(rows.encode()))
    group = {"faq": "Điểm chuẩn?", "utterances": ["diem chuan", "đkhp ở đâu"]}
    (tmp_path / "a.jsonl").write_text(json.dumps(group) + "\n", encoding="utf-8")
    out = tmp_path / "model"
    main(
        f"--wiki {wiki} --parallel {parallel} --paraphrases {tmp_path}/a.jsonl --out {out}".split()
    )
    known = set(SyllableModel.open(out).words)
    assert {"học", "phí", "kỳ", "thi", "cuối", "điểm", "chuẩn", "đăng", "phần"} <= known
    assert known.isdisjoint({"xưa", "diem", "đkhp"})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.xz"):
        main(f"--wiki {tmp_path}/nowhere.xz --parallel p --paraphrases q --out o".split())
