import pytest

from service.errors import BadInput
from service.text.courtesy import Courtesies
from service.text.lexicon import Lexicon
from service.text.path import TextPath
from service.text.segment import PyviSegmenter
from service.text.spelling import Speller
from service.text.syllable_model import SyllableModel
from service.train.spelling import Corpus, build
from tests.fixtures.fakes import FakeSegmenter


@pytest.fixture(scope="module")
def speller() -> Speller:
    return Speller.load()


@pytest.fixture(scope="module")
def path(speller: Speller) -> TextPath:
    return TextPath(PyviSegmenter(), Lexicon.load(), speller, Courtesies.load(), max_chars=100)


def test_all_steps_in_order(path: TextPath) -> None:
    prepared = path.prepare(" Hocj  phis ngành CNTT hoà\u200b nhập bn?")
    assert prepared.plain == "Học phí ngành công nghệ thông tin hòa nhập bao nhiêu?"
    assert prepared.segmented == "Học_phí ngành công_nghệ thông_tin hòa_nhập bao_nhiêu ?"
    assert prepared.has_marks


def test_marks_that_were_not_typed_do_not_count(path: TextPath) -> None:
    prepared = path.prepare("dkhp o dau")
    assert prepared.plain == "đăng ký học phần ở đâu"
    assert prepared.segmented == "đăng_ký học_phần ở đâu"
    assert not prepared.has_marks


def test_cap_counts_normalised_characters(path: TextPath) -> None:
    assert len(path.prepare("e\u0302\u0323" * 150).plain) == 100
    assert path.prepare("x" + " " * 500 + "y").plain == "x y"


@pytest.mark.parametrize("text", ["", " \n", "\u200b\ufeff", "\u0301"])
def test_nothing_visible_is_bad_input(path: TextPath, text: str) -> None:
    with pytest.raises(BadInput, match="empty"):
        path.prepare(text)


def test_prepare_all_is_prepare_in_order(path: TextPath) -> None:
    texts = ["học phí", "đkhp ntn", "thi lai"]
    assert path.prepare_all(texts) == [path.prepare(text) for text in texts]


def test_version_follows_every_part(path: TextPath, speller: Speller) -> None:
    lexicon, segmenter, courtesies = Lexicon.load(), PyviSegmenter(), Courtesies.load()
    other = Speller(SyllableModel(build([Corpus(["học", "phí", "\n"] * 9, 1.0)])))
    own, none = lexicon.with_additions({"a1": "b"}), Courtesies({}, (0, 0, 0, 0), "none")
    versions = {
        path.version,
        TextPath(segmenter, lexicon, speller, courtesies, max_chars=99).version,
        TextPath(FakeSegmenter(), lexicon, speller, courtesies, max_chars=100).version,
        TextPath(segmenter, lexicon, other, courtesies, max_chars=100).version,
        TextPath(segmenter, own, speller, courtesies, max_chars=100).version,
        TextPath(segmenter, lexicon, speller, none, max_chars=100).version,
    }
    assert len(versions) == 6
    again = TextPath(segmenter, lexicon, speller, courtesies, max_chars=100)
    assert again.version == path.version


def test_warm_reads_the_segmenters_model(speller: Speller) -> None:
    segmenter = PyviSegmenter()
    TextPath(segmenter, Lexicon.load(), speller, Courtesies.load(), max_chars=100).warm()
    assert segmenter._model is not None
