import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import Candidate, Faq, Outcome, PreparedText
from service.pipeline.confidence import ThresholdConfidence
from service.pipeline.decide import decide, decide_with_parts

TEXT = PreparedText("học phí", "học_phí", True)
VECTOR = np.zeros(1, dtype=np.float32)
CONFIDENCE = ThresholdConfidence(answer_similarity=0.8, suggest_similarity=0.5, margin=0.05)


def candidate(faq_id: str, similarity: float, answer: str | None = None, **more) -> Candidate:
    return Candidate(
        Faq(faq_id, f"Câu hỏi {faq_id}?", answer or f"Trả lời {faq_id}"),
        f"Câu hỏi {faq_id}?",
        similarity,
        **more,
    )


def verdict(*candidates: Candidate, suggest_k: int = 3):
    return decide(CONFIDENCE.judge(TEXT, VECTOR, candidates), CONFIDENCE, suggest_k=suggest_k)


def test_a_sure_candidate_is_the_answer() -> None:
    decision = verdict(candidate("a", 0.9), candidate("b", 0.6))
    assert decision.outcome is Outcome.ANSWER
    assert decision.answer is not None
    assert decision.answer.faq.id == "a"
    assert decision.suggestions == ()


def test_a_tie_is_offered_and_not_answered() -> None:
    decision = verdict(candidate("a", 0.82), candidate("b", 0.81))
    assert decision.outcome is Outcome.SUGGEST
    assert decision.answer is None
    assert [c.faq.id for c in decision.suggestions] == ["a", "b"]


def test_a_tie_between_faqs_with_the_same_answer_is_no_tie() -> None:
    decision = verdict(candidate("a", 0.82, "Vâng"), candidate("b", 0.81, "Vâng"))
    assert decision.outcome is Outcome.ANSWER


def test_a_tie_is_offered_as_soon_as_one_alone_would_be() -> None:
    assert verdict(candidate("a", 0.51), candidate("b", 0.51)).outcome is Outcome.SUGGEST


def test_suggestions_are_distinct_and_at_most_k() -> None:
    found = [candidate("a", 0.7, "Vâng"), candidate("b", 0.69, "Vâng"), candidate("c", 0.6)]
    found += [candidate(f"d{n}", 0.5) for n in range(5)]
    assert [c.faq.id for c in verdict(*found).suggestions] == ["a", "c", "d0"]
    assert len(verdict(*found, suggest_k=5).suggestions) == 5


def test_what_is_far_is_handed_over() -> None:
    decision = verdict(candidate("a", 0.3))
    assert (decision.outcome, decision.answer, decision.suggestions) == (
        Outcome.HANDOVER,
        None,
        (),
    )
    assert verdict().outcome is Outcome.HANDOVER


def test_thresholds_act_where_they_were_set() -> None:
    assert verdict(candidate("a", 0.801)).outcome is Outcome.ANSWER
    assert verdict(candidate("a", 0.799)).outcome is Outcome.SUGGEST
    assert verdict(candidate("a", 0.501)).outcome is Outcome.SUGGEST
    assert verdict(candidate("a", 0.499)).outcome is Outcome.HANDOVER


def test_after_a_reranker_only_the_cosine_counts() -> None:
    decision = verdict(
        candidate("a", 0.85, rerank_score=0.9), candidate("b", 0.86, rerank_score=0.1)
    )
    assert decision.outcome is Outcome.ANSWER
    assert decision.answer is not None
    assert decision.answer.faq.id == "a"


def test_a_reranked_first_that_is_far_does_not_hide_a_near_second() -> None:
    decision = verdict(candidate("a", 0.4, rerank_score=0.9), candidate("b", 0.7, rerank_score=0.1))
    assert decision.outcome is Outcome.SUGGEST


cosines = st.floats(-1, 1, allow_nan=False)


@given(cosines, cosines, cosines)
def test_confidence_rises_with_similarity_and_with_the_lead(a: float, b: float, rival: float):
    low, high = sorted((a, b))
    [worse, _] = CONFIDENCE.judge(TEXT, VECTOR, [candidate("a", low), candidate("r", rival)])
    [better, _] = CONFIDENCE.judge(TEXT, VECTOR, [candidate("a", high), candidate("r", rival)])
    assert 0 <= worse.confidence <= better.confidence <= 1
    [near, _] = CONFIDENCE.judge(TEXT, VECTOR, [candidate("a", rival), candidate("r", high)])
    [far, _] = CONFIDENCE.judge(TEXT, VECTOR, [candidate("a", rival), candidate("r", low)])
    assert near.confidence <= far.confidence


def test_reasons_name_what_counted() -> None:
    [first, _] = CONFIDENCE.judge(TEXT, VECTOR, [candidate("a", 0.8), candidate("b", 0.78)])
    assert first.reasons["lead"] == pytest.approx(0.02)
    assert first.reasons["counted"] == pytest.approx(0.77)


def test_equal_thresholds_do_not_break_the_curve() -> None:
    same = ThresholdConfidence(answer_similarity=0.5, suggest_similarity=0.5)
    [sure] = same.judge(TEXT, VECTOR, [candidate("a", 0.6)])
    [unsure] = same.judge(TEXT, VECTOR, [candidate("a", -1.0)])
    assert sure.confidence > same.answer_at
    assert math.isfinite(unsure.confidence)


def test_suggestions_never_ask_the_same_twice() -> None:
    questions = [
        "Học phí K65 là bao nhiêu?",
        "học phí K65 là bao nhiêu",
        "Học phí K66 là bao nhiêu?",
    ]
    found = [
        Candidate(Faq(str(n), question, f"Trả lời {n}"), question, 0.7)
        for n, question in enumerate(questions)
    ]
    assert [c.faq.id for c in verdict(*found).suggestions] == ["0", "2"]


def parted(whole: list[Candidate], *parts: list[Candidate], suggest_k: int = 3):
    judged, *alone = (CONFIDENCE.judge(TEXT, VECTOR, found) for found in (whole, *parts))
    return decide_with_parts(
        decide(judged, CONFIDENCE, suggest_k=suggest_k),
        judged,
        alone,
        CONFIDENCE,
        suggest_k=suggest_k,
    )


@pytest.mark.parametrize("whole", [0.9, 0.6])
def test_beside_an_answer_is_offered_what_another_part_likely_asks(whole: float) -> None:
    fee, card, hardly = candidate("fee", 0.9), candidate("card", 0.95), candidate("hardly", 0.55)
    decision = parted([candidate("fee", whole)], [fee], [card, fee], [hardly], [])
    assert decision.answer is not None
    assert decision.answer.faq.id == "fee"
    assert [c.faq.id for c in decision.suggestions] == ["card"]


def test_a_part_is_not_answered_where_the_message_is_nearer_to_something_else() -> None:
    decision = parted([candidate("fee", 0.6)], [candidate("card", 0.95)], [candidate("fee", 0.7)])
    assert decision.outcome is Outcome.SUGGEST
    assert [c.faq.id for c in decision.suggestions] == ["card", "fee"]
    assert decision.suggestions[1].similarity == 0.7
    few = parted([candidate("fee", 0.6)], [candidate("card", 0.95)], suggest_k=1)
    assert [c.faq.id for c in few.suggestions] == ["fee"]
    assert parted([], [candidate("card", 0.95)], []).outcome is Outcome.SUGGEST


def test_a_part_must_be_surer_than_a_message() -> None:
    assert verdict(candidate("fee", 0.81)).outcome is Outcome.ANSWER
    whole, other = [candidate("fee", 0.6)], [candidate("card", 0.4)]
    assert parted(whole, [candidate("fee", 0.81)], other).outcome is Outcome.SUGGEST
    assert parted(whole, [candidate("fee", 0.95)], other).outcome is Outcome.ANSWER


def test_parts_are_offered_where_the_message_says_nothing() -> None:
    decision = parted([candidate("far", 0.1)], [candidate("fee", 0.6)], [candidate("far", 0.2)])
    assert [c.faq.id for c in decision.suggestions] == ["fee"]


def test_where_no_part_says_anything_the_verdict_stays() -> None:
    assert parted([candidate("far", 0.1)], [], [candidate("far", 0.2)]).outcome is Outcome.HANDOVER
    near = parted([candidate("fee", 0.7)], [], [candidate("far", 0.2)])
    assert [c.faq.id for c in near.suggestions] == ["fee"]
