import json

import pytest

from service.domain import Faq
from service.errors import BadFile
from service.evaluation.load import (
    OutOfScope,
    Query,
    read_faqs,
    read_out_of_scope,
    read_queries,
)


def write(path, *lines):
    text = "\n".join(x if isinstance(x, str) else json.dumps(x, ensure_ascii=False) for x in lines)
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_all_three_kinds_of_file(tmp_path):
    faqs = write(
        tmp_path / "f.jsonl",
        {"id": "a", "question": "Học phí?", "alternates": ["tiền học"], "answer": "Xem web."},
        "",
        {"id": 7, "question": "Thư viện\u2028mở mấy giờ?"},
    )
    queries = write(tmp_path / "q.jsonl", {"question": "hp bao nhiêu", "faq_id": "a"})
    ood = write(tmp_path / "o.jsonl", {"question": "chào", "kind": "chitchat"})

    assert read_faqs(faqs) == [
        Faq("a", "Học phí?", "Xem web.", ("tiền học",)),
        Faq("7", "Thư viện\u2028mở mấy giờ?", ""),
    ]
    assert read_queries(queries, ["a"]) == [Query("hp bao nhiêu", "a")]
    assert read_out_of_scope(ood) == [OutOfScope("chào", "chitchat")]


def test_every_bad_line_is_named(tmp_path):
    path = write(
        tmp_path / "f.jsonl",
        {"id": "a", "question": "Học phí?", "answer": "x"},
        "{not json",
        {"id": "a", "question": "Lần nữa?", "answer": "x"},
        {"id": "b", "question": "  ", "answer": "x"},
        ["a list"],
        {"id": "c", "question": "q", "alternates": "một"},
        {"id": "d", "question": "q", "answer": 5},
    )

    with pytest.raises(BadFile) as caught:
        read_faqs(path)

    assert [problem.row for problem in caught.value.problems] == [2, 3, 4, 5, 6, 7]
    assert "'a' is used twice" in str(caught.value)
    assert '"question"' in str(caught.value)


def test_a_label_without_an_faq_is_refused(tmp_path):
    path = write(tmp_path / "q.jsonl", {"question": "hp", "faq_id": "z"})
    with pytest.raises(BadFile, match="row 1: no FAQ has the id 'z'"):
        read_queries(path, ["a"])


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "holds no lines"), (b"\xff\xfe\x00", "byte 0 is not UTF-8")],
)
def test_a_file_that_holds_nothing_readable(tmp_path, content, message):
    path = tmp_path / "f.jsonl"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=message):
        read_faqs(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadFile, match="nowhere"):
        read_faqs(tmp_path / "nowhere.jsonl")
