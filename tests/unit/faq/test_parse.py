import json
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from service.domain import Faq
from service.errors import BadFile, RowProblem
from service.faq.drafts import Draft, Ignored, derived_id
from service.faq.parse import parse

FEES = Faq(
    id="007",
    question="Học phí một tín chỉ là bao nhiêu?",
    answer="Xem thông báo,\ndòng hai.",
    alternates=("1 tín bao nhiêu tiền", "hp 1tc"),
    tags=("Học phí", "K66"),
    valid_from=date(2025, 9, 1),
    valid_to=date(2026, 8, 31),
)
CSV = (
    "Mã,Câu hỏi,Trả lời,Câu hỏi tương tự,Nhãn,Hiệu lực từ,Hiệu lực đến\r\n"
    '007,Học phí một tín chỉ là bao nhiêu?,"Xem thông báo,\ndòng hai.",'
    '"1 tín bao nhiêu tiền\nhp 1tc","Học phí, K66",01/09/2025,2026-08-31\r\n'
)


TOO_MANY_CELLS = (
    "has more cells than there are headings, from 'thừa' on; put quotes around texts that hold "
    "the separator"
)


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(text.encode(encoding))
    return path


def faqs(path: Path) -> list[Faq]:
    found = drafts(path)
    assert [problem for draft in found for problem in draft.problems] == []
    return [draft.faq for draft in found]


def drafts(path: Path) -> list[Draft]:
    return [item for item in parse(path) if isinstance(item, Draft)]


def ignored(path: Path) -> list[str]:
    return [item.what for item in parse(path) if isinstance(item, Ignored)]


def problems(path: Path) -> list[str]:
    return [str(problem) for draft in drafts(path) for problem in draft.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_of_any_program(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = CSV if delimiter == "," else _redelimited(CSV, delimiter)
    assert faqs(write(tmp_path, "faq.csv", text, encoding)) == [FEES]


def _redelimited(text: str, delimiter: str) -> str:
    import csv
    import io

    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(csv.reader(io.StringIO(text, newline="")))
    return out.getvalue()


def test_windows_1258(tmp_path: Path) -> None:
    # That code page has no letter with two marks: the tone follows as a mark of its own.
    import unicodedata

    rows = [
        ("Học phí học kỳ này đóng ở đâu?", "Đóng tại ngân hàng hoặc phòng Kế hoạch tài chính."),
        ("Điều kiện xét tốt nghiệp là gì?", "Tích lũy đủ tín chỉ và có chuẩn ngoại ngữ."),
        ("Đăng ký môn học như thế nào?", "Vào cổng thông tin sinh viên để đăng ký."),
    ]
    text = "Câu hỏi;Trả lời\r\n" + "".join(f"{q};{a}\r\n" for q, a in rows)
    legacy = "".join(_for_1258(char) for char in unicodedata.normalize("NFC", text))
    found = faqs(write(tmp_path, "faq.csv", legacy, "cp1258"))
    assert [(faq.question, faq.answer) for faq in found] == rows


def _for_1258(char: str) -> str:
    import unicodedata

    try:
        char.encode("cp1258")
    except UnicodeEncodeError:
        parts = unicodedata.normalize("NFD", char)
        tone = next(mark for mark in parts[1:] if mark in "\u0300\u0301\u0303\u0309\u0323")
        return unicodedata.normalize("NFC", parts.replace(tone, "")) + tone
    return char


@pytest.mark.parametrize(
    "headings",
    [
        "id,question,answer,alternates,tags,valid_from,valid_to",
        "MA,CAU HOI,TRA LOI,CACH HOI KHAC,CHU DE,HIEU LUC TU,HIEU LUC DEN",
        "Mã số,Câu hỏi (bắt buộc),Câu trả lời *,Cách hỏi khác,Chủ đề,Hiệu lực từ ngày,valid until",
    ],
)
def test_headings_in_two_languages(tmp_path: Path, headings: str) -> None:
    text = headings + CSV[CSV.index("\r\n") :]
    assert faqs(write(tmp_path, "faq.csv", text)) == [FEES]


def test_several_columns_of_alternates_below_a_title(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "faq.csv",
        "DANH SÁCH CÂU HỎI,,,,\n\nSTT,Câu hỏi,Câu hỏi tương tự 1,Câu hỏi tương tự 2,Trả lời\n"
        "1,Học phí?,hp bao nhiêu,tiền học,Xem thông báo.\n"
        ",,,,\n"
        "2,Ký túc xá?,,ktx ở đâu,'=Cổng sinh viên.\n",
    )
    first, second = drafts(path)
    assert (first.row, first.faq.alternates) == (4, ("hp bao nhiêu", "tiền học"))
    assert (second.row, second.faq.alternates) == (6, ("ktx ở đâu",))
    assert second.faq.answer == "=Cổng sinh viên."
    assert ignored(path) == ["column 'STT'"]


def test_a_missing_id_comes_from_the_question(tmp_path: Path) -> None:
    path = write(tmp_path, "faq.csv", "question,answer\nHọc phí?,A.\n học  PHÍ ,B.\nKhác,C.\n")
    one, two, three = (faq.id for faq in faqs(path))
    assert one == two == derived_id("học phí!") == "q-" + one[2:]
    assert three != one


def test_every_bad_row_is_told_by_row_column_and_reason(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "faq.csv",
        "Câu hỏi,Trả lời,Hiệu lực từ,Mã\n"
        '"?\n",A.,,a\n'
        "Học phí?,,32/01/2026,b\n"
        "Tốt,A.,,c,thừa\n"
        "Tốt,A.,,d d\n",
    )
    assert problems(path) == [
        "row 2, column 'Câu hỏi': '?' is too short; use 3 characters or more",
        "row 3, column 'Hiệu lực từ': '32/01/2026' is not a day of the calendar; mend it",
        "row 3, column 'Trả lời': is empty; write the answer",
        "row 4: " + TOO_MANY_CELLS,
        "row 5, column 'Mã': 'd d' may hold only the letters a-z, digits, '.', '_' and '-'",
    ]


def test_csv_without_headings(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"'Câu hỏi' and 'Trả lời'.*holds 'a', 'b'"):
        drafts(write(tmp_path, "faq.csv", "a,b\nc,d\n"))
    with pytest.raises(BadFile, match="holds nothing"):
        drafts(write(tmp_path, "faq.csv", ""))


def test_two_columns_for_one_field(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="'Câu trả lời'"):
        drafts(write(tmp_path, "faq.csv", "Câu hỏi,Trả lời,Câu trả lời\na,b,c\n"))


def test_a_quote_that_is_not_closed(tmp_path: Path) -> None:
    text = 'question,answer\nMột gì?,A.\nHai gì?,"B' + "b\n" * 70_000
    with pytest.raises(BadFile, match=r"row 3: .*quote"):
        drafts(write(tmp_path, "faq.csv", text))


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    book = Workbook()
    assert book.active is not None
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


HEADINGS: list[object] = ["Mã", "Câu hỏi", "Trả lời", "Cách hỏi khác", "Hiệu lực đến"]


def test_xlsx_with_dates_and_numbers(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "faq.xlsx",
        a=[
            ["Câu hỏi thường gặp"],
            HEADINGS,
            [12, "Học phí?", 350000, "hp gì\ntiền học", datetime(2026, 8, 31)],
            [None, None],
            ["b", "Ký túc xá?", True, None, date(2026, 8, 30)],
        ],
    )
    assert faqs(path) == [
        Faq("12", "Học phí?", "350000", ("hp gì", "tiền học"), (), None, date(2026, 8, 31)),
        Faq("b", "Ký túc xá?", "TRUE", (), (), None, date(2026, 8, 30)),
    ]


def test_all_sheets_with_headings_are_read(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "faq.xlsx",
        notes=[["Ghi chú"]],
        one=[HEADINGS, ["a", "Một gì?", "A."]],
        two=[HEADINGS, ["b", "Hai gì?", ""]],
    )
    assert [draft.faq.id for draft in drafts(path)] == ["a", "b"]
    assert ignored(path) == ["sheet 'notes'"]
    assert problems(path) == ["sheet 'two', row 2, column 'Trả lời': is empty; write the answer"]


def test_xlsx_without_headings(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="sheet 'a' has no row of headings"):
        drafts(workbook(tmp_path / "faq.xlsx", a=[["x", "y"]]))


def test_what_is_no_workbook(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"no readable \.xlsx"):
        drafts(write(tmp_path, "faq.xlsx", "PK\x03\x04 nonsense"))
    with zipfile.ZipFile(tmp_path / "empty.xlsx", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(BadFile, match=r"no readable \.xlsx"):
        drafts(tmp_path / "empty.xlsx")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = workbook(tmp_path / "faq.xlsx", a=[HEADINGS])
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/bomb.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(33):
            part.write(b" " * (16 << 20))
    assert path.stat().st_size < 4 << 20
    with pytest.raises(BadFile, match="unpacks to 528 MB"):
        drafts(path)


def test_jsonl(tmp_path: Path) -> None:
    lines = [
        "\ufeff"
        + json.dumps({"id": "a", "question": "Học phí?", "answer": "A.", "alternates": ["x|y"]}),
        "",
        json.dumps({"id": 7, "câu hỏi": "Khác gì?", "trả lời": "B.", "nguồn": "web"}),
    ]
    path = write(tmp_path, "faq.jsonl", "\n".join(lines))
    assert faqs(path) == [Faq("a", "Học phí?", "A.", ("x|y",)), Faq("7", "Khác gì?", "B.")]
    assert ignored(path) == ["key 'nguồn'"]
    assert [draft.row for draft in drafts(path)] == [1, 3]


def test_bad_jsonl_lines(tmp_path: Path) -> None:
    path = tmp_path / "faq.jsonl"
    path.write_bytes(
        b'{"question": "a"\n[1]\n{"question": "\xff"}\n'
        + b"[" * 100_000
        + b'\n{"id": "a", "question": ["x"], "answer": {"a": 1}}\n'
    )
    assert problems(path) == [
        "row 1: is no JSON object: Expecting ',' delimiter at character 17",
        "row 2: is no mapping with 'question' and 'answer'",
        "row 3: is not UTF-8; save the file as UTF-8",
        "row 4: is no JSON object that an FAQ could be in",
        "row 5, column 'question': must be text, not list",
        "row 5, column 'answer': must be text, not dict",
    ]


def test_an_endless_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="line 1 is longer"):
        drafts(write(tmp_path, "faq.jsonl", '{"a": "' + "a" * (5 << 20)))


@pytest.mark.parametrize("wrapped", [False, True])
def test_json(tmp_path: Path, wrapped: bool) -> None:
    items: object = [{"id": "a", "question": "Học phí?", "answer": "A.", "tags": ["x, y"]}]
    text = json.dumps({"faqs": items} if wrapped else items)
    assert faqs(write(tmp_path, "faq.json", text)) == [Faq("a", "Học phí?", "A.", tags=("x, y",))]


def test_json_that_is_none(tmp_path: Path) -> None:
    for text, reason in (("{", "readable JSON"), ('{"a": 1}', "no list"), ("[" * 10**6, "deep")):
        with pytest.raises(BadFile, match=reason):
            drafts(write(tmp_path, "faq.json", text))


def test_yaml_keeps_texts_as_they_are_written(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "faq.yaml",
        "- id: 007\n  question: Có phải đóng không?\n  answer: no\n  alternates: [yes, 1_000 à]\n"
        "  valid_from: 2026-01-02\n  valid_to:\n",
    )
    assert faqs(path) == [
        Faq("007", "Có phải đóng không?", "no", ("yes", "1_000 à"), valid_from=date(2026, 1, 2))
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- &a [x]\n- *a\n", r"alias \*a"),
        ("[" * 50 + "]" * 50, "deeper than 20"),
        ("- !!python/object/apply:os.system [ls]\n", "readable YAML"),
        ("a: [\n", "readable YAML"),
        ("a: b\n", "no list"),
        ("- a: \x00\n", "readable YAML"),
    ],
)
def test_dangerous_or_broken_yaml(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(BadFile, match=reason):
        drafts(write(tmp_path, "faq.yaml", text))


NLU = """
version: "3.1"
nlu:
- intent: hoi_hoc_phi
  examples: |
    - Học phí ngành [CNTT](nganh) bao nhiêu?
    - hp [cntt]{"entity": "nganh", "value": "CNTT"} nhiêu
- intent: faq/ktx
  examples:
  - text: Ký túc xá ở đâu?
- synonym: CNTT
  examples: |
    - cntt
"""
DOMAIN = """
responses:
  utter_hoi_hoc_phi:
  - image: a.png
  - text: 350.000 đồng một tín chỉ.
  - text: Xem thông báo.
  utter_o_dau:
  - text: Khu B.
"""
RULES = """
rules:
- rule: trả lời ktx
  steps:
  - intent: faq/ktx
  - action: utter_o_dau
"""
RASA = [
    Faq(
        "hoi_hoc_phi",
        "Học phí ngành CNTT bao nhiêu?",
        "350.000 đồng một tín chỉ.",
        ("hp cntt nhiêu",),
    ),
    Faq("faq.ktx", "Ký túc xá ở đâu?", "Khu B."),
]


def test_rasa_folder(tmp_path: Path) -> None:
    write(tmp_path, "data/nlu.yml", NLU)
    write(tmp_path, "data/rules.yml", RULES)
    write(tmp_path, "domain.yml", DOMAIN)
    write(tmp_path, "config.yml", "pipeline: []\n")
    write(tmp_path, ".git/x.csv", "a,b\n")
    assert faqs(tmp_path) == RASA
    assert ignored(tmp_path) == ["file 'config.yml'"]


def test_rasa_in_one_file_and_without_responses(tmp_path: Path) -> None:
    assert faqs(write(tmp_path, "all.yml", NLU + DOMAIN + RULES)) == RASA
    found = problems(write(tmp_path, "nlu.yml", NLU))
    assert [line[: line.index(":")] for line in found] == [
        "intent 'hoi_hoc_phi', row 1, column 'responses'",
        "intent 'faq/ktx', row 2, column 'responses'",
    ]


def test_a_folder_names_the_file_of_each_problem(tmp_path: Path) -> None:
    write(tmp_path, "b.csv", "question,answer\nMột gì?,\n")
    write(tmp_path, "a.jsonl", '{"question": "Hai gì?", "answer": "B."}\n')
    write(tmp_path, "README.md", "# Ghi chú\n")
    one, two = drafts(tmp_path)
    assert (one.source, one.faq.question) == ("a.jsonl", "Hai gì?")
    assert two.problems == (RowProblem(2, "answer", "is empty; write the answer", "b.csv"),)
    assert ignored(tmp_path) == ["file 'README.md'"]


def test_unknown_kinds_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"\.xls or an \.ods as \.xlsx"):
        drafts(write(tmp_path, "faq.xls", "x"))
    with pytest.raises(BadFile, match="no file"):
        drafts(tmp_path / "nothing.csv")
