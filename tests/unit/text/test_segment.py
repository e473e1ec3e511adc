import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.text.segment import PyviSegmenter

DATA = Path(__file__).parents[3] / "faq_data" / "paraphrases"


@pytest.fixture(scope="module")
def segmenter() -> PyviSegmenter:
    return PyviSegmenter()


@pytest.fixture(scope="module")
def questions() -> list[str]:
    lines = (DATA / "academics.jsonl").read_text(encoding="utf-8").splitlines()
    return [text for line in lines for text in json.loads(line)["utterances"]]


ODD = [
    "Đại học Bách khoa Hà Nội (ĐHBK), TP. HCM, Tp. Huế; Mr. Nam, ThS. Lê...",
    "học phí 12.500.000đ, từ 1,5 đến 2,5 -> nộp ==> xong >> hết\nđã xong",
    "gửi tới a.b@uni.edu.vn hoặc https://uni.edu.vn/?a=b nhé",
    "“học phí” ‘điều kiện’ – ½ học kỳ_1 … 😀 học",
    "ĐIỂM RÈN LUYỆN", "đ", "?!ạ",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:invalid escape sequence:SyntaxWarning")
@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
def test_gives_what_pyvi_gives(segmenter: PyviSegmenter, questions: list[str]) -> None:
    from pyvi.ViTokenizer import tokenize

    segmenter.warm()
    assert segmenter._model is not None
    for text in [*ODD, *questions]:
        assert segmenter._model.segment(text) == tokenize(text)


def test_joins_words_and_leaves_unmarked_text(segmenter: PyviSegmenter) -> None:
    assert segmenter.segment("học phí của sinh viên") == "học_phí của sinh_viên"
    assert segmenter.segment("the nao la hoc phi?") == "the nao la hoc phi?"
    assert segmenter.segment("") == ""


def test_threads_get_the_same(questions: list[str]) -> None:
    cold, alone = PyviSegmenter(), PyviSegmenter()
    expected = [alone.segment(question) for question in questions]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(cold.segment, questions)) == expected


def test_import_is_light_and_sklearn_stays_out() -> None:
    code = (
        "import sys; from service.text.segment import PyviSegmenter as P; s = P();"
        "assert 'pycrfsuite' not in sys.modules; s.segment('học phí');"
        "assert 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
