"""What decides whether an index fits, and whether something must be learned again."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from service.domain import Faq
from service.reindex import EncoderPlan, Learned
from service.reindex.plan import ContentHash, fingerprint, prepare_faq, rows_of
from tests.fixtures.fakes import FakeEncoder
from tests.fixtures.reindexing import FakeTextPath

SHORT = st.text(max_size=4)
BASE = Faq("a", "học phí bao nhiêu", "năm triệu", ("tiền học",), ("thu",))


def plan(**changes: object) -> EncoderPlan:
    return EncoderPlan(**{"base": FakeEncoder(), "load": lambda _: FakeEncoder(), **changes})


def content(plan: EncoderPlan, text_version: str, *faqs: Faq) -> str:
    digest = ContentHash(plan, text_version)
    for faq in faqs:
        digest.add(faq)
    return digest.hexdigest()


def test_fingerprint_changes_with_text_rules_and_encoder() -> None:
    prints = {
        fingerprint(version, encoder)
        for version in ("1", "2")
        for encoder in (FakeEncoder(), FakeEncoder("b"))
    }
    assert len(prints) == 4
    assert fingerprint("1", FakeEncoder()) in prints
    assert all(len(each) == 64 for each in prints)


def test_content_changes_with_whatever_is_learned_from() -> None:
    def learn(*_: object) -> Learned:
        return Learned(FakeEncoder(), None)

    hashes = [
        content(plan(), "1", BASE),
        content(plan(), "2", BASE),
        content(plan(base=FakeEncoder("b")), "1", BASE),
        content(plan(learn=learn), "1", BASE),
        content(plan(learn=learn, learn_options="x"), "1", BASE),
        content(plan(), "1", replace(BASE, answer="sáu triệu")),
        content(plan(), "1", replace(BASE, alternates=())),
        content(plan(), "1", replace(BASE, id="b")),
        content(plan(), "1", BASE, replace(BASE, id="b")),
    ]
    assert len(set(hashes)) == len(hashes)
    assert content(plan(), "1", replace(BASE, tags=(), revision=9)) == hashes[0]


@given(
    st.lists(st.text(max_size=4), min_size=1, max_size=3), st.text(max_size=4), st.text(max_size=4)
)
def test_no_two_ways_to_split_texts_look_alike(texts: list[str], answer: str, extra: str) -> None:
    one = Faq("a", texts[0], answer, tuple(texts[1:]))
    joined = Faq("a", texts[0], answer, (*texts[1:], extra))
    assert content(plan(), "1", one) != content(plan(), "1", joined)


def test_an_faq_as_a_learner_sees_it() -> None:
    prepared = prepare_faq(FakeTextPath({"phí": "PHÍ"}), BASE)
    assert prepared.question.plain == "học PHÍ bao nhiêu"
    assert [each.plain for each in prepared.alternates] == ["tiền học"]
    assert prepared.answer is not None
    assert prepare_faq(FakeTextPath(), replace(BASE, answer=" ")).answer is None


def test_one_row_for_each_text() -> None:
    assert [(row.id, row.faq_id, row.text, row.tags) for row in rows_of(BASE)] == [
        ("a#0", "a", "học phí bao nhiêu", ("thu",)),
        ("a#1", "a", "tiền học", ("thu",)),
    ]
