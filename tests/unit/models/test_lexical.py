import numpy as np
import pytest

from service.domain import PreparedFaq, PreparedText
from service.errors import BadInput
from service.models.lexical import LexicalAdapter, LexicalEncoder
from service.text.diacritics import fold, has_marks


def text(plain: str) -> PreparedText:
    return PreparedText(plain, plain, has_marks(plain))


def adapt(*faqs: tuple[str, ...]) -> bytes:
    prepared = [
        PreparedFaq(str(n), text(question), tuple(map(text, alternates)))
        for n, (question, *alternates) in enumerate(faqs)
    ]
    return LexicalAdapter().adapt(prepared, on_progress=lambda progress: None)


def similarity(encoder: LexicalEncoder, one: str, other: str) -> float:
    return float(encoder.encode([text(one)])[0] @ encoder.encode([text(other)])[0])


ENCODER = LexicalEncoder()
LARGEST = [504, 672, 876, 942, 1008]
SIGNS = np.array([-1, 1, 1, 1, -1])


def test_vectors_never_change():
    """They are stored: another hash or weight needs another version, hence fingerprint."""
    vector = ENCODER.encode([text("Học phí K65")])[0]
    largest = np.flatnonzero(np.abs(vector) > 0.25)
    assert largest.tolist() == LARGEST
    assert vector[largest] == pytest.approx(SIGNS * np.float32(0.273), abs=1e-4)


def test_words_case_and_marks():
    assert similarity(ENCODER, "HỌC PHÍ", "học phí") == pytest.approx(1)
    assert similarity(ENCODER, "hoc phi", "học phí") > 0.6
    assert similarity(ENCODER, "học phí", "học phí") > similarity(ENCODER, "học phí", "học phi")


def test_a_slip_of_the_finger_costs_little():
    right = similarity(ENCODER, "thời khóa biểu", "thời khóa bỉểu")
    assert right > similarity(ENCODER, "thời khóa biểu", "thời gian nghỉ") + 0.2


def test_marks_part_words_that_fold_alike():
    assert similarity(ENCODER, "đường", "đường") > similarity(ENCODER, "đường", "dưỡng") + 0.1


def test_a_text_without_letters_is_a_zero_row():
    assert not ENCODER.encode([text("?!…")]).any()


COMMON = [(f"em muốn hỏi về {topic}",) for topic in ("học phí", "thư viện", "ký túc xá", "bằng")]


def test_adapted_it_listens_to_what_is_rare_in_the_set():
    adapted = LexicalAdapter().load(adapt(*COMMON))
    chatty, rare = "em muốn hỏi về thư viện", "học phí"
    question = "em muốn hỏi về học phí"
    assert similarity(ENCODER, question, chatty) > similarity(ENCODER, question, rare)
    assert similarity(adapted, question, chatty) < similarity(adapted, question, rare)


def test_a_feature_counts_once_an_faq():
    """Else an FAQ with many alternates would make its own words common."""
    once, often = adapt(("học phí",), ("thẻ",)), adapt(("học phí", "học phí ạ"), ("thẻ",))
    first, second = LexicalAdapter().load(once), LexicalAdapter().load(often)
    assert np.allclose(first.encode([text("học phí")]), second.encode([text("học phí")]))


def test_adapting_is_deterministic_and_changes_the_fingerprint():
    artefact = adapt(*COMMON)
    assert artefact == adapt(*COMMON)
    fingerprints = {
        LexicalEncoder().fingerprint,
        LexicalAdapter().load(artefact).fingerprint,
        LexicalAdapter().load(adapt(*COMMON[:2])).fingerprint,
    }
    assert len(fingerprints) == 3


def test_an_empty_set_can_be_adapted_to():
    adapted = LexicalAdapter().load(adapt())
    assert similarity(adapted, "học phí", "học phí") == pytest.approx(1)


@pytest.mark.parametrize("artefact", [b"", b"junk", b"PK\x03\x04 broken"])
def test_a_strange_artefact_is_refused(artefact):
    with pytest.raises(BadInput, match="reindex"):
        LexicalAdapter().load(artefact)


def test_folding_a_question_keeps_it_near():
    question = "đăng ký học phần ở đâu"
    assert similarity(ENCODER, question, fold(question)) > 0.6
