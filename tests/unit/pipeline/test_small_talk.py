from pathlib import Path

import pytest

from service.errors import BadFile
from service.pipeline.small_talk import Intent, SmallTalk, read_small_talk
from service.runtime import open_text_paths
from tests.fixtures.fakes import FakeEncoder

TEXT = open_text_paths()({})
PACK = SmallTalk(read_small_talk(), TEXT, FakeEncoder(dimension=256))


def reply(said: str) -> str | None:
    return PACK.reply(said, TEXT.prepare(said))


@pytest.mark.parametrize("intent", read_small_talk(), ids=lambda intent: intent.id)
def test_every_phrasing_is_known_in_any_case_and_with_any_punctuation(intent: Intent) -> None:
    for phrasing in intent.phrasings:
        assert reply(phrasing) is not None, phrasing
        assert reply(f"{phrasing.upper()}!!!") is not None, phrasing


@pytest.mark.parametrize(
    "said", ["Xin chào!", "cảm ơn ad nhiều ạ", "bạn là ai", "cam on ban nhieu"]
)
def test_small_talk_gets_a_polite_line(said: str) -> None:
    assert reply(said)


@pytest.mark.parametrize(
    "question",
    [
        "xin chào, cho em hỏi học phí",
        "Xin chào, cho em hỏi học phí năm nay là bao nhiêu ạ?",
        "chào ad, bao giờ có điểm",
        "cảm ơn ad, còn ký túc xá thì sao",
        "alo ad ơi đăng ký tín chỉ ở đâu",
        "học phí",
        "?!",
    ],
)
def test_a_question_is_never_swallowed(question: str) -> None:
    assert reply(question) is None


def test_the_same_words_get_the_same_line() -> None:
    assert reply("xin chào") == reply("xin chào") != None  # noqa: E711


def test_a_pack_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "pack.yaml"
    file.write_text("- {id: chao, phrasings: [ê bot], replies: [Dạ!]}\n", encoding="utf-8")
    own = SmallTalk(read_small_talk(file), TEXT, FakeEncoder())
    assert own.reply("Ê bot", TEXT.prepare("Ê bot")) == "Dạ!"
    assert own.reply("xin chào", TEXT.prepare("xin chào")) is None


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("- {id: a, phrasings: [x], replies: [y]}\n- {id: b, phrasings: []}", "row 2.*phrasings"),
        ("just text", "row 1.*id"),
        ("- {id: [", "not YAML"),
    ],
)
def test_a_bad_pack_names_what_is_wrong(tmp_path: Path, content: str, named: str) -> None:
    file = tmp_path / "pack.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(BadFile, match=named):
        read_small_talk(file)
    with pytest.raises(BadFile, match="cannot read"):
        read_small_talk(tmp_path / "none.yaml")
