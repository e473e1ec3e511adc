import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.domain import Faq
from service.faq.drafts import Draft
from service.faq.export import export_faqs
from service.faq.parse import parse
from service.faq.validate import clean_faq, examine_faq

SPECIAL = ["\n", "|", ";\n", ", ", "=1+1", "'", "'=", "-", "@", "[", '["a"]', '"', "null", "~"]
SPECIAL += ["007", "_x000D_", "#N/A", "\u2028", "\u0301", "😀", "\t", "yes", "1e5", "ề", "\\"]
pieces = st.one_of(
    st.text(min_size=1, max_size=20),
    st.sampled_from(SPECIAL),
)
texts = st.lists(pieces, min_size=1, max_size=6).map("".join)
questions = texts.map(lambda text: f"{text} gì?")  # long enough, with a letter
days = st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31))


@st.composite
def faqs(draw: st.DrawFn) -> list[Faq]:
    ids = draw(
        st.lists(st.from_regex(r"[A-Za-z0-9._-]{1,12}", fullmatch=True), unique=True, max_size=5)
    )
    found = []
    for faq_id in ids:
        faq = Faq(
            id=faq_id,
            question=draw(questions),
            answer=draw(texts),
            alternates=tuple(draw(st.lists(questions, max_size=4))),
            tags=tuple(draw(st.lists(texts, max_size=3))),
            valid_from=draw(days),
            valid_to=draw(days),
        )
        cleaned, complaints = examine_faq(faq)
        if not complaints:
            found.append(cleaned)
    return found


HARD = Faq(
    id="007",
    question="=HYPERLINK('x') là gì?",
    answer="- một\n- hai\n\n| a | b |\n|---|---|\n_x000D_ #N/A",
    alternates=("dòng một\ndòng hai", "a | b", "'=c", "@ai hỏi", "null", '["a"]'),
    tags=("Học phí, lệ phí", "a;b"),
    valid_from=date(2025, 1, 2),
)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl", ".yaml"])
@settings(max_examples=60, deadline=None)
@given(stored=faqs())
@example(stored=[HARD])
@example(stored=[Faq("a", "Câu hỏi", "#N/A"), Faq("b", "null", "null", ("~ là gì",))])
@example(stored=[Faq("a", "Câu hỏi", "_x0041_ x005F")])
def test_what_is_exported_comes_back(suffix: str, stored: list[Faq]) -> None:
    if not stored:
        return
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"faqs{suffix}"
        assert export_faqs(stored, target) == len(stored)
        drafts = list(parse(target))
    assert [
        problem for draft in drafts if isinstance(draft, Draft) for problem in draft.problems
    ] == []
    assert [draft.faq for draft in drafts if isinstance(draft, Draft)] == stored


@given(question=texts, answer=texts, alternates=st.lists(texts, max_size=3))
def test_cleaning_twice_changes_nothing(question: str, answer: str, alternates: list[str]) -> None:
    faq, complaints = examine_faq(Faq("a", question, answer, tuple(alternates)))
    if not complaints:
        assert clean_faq(faq) == faq
