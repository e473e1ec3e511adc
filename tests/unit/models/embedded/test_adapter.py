from dataclasses import replace

import numpy as np
import pytest

from service.domain import PreparedFaq, PreparedText
from service.errors import BadInput
from service.models.embedded.adapter import EmbeddedAdapter
from service.models.embedded.encoder import EmbeddedEncoder, open_embedded_encoder
from service.models.embedded.memory import Memory
from service.models.embedded.overlay import load_overlay
from service.models.embedded.quantised import pack, quantise
from service.models.embedded.table import Table
from service.models.residual import ResidualAdapter
from service.models.siblings import Batches, same_meaning
from service.models.views import answer_crops
from tests.fixtures.fakes import FakeEncoder

PLACES = ("An Giang", "Bình Thuận", "Cà Mau", "Đắk Nông", "Gia Lai", "Hậu Giang", "Kon Tum")


def prepared(text):
    return PreparedText(text, text, has_marks=True)


def place_faqs():
    """Sets like this fool an encoder that has not seen them: one word in nine matters."""
    return [
        PreparedFaq(name, prepared(f"{name} hôm nay đã có bao nhiêu ca mắc mới")) for name in PLACES
    ] + [PreparedFaq("all", prepared("hôm nay đã có bao nhiêu ca mắc mới"))]


def found(encoder, faqs, question):
    index = encoder.encode([faq.question for faq in faqs])
    return faqs[int(np.argmax(index @ encoder.encode([prepared(question)])[0]))].id


def margin(encoder, faqs, question, wanted):
    scores = (
        encoder.encode([faq.question for faq in faqs]) @ encoder.encode([prepared(question)])[0]
    )
    own = [faq.id for faq in faqs].index(wanted)
    return scores[own] - np.delete(scores, own).max()


@pytest.mark.parametrize("adapter_of", [EmbeddedAdapter, ResidualAdapter])
def test_it_learns_what_tells_the_faqs_of_a_set_apart(adapter_of):
    base, faqs = open_embedded_encoder(), place_faqs()
    adapter = adapter_of(base)
    adapted = adapter.load(adapter.adapt(faqs, on_progress=lambda _: None))
    question = "số ca mới hôm nay ở Kon Tum"
    assert found(adapted, faqs, question) == "Kon Tum"
    before = margin(base, faqs, question, "Kon Tum")
    assert margin(adapted, faqs, question, "Kon Tum") > before
    assert adapted.fingerprint != base.fingerprint


@pytest.mark.parametrize("adapter_of", [EmbeddedAdapter, ResidualAdapter])
def test_the_same_faqs_teach_the_same(adapter_of):
    adapter = adapter_of(open_embedded_encoder())
    first, second = (adapter.adapt(place_faqs(), on_progress=lambda _: None) for _ in range(2))
    assert adapter.load(first).fingerprint == adapter.load(second).fingerprint


@pytest.mark.parametrize("adapter_of", [EmbeddedAdapter, ResidualAdapter])
def test_the_careful_variant_goes_less_far(adapter_of):
    base, faqs = open_embedded_encoder(), place_faqs()
    adapter = adapter_of(base)
    full = adapter.adapt(faqs, on_progress=lambda _: None)
    careful, *_, strong = (adapter.load(each) for each in adapter.variants(full))
    texts = [faq.question for faq in faqs]
    start = base.encode(texts)
    assert np.linalg.norm(careful.encode(texts) - start) < np.linalg.norm(
        strong.encode(texts) - start
    )


def test_a_set_that_training_knew_is_hardly_moved_by_its_titles():
    base, faqs = open_embedded_encoder(), place_faqs()
    titles = base.encode([faq.question for faq in faqs])

    def strengths(intents):
        knowing = replace(base.table, memory=Memory(pack(intents)))
        adapter = EmbeddedAdapter(EmbeddedEncoder(knowing))
        variants = adapter.variants(adapter.adapt(faqs, on_progress=lambda _: None))
        overlays = [load_overlay(variant) for variant in variants]
        return [(each.strength, each.step_strength) for each in overlays]

    known, new = strengths(titles), strengths(-titles)
    assert (known[0], new[0]) == ((0.0625, 0.125), (0.25, 0.5))
    assert known[1:] == new[1:]


def test_all_texts_take_the_step():
    adapter = EmbeddedAdapter(open_embedded_encoder())
    overlay = load_overlay(adapter.adapt(place_faqs(), on_progress=lambda _: None))
    with_it, without = overlay, replace(overlay, step_strength=0.0)
    foreign = [prepared("xin chào")]
    one, other = (adapter.load(each.to_bytes()).encode(foreign)[0] for each in (with_it, without))
    assert 0.5 < one @ other < 0.999


def test_words_add_up_to_the_text_before_it_recalls_anything():
    forgetful = replace(open_embedded_encoder().table, memory=None)
    adapter = EmbeddedAdapter(EmbeddedEncoder(forgetful))
    adapted = adapter.load(adapter.adapt(place_faqs(), on_progress=lambda _: None))
    words = adapted.words(prepared("Kon_Tum"))
    assert words.vectors[0] == pytest.approx(adapted.encode([prepared("Kon_Tum")])[0], abs=1e-5)


def test_an_overlay_from_before_there_was_a_step_loads():
    adapter = EmbeddedAdapter(open_embedded_encoder())
    overlay = load_overlay(adapter.adapt(place_faqs(), on_progress=lambda _: None))
    old, same = replace(overlay, step=None), replace(overlay, step_strength=0.0)
    question = [prepared("số ca mới hôm nay ở Kon Tum")]
    assert adapter.load(old.to_bytes()).encode(question) == pytest.approx(
        adapter.load(same.to_bytes()).encode(question)
    )


def test_an_overlay_of_other_weights_is_refused():
    rng = np.random.default_rng(0)
    table = Table(
        np.arange(9, dtype=np.uint32), quantise(rng.standard_normal((20, 384)).astype("f"))
    )
    artefact = EmbeddedAdapter(EmbeddedEncoder(table)).adapt(
        place_faqs(), on_progress=lambda _: None
    )
    with pytest.raises(BadInput, match="other weights"):
        EmbeddedAdapter(open_embedded_encoder()).load(artefact)


@pytest.mark.parametrize(
    "adapter", [EmbeddedAdapter(open_embedded_encoder()), ResidualAdapter(FakeEncoder())]
)
def test_bytes_of_something_else_are_refused(adapter):
    with pytest.raises(BadInput, match="reindex"):
        adapter.load(b"0" * 64)


def test_faqs_with_one_answer_are_no_negatives():
    one, two = (PreparedFaq(i, prepared("hỏi gì"), answer=prepared("như nhau")) for i in "ab")
    other = PreparedFaq("c", prepared("hỏi gì"))
    assert same_meaning([one, two, other])([0, 1, 2]).tolist() == [
        [True, True, False],
        [True, True, False],
        [False, False, True],
    ]


def test_large_sets_come_in_neighbourhoods():
    vectors = np.random.default_rng(0).standard_normal((600, 16)).astype(np.float32)
    batch = Batches(vectors, 64, np.random.default_rng(0)).next()
    assert len(batch) == len(set(batch)) == 64
    nearest = np.argsort(-(vectors @ vectors[batch[0]]))[1:8]
    assert set(nearest.tolist()) <= set(batch)


def test_a_placeholder_teaches_nothing():
    assert answer_crops(prepared("(intent: hoc_phi)")) == []
    assert answer_crops(prepared("Sinh_viên nộp học_phí qua ngân_hàng trước tuần thứ tư"))
