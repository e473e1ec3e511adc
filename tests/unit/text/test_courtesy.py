import random

import pytest

from service.text.courtesy import Courtesies, clues_of, hashed, save_courtesies, tokens_of

QUESTION = "thẻ mất thì làm lại ở đâu"


@pytest.fixture(scope="module")
def courtesies() -> Courtesies:
    return Courtesies.load()


@pytest.mark.parametrize(
    "around",
    [
        "Dạ em chào thầy cô ạ, {}",
        "ad ơi cho em hỏi xíu, {}",
        "em là sinh viên năm nhất, {}",
        "{}. Em cảm ơn thầy cô nhiều ạ",
        "{}, mong ad trả lời sớm giúp em với ạ",
        "Em chào anh chị, em có chút thắc mắc muốn hỏi: {}, em cảm ơn ạ",
    ],
)
def test_courtesies_around_a_question_are_left_out(courtesies: Courtesies, around: str) -> None:
    asked, left_out = courtesies.split(around.format(QUESTION))
    assert asked == QUESTION
    words = set(tokens_of(around.format("")))
    assert set(tokens_of(left_out)) == words


@pytest.mark.parametrize(
    "text",
    [
        QUESTION,
        "em bị ốm, không đi thi được thì sao",
        "em xin chào ạ",
        "cảm ơn ad nhiều",
        "???",
        "",
    ],
)
def test_nothing_else_is_left_out(courtesies: Courtesies, text: str) -> None:
    assert courtesies.split(text) == (text, "")


def test_to_ask_about_something_is_no_courtesy(courtesies: Courtesies) -> None:
    assert courtesies.split("em muốn hỏi về ngành luật") == ("về ngành luật", "em muốn hỏi")


def test_what_stands_between_words_that_stay_stays(courtesies: Courtesies) -> None:
    asked, _ = courtesies.split("Dạ em chào thầy cô, vào office365/email (K65) kiểu gì?")
    assert asked == "vào office365/email (K65) kiểu gì?"


def test_scores_are_the_sums_of_the_clues() -> None:
    texts = [QUESTION, "dạ em chào ad, cho hỏi: học phí? cảm ơn.", "a", ", ,", ""]
    tokens = [tokens_of(text) for text in texts]
    clues = {c for own in tokens for found in clues_of(own) for c in found}
    rng = random.Random(0)
    weights = {hashed(clue): rng.uniform(-1, 1) for clue in clues}
    courtesies = Courtesies(weights, (0.0, 0.0, 0.0, 0.0), "drawn")
    for own in tokens:
        expected = [sum(weights[hashed(c)] for c in found) for found in clues_of(own)]
        assert courtesies.scores(own) == pytest.approx(expected)


def test_moves_decide_where_words_tell_nothing(tmp_path) -> None:
    path = tmp_path / "weights"
    save_courtesies(path, {hashed("0chao"): 1.0}, (0.0, -5.0, -5.0, 0.5))
    read = Courtesies.load(path)
    assert read.split("chào bạn học phí") == ("chào bạn học phí", "")  # all of it: nothing is left
    save_courtesies(path, {hashed("0chao"): 1.0, hashed("0hoc"): -9.0}, (0.0, -5.0, -1.0, 0.5))
    assert Courtesies.load(path).split("chào bạn học phí") == ("học phí", "chào bạn")


def test_any_text_is_told_in_little_time_and_nothing_is_lost(courtesies: Courtesies) -> None:
    for text in ("em ạ " * 200, "x" * 1000, "ạ, " * 300, "((((.." * 150):
        asked, left_out = courtesies.split(text.strip())
        assert sorted(tokens_of(f"{asked} {left_out}")) == sorted(tokens_of(text))
