from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import service.models.embedded
from service.domain import PreparedText
from service.errors import BadInput
from service.models.embedded.encoder import WEIGHTS, EmbeddedEncoder, open_embedded_encoder
from service.models.embedded.features import features, features_by_word
from service.models.embedded.quantised import pack, quantise
from service.models.embedded.table import Table, load_table
from service.text.courtesy import Courtesies
from service.text.lexicon import Lexicon
from service.text.path import TextPath
from service.text.segment import PyviSegmenter
from service.text.spelling import Speller

FOLDER = Path(service.models.embedded.__file__).parent


@pytest.fixture(scope="module")
def encoder():
    return open_embedded_encoder()


@pytest.fixture(scope="module")
def text():
    return TextPath(
        PyviSegmenter(), Lexicon.load(), Speller.load(), Courtesies.load(), max_chars=1000
    )


def cosine(encoder, text, first, second):
    a, b = encoder.encode(text.prepare_all([first, second]))
    return float(a @ b)


def test_what_ships_stays_small():
    assert (FOLDER / WEIGHTS).stat().st_size <= 32_000_000


def test_a_paraphrase_is_nearer_than_a_sibling(encoder, text):
    asked = "mất thẻ sv thì làm lại ở đâu ạ"
    same = cosine(encoder, text, asked, "Thủ tục cấp lại thẻ sinh viên khi bị mất?")
    sibling = cosine(encoder, text, asked, "Thẻ sinh viên dùng để làm gì?")
    assert same > sibling


def test_missing_marks_change_little(encoder, text):
    marked = "Khi nào nhà trường công bố điểm thi học kỳ?"
    assert cosine(encoder, text, marked, "khi nao nha truong cong bo diem thi hoc ky?") > 0.9


def test_a_name_never_seen_still_tells_questions_apart(encoder, text):
    asked = "học phí ở Krông Xyzpơ bao nhiêu"
    right = cosine(encoder, text, asked, "Krông Xyzpơ thu học phí thế nào?")
    assert right > cosine(encoder, text, asked, "Đắk Qwertơ thu học phí thế nào?")


def test_a_text_without_letters_is_a_zero_row(encoder):
    assert not encoder.encode([PreparedText("?!", "?!", has_marks=False)]).any()


def test_no_texts_are_no_rows(encoder):
    assert encoder.encode([]).shape == (0, encoder.dimension)


@given(st.lists(st.text(max_size=40), max_size=5))
def test_vectors_are_unit_or_zero_and_do_not_depend_on_the_batch(raw):
    table = Table(
        np.arange(5, dtype=np.uint32),
        quantise(np.random.default_rng(0).standard_normal((20, 8)).astype(np.float32)),
    )
    encoder = EmbeddedEncoder(table)
    texts = [PreparedText(each, each, has_marks=False) for each in raw]
    together = encoder.encode(texts)
    norms = np.linalg.norm(together, axis=1)
    assert np.all(np.isclose(norms, 1, atol=1e-5) | (norms == 0))
    for text, row in zip(texts, together, strict=True):
        np.testing.assert_allclose(encoder.encode([text])[0], row, atol=1e-6)


def test_an_unknown_feature_adds_two_rows_of_the_pool():
    table = Table(np.array([7], dtype=np.uint32), quantise(np.eye(5, dtype=np.float32)))
    assert table.rows([7]) == [0]
    assert len(table.rows([8])) == 2
    assert all(1 <= row < 5 for row in table.rows([8]))


def test_quantising_loses_less_than_half_a_step():
    vectors = np.random.default_rng(1).standard_normal((10, 16)).astype(np.float32)
    found = quantise(vectors)
    error = np.abs(found.decode(np.arange(10)) - vectors)
    assert np.all(error <= found.scales[:, None] * 0.5001)


def test_packing_loses_less_than_half_a_step():
    vectors = np.random.default_rng(1).standard_normal((10, 16)).astype(np.float32)
    found = pack(vectors)
    assert found.rows.nbytes * 2 == vectors.size
    error = np.abs(found.decode(np.arange(10)) - vectors)
    assert np.all(error <= found.scales[:, None] * 0.5001)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(BadInput, match=r"other\.safetensors"):
        load_table(path)


def test_a_pair_across_two_words_belongs_to_both():
    alone = {*features("học_phí"), *features("nộp")}
    whole = "Nộp học_phí"
    by_word = features_by_word(whole)
    across = set(features(whole)) - alone
    assert len(across) == 1
    assert [across <= set(own) for own in by_word] == [True, True]
    assert sorted([*by_word[0], *by_word[1]]) == sorted([*features(whole), *across])
    assert features_by_word("?!") == []


def test_marks_and_pairs_are_features():
    assert set(features("học_phí")) != set(features("hoc phi"))
    assert set(features("hoc phi")) < set(features("học_phí"))


def test_it_loads_as_a_sentence_transformers_model(encoder, text):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(FOLDER), trust_remote_code=True, device="cpu")
    question = "Học phí một tín chỉ là bao nhiêu?"
    vector = model.encode([question], show_progress_bar=False)[0]
    np.testing.assert_allclose(vector, encoder.encode([text.prepare(question)])[0], atol=1e-6)
