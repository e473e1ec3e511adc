import pytest

from service.text.diacritics import fold, has_marks
from service.text.noise import NoiseKind, add_noise, telex_keys
from service.text.telex import restore

QUESTION = "Làm thế nào để đăng ký học phần khi quên mật khẩu cổng đào tạo của trường?"


@pytest.mark.parametrize("kind", NoiseKind)
def test_depends_on_the_seed_alone(kind: NoiseKind) -> None:
    assert add_noise(QUESTION, kind, 7) == add_noise(QUESTION, kind.value, 7)
    random_kind = kind not in (NoiseKind.NONE, NoiseKind.NO_MARKS)
    assert (len({add_noise(QUESTION, kind, seed) for seed in range(20)}) > 5) is random_kind


def test_none_and_no_marks() -> None:
    assert add_noise(QUESTION, NoiseKind.NONE, 1) == QUESTION
    assert add_noise(QUESTION, NoiseKind.NO_MARKS, 1) == fold(QUESTION)


def test_typo_spoils_one_word_in_six() -> None:
    for seed in range(50):
        words = zip(QUESTION.split(), add_noise(QUESTION, "typo", seed).split(), strict=True)
        assert 1 <= sum(clean != spoilt for clean, spoilt in words) <= 3


def test_teencode_shortens_several_words() -> None:
    lengths = [len(add_noise(QUESTION, "teencode", seed)) for seed in range(50)]
    assert sum(lengths) / 50 < 0.85 * len(QUESTION)


def test_telex_leaves_keys_for_a_third_of_the_marked_words() -> None:
    marked = sum(map(has_marks, QUESTION.split()))
    spoilt = add_noise(QUESTION, "telex", 3)
    changed = sum(a != b for a, b in zip(QUESTION.split(), spoilt.split(), strict=True))
    assert changed == round(marked / 3)
    assert restore(spoilt) == QUESTION


def test_telex_keys() -> None:
    assert [telex_keys(word) for word in ("được", "Đại", "ĐIỂM", "Ở")] == [
        "dduwowcj", "Ddaij", "DDIEEMR", "Owr",
    ]  # fmt: skip
    assert telex_keys("điểm", in_place=True) == "ddieerm"


@pytest.mark.parametrize("text", ["", "?", "1 2 3", "a", "K65"])
@pytest.mark.parametrize("kind", NoiseKind)
def test_texts_without_words_pass(text: str, kind: NoiseKind) -> None:
    assert isinstance(add_noise(text, kind, 0), str)


def test_unknown_kind() -> None:
    with pytest.raises(ValueError, match="shouting"):
        add_noise("x", "shouting", 0)
