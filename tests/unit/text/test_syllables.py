import pytest

from service.text.syllables import misspelled, plain_syllables, syllables


@pytest.mark.parametrize(
    ("letters", "tone", "syllable"),
    [
        ("hoa", "f", "hòa"), ("hoan", "f", "hoàn"), ("quy", "s", "quý"), ("gia", "s", "giá"),
        ("thuy", "s", "thúy"), ("nguyên", "x", "nguyễn"), ("đươc", "j", "được"),
        ("cua", "r", "của"), ("ngoai", "f", "ngoài"), ("gi", "f", "gì"), ("giêt", "s", "giết"),
    ],
)  # fmt: skip
def test_tone_goes_where_the_classic_rule_puts_it(letters: str, tone: str, syllable: str) -> None:
    assert syllables()[letters, tone] == syllable


@pytest.mark.parametrize("key", [("hoc", "f"), ("cê", ""), ("kan", ""), ("ngi", ""), ("zi", "")])
def test_what_vietnamese_does_not_spell_is_no_syllable(key: tuple[str, str]) -> None:
    assert key not in syllables()


def test_no_right_spelling_is_called_wrong() -> None:
    assert misspelled().keys().isdisjoint(syllables().values())
    assert set(misspelled().values()) <= set(syllables().values())


def test_plain_syllables() -> None:
    assert {"duong", "truong", "nghiep"} <= plain_syllables()
    assert plain_syllables().isdisjoint({"dkhp", "laptop", "ktx"})
