from pathlib import Path

from service.text.courtesy import Courtesies
from service.train.courtesy import read_courtesies, train

OPENINGS = ["dạ em chào ad ,", "cho em hỏi là", "xin chào"]
QUESTIONS = [
    "thẻ mất làm lại ở đâu",
    "học phí bao nhiêu",
    "thư viện mở mấy giờ",
    "ktx còn chỗ không",
]


def test_what_was_learned_is_written_and_read_again(tmp_path: Path) -> None:
    examples = []
    for question in QUESTIONS * 5:
        asked = question.split()
        examples.append((asked, ["Q"] * len(asked)))
        for opening in OPENINGS:
            said = opening.split()
            examples.append((said + asked, ["C"] * len(said) + ["Q"] * len(asked)))
    train(examples, tmp_path / "weights")
    courtesies = Courtesies.load(tmp_path / "weights")
    assert courtesies.split("cho em hỏi là học phí bao nhiêu") == (
        "học phí bao nhiêu",
        "cho em hỏi là",
    )
    assert courtesies.split("học phí bao nhiêu") == ("học phí bao nhiêu", "")


def test_a_file_of_courtesies_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("opening\tad ơi\nclosing\t, em cảm ơn\nclosing\t ạ\n", encoding="utf-8")
    assert read_courtesies(path) == (["ad ơi"], [", em cảm ơn", " ạ"])
