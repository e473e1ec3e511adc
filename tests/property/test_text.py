import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from service.text.courtesy import Courtesies
from service.text.diacritics import fold, has_marks
from service.text.initialisms import initialisms
from service.text.lexicon import Lexicon
from service.text.masking import mask_personal_data
from service.text.noise import NoiseKind, add_noise
from service.text.normalise import normalise
from service.text.path import TextPath
from service.text.spelling import Speller
from service.text.syllables import syllables
from service.text.telex import restore
from tests.fixtures.fakes import FakeSegmenter

MARKS = "\u0300\u0301\u0302\u0303\u0306\u0309\u031b\u0323"
vietnamese = st.text("aăâbcdđeêghiklmnoôơpqrstuưvxyAĐƠ .,?19 \u200b\u3000Ðｈ" + MARKS)
texts = st.one_of(
    st.text(), vietnamese, st.lists(st.sampled_from(sorted(syllables().values()))).map(" ".join)
)
words = st.sampled_from(
    "kỹ thuật điện tử viễn thông ktđt kt abc á b c ktđtvt bc (ktđt) của ngành".split()  # noqa: SIM905
)
PATH = TextPath(FakeSegmenter(), Lexicon.load(), Speller.load(), Courtesies.load(), max_chars=200)


@given(texts)
def test_normalise_is_idempotent_and_clean(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == " ".join(once.split())
    assert not any(unicodedata.category(char) in ("Cc", "Cs") for char in once)


@given(texts)
def test_composition_does_not_matter(text: str) -> None:
    assert normalise(unicodedata.normalize("NFD", text)) == normalise(text)


@given(texts)
def test_folded_text_has_no_marks(text: str) -> None:
    assert not has_marks(fold(text))
    assert fold(fold(text)) == fold(text)


@given(texts)
def test_restore_is_idempotent(text: str) -> None:
    once = restore(normalise(text))
    assert restore(once) == once


@given(st.lists(st.sampled_from(sorted(syllables().values())), min_size=1).map(" ".join))
def test_marked_and_unmarked_vietnamese_is_never_restored(text: str) -> None:
    assert restore(text) == text
    assert restore(fold(text)) == fold(text)


@given(st.text("0123456789 .,-@abkđ+"))
def test_masking_is_idempotent(text: str) -> None:
    once = mask_personal_data(text)
    assert mask_personal_data(once) == once


@given(texts.filter(normalise))
def test_prepare_takes_any_text(text: str) -> None:
    assert PATH.prepare(text).plain


@given(texts, st.sampled_from(NoiseKind), st.integers())
def test_noise_takes_any_text(text: str, kind: NoiseKind, seed: int) -> None:
    assert add_noise(text, kind, seed) == add_noise(text, kind, seed)


@given(st.lists(st.lists(st.lists(words, min_size=3).map(" ".join)), min_size=2))
def test_short_forms_of_any_names_make_a_lexicon(faqs: list[list[str]]) -> None:
    names = initialisms(faqs, Lexicon.load(), {"abc": "bc"})
    lexicon = Lexicon.load().with_additions(
        names | {"abc": "bc"}
    )  # raises when one leads back to itself
    assert all(lexicon.expand(short) == name for short, name in names.items())
