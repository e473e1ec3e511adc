import re
from importlib.resources import files

from hypothesis import given
from hypothesis import strategies as st

from service.text.diacritics import fold, has_marks
from service.text.normalise import normalise
from service.text.spelling import Speller
from service.text.syllable_model import SyllableModel
from service.text.syllables import syllables

MODEL = SyllableModel(files("service.text").joinpath("spelling.safetensors").read_bytes())
SPELLER = Speller(MODEL)
WORDS = sorted(syllables().values())
KNOWN = sorted(filter(has_marks, MODEL.words))
texts = st.one_of(
    st.text(),
    st.text("aăâbcdđeêghiklmnoôơpqrstuưvxyAĐƠ .,?19@/"),
    st.lists(st.sampled_from(WORDS)).map(" ".join),
).map(normalise)


@given(texts, st.booleans())
def test_takes_any_text_and_keeps_every_token(text: str, marked: bool) -> None:
    repaired = SPELLER.repair(text, marked=marked)
    assert re.sub(r"[^\W\d_]+", "", repaired) == re.sub(r"[^\W\d_]+", "", text)
    assert len(repaired.split()) == len(text.split())


@given(st.lists(st.sampled_from(sorted(MODEL.readings)), max_size=12).map(" ".join))
def test_putting_marks_a_second_time_changes_nothing(text: str) -> None:
    once = SPELLER.repair(text, marked=False)
    assert SPELLER.repair(once, marked=False) == once


@given(st.lists(st.sampled_from(sorted(MODEL.readings))).map(" ".join))
def test_putting_marks_changes_nothing_else(text: str) -> None:
    assert fold(SPELLER.repair(text, marked=False)) == text


@given(st.lists(st.sampled_from(KNOWN)).map(" ".join), st.booleans())
def test_known_marked_syllables_are_fixed_points(text: str, marked: bool) -> None:
    assert SPELLER.repair(text, marked=marked) == text
