import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml

from service.domain import Candidate, Faq
from service.models.factory import open_encoder
from service.models.lexical import LexicalAdapter, LexicalEncoder
from service.pipeline.calibrated import CalibratedConfidence
from service.pipeline.calibration.calibrate import calibrate
from service.pipeline.calibration.samples import (
    Kind,
    Limits,
    Searcher,
    draw,
    off_topic,
    small_talk,
    typical,
)
from service.pipeline.decide import decide
from service.pipeline.enquiry import enquiry
from service.pipeline.features import NAMES, Scale, features
from service.ports import Encoder
from service.reindex.plan import prepare_faq
from service.runtime import open_text_paths
from service.settings import Settings

TEXT = open_text_paths()({})
UNIVERSITY = Path(__file__).parents[4] / "faq_data" / "university"
LIMITS = Limits(inside=240, near=120, far=120)


def read_faqs(*names: str) -> list[Faq]:
    return [
        Faq(faq["id"], faq["question"], faq["answer"], tuple(faq["alternates"]))
        for name in names
        for faq in yaml.safe_load((UNIVERSITY / f"{name}.yaml").read_text(encoding="utf-8"))
    ]


FAQS = read_faqs("hoc_phi", "ky_tuc_xa", "thu_vien")


def teach(faqs: Sequence[Faq]) -> Encoder:
    adapter = LexicalAdapter()
    prepared = [prepare_faq(TEXT, faq) for faq in faqs]
    return adapter.load(adapter.adapt(prepared, on_progress=lambda _: None))


def make_report(faqs: Sequence[Faq], target_precision: float = 0.9) -> dict[str, object]:
    report = calibrate(
        faqs,
        TEXT,
        teach(faqs),
        teach,
        target_precision=target_precision,
        on_progress=lambda _: None,
    )
    return json.loads(json.dumps(report))


@pytest.fixture(scope="module")
def report() -> dict[str, object]:
    return make_report(FAQS)


def open_report(report: dict[str, object], **options: object) -> CalibratedConfidence:
    chatter = teach(FAQS).encode([TEXT.prepare(phrasing) for phrasing in small_talk()])
    return CalibratedConfidence.from_report(report, chatter, **{"target_precision": 0.9, **options})


def ask(confidence: CalibratedConfidence, question: str, faqs: Sequence[Faq] = FAQS):
    encoder, text = teach(FAQS), TEXT.prepare(question)
    [vector] = encoder.encode([text])
    found = [
        Candidate(faq, row, float(vector @ encoder.encode([TEXT.prepare(row)])[0]))
        for faq in faqs
        for row in [
            max(faq.texts, key=lambda t: float(vector @ encoder.encode([TEXT.prepare(t)])[0]))
        ]
    ]
    found.sort(key=lambda c: c.similarity, reverse=True)
    return confidence.judge(text, vector, found[:20])


def test_no_encoder_is_taught_what_it_is_asked() -> None:
    lessons: list[Sequence[Faq]] = []

    def listen(faqs: Sequence[Faq]) -> Encoder:
        lessons.append(faqs)
        return LexicalEncoder()

    samples = draw(FAQS, TEXT, listen, LIMITS)
    assert len(lessons) == LIMITS.folds
    for known in lessons:
        kept = {faq.id: faq for faq in known}
        assert 0.7 < len(kept) / len(FAQS) < 0.8
        for faq in FAQS:
            if faq.id in kept:
                assert set(kept[faq.id].texts) < set(faq.texts)
    counts = {kind: sum(s.kind is kind for s in samples) for kind in Kind}
    assert min(counts.values()) >= 100
    assert all(counts[k] <= most for k, most in zip(Kind, (240, 120, 120), strict=True))
    assert not any(s.right for s in samples if s.kind is not Kind.INSIDE)
    assert any(s.right for s in samples)


def test_what_is_asked_later_is_judged_by_the_same_features() -> None:
    encoder = teach(FAQS)
    searcher = Searcher(FAQS, encoder, TEXT, off_topic()[:50], small_talk())
    chatter = encoder.encode([TEXT.prepare(phrasing) for phrasing in small_talk()])
    question = "hoc phi nam nay bao nhieu"
    [sample] = searcher.samples(Kind.NEAR, [(question, "x")])
    text = TEXT.prepare(question)
    [vector] = encoder.encode([text])
    ranked = searcher._candidates(vector)
    served = features(
        text, ranked, searcher.scale, float((chatter @ vector).max()), enquiry(text.plain)
    )
    assert np.allclose(served[0], sample.features)


def test_its_own_questions_are_sure_and_strangers_are_not(report: dict[str, object]) -> None:
    confidence = open_report(report)
    for faq in FAQS[::7]:
        assert ask(confidence, faq.question)[0].confidence > 0.7, faq.question
    for stranger in off_topic()[:20]:
        judged = ask(confidence, stranger)
        assert judged[0].confidence < confidence.answer_at, stranger
    inside = [confidence.any_fits(ask(confidence, faq.question)) for faq in FAQS[::7]]
    outside = [confidence.any_fits(ask(confidence, stranger)) for stranger in off_topic()[:20]]
    assert np.mean(inside) > np.mean(outside) + 0.3


def test_no_faq_answers_what_does_not_belong_here(report: dict[str, object]) -> None:
    confidence = open_report(report)
    belongs: dict[bool, list[float]] = {True: [], False: []}
    own = [faq.question for faq in FAQS[::7]]
    for question in (*own, *off_topic()[:20]):
        judged = ask(confidence, question)
        belongs[question in own].append(judged[0].reasons["belongs"])
        assert max(c.confidence for c in judged) <= judged[0].reasons["belongs"], question
    assert min(belongs[True]) > 0.7
    assert np.mean(belongs[False]) < 0.3


def test_the_report_says_what_it_rests_on(report: dict[str, object]) -> None:
    counts = report["samples"]
    assert min(counts.values()) > 150
    assert report["prior"]["name"] == "lexical"
    assert report["prior"]["share"] == pytest.approx(60 / (60 + counts["inside"]), abs=1e-3)
    policy = report["policy"]
    assert policy["target_precision"] == 0.9
    if policy["expected_precision"] is not None:
        assert policy["precision_lower_bound"] < policy["expected_precision"]
        assert 0 <= policy["answered"] < policy["asked"] == sum(counts.values())
    assert 0 < report["checks"]["near_auroc"] < report["checks"]["far_auroc"] <= 1


def test_without_alternates_the_shipped_prior_is_used_and_said_so() -> None:
    bare = [Faq(faq.id, faq.question, faq.answer) for faq in FAQS]
    report = make_report(bare)
    assert report["prior"]["share"] == 1
    assert any("prior" in note for note in report["notes"])
    few = make_report(FAQS[:5])
    assert few["samples"] == {"inside": 0, "near": 0, "far": 0}
    assert any("fewer than" in note for note in few["notes"])


def test_a_higher_target_answers_less_and_own_thresholds_win(report: dict[str, object]) -> None:
    low, high = (open_report(report, target_precision=t).answer_at for t in (0.6, 0.95))
    assert low < high
    own = open_report(report, answer_at=0.42, suggest_at=0.07)
    assert (own.answer_at, own.suggest_at) == (0.42, 0.07)


def test_an_faq_against_which_a_guard_speaks_is_offered_but_not_answered(
    report: dict[str, object],
) -> None:
    confidence = open_report(report, answer_at=0.3, suggest_at=0.01)
    faqs = [Faq("k65", "Học phí của khóa K65 là bao nhiêu?", "Một."), *FAQS]
    agreed = ask(confidence, "Học phí của khóa K65 là bao nhiêu?", faqs)
    against = ask(confidence, "Học phí của khóa K66 là bao nhiêu?", faqs)
    assert agreed[0].faq.id == against[0].faq.id == "k65"
    assert agreed[0].confidence > confidence.answer_at > against[0].confidence
    decision = decide(against, confidence, suggest_k=3)
    assert decision.answer is None
    assert "k65" in [c.faq.id for c in decision.suggestions]


def test_nothing_found_is_nothing_sure(report: dict[str, object]) -> None:
    confidence = open_report(report)
    assert confidence.judge(TEXT.prepare("x"), np.zeros(1024, np.float32), []) == []
    assert confidence.any_fits([]) == 0.0


def test_where_nothing_else_was_found_the_lead_is_over_what_strangers_reach() -> None:
    scale = Scale(far=0.2, spread=0.1, common={})
    only = Candidate(Faq("a", "Học phí bao nhiêu?", "Một"), "Học phí bao nhiêu?", 0.8)
    far = Candidate(Faq("b", "Ký túc xá ở đâu?", "Hai"), "Ký túc xá ở đâu?", 0.1)
    lead = NAMES.index("lead")
    text = TEXT.prepare("học phí bao nhiêu")
    assert features(text, [only], scale, 0.0, 0.0)[0, lead] == pytest.approx(6)
    assert features(text, [only, far], scale, 0.0, 0.0)[:, lead] == pytest.approx([6, -7])


def test_a_few_faqs_are_not_sure_of_whatever_comes_near() -> None:
    few = [
        Faq("gio", "Thư viện mở cửa lúc mấy giờ?", "7 giờ."),
        Faq("tien", "Học phí một tín chỉ là bao nhiêu?", "500.000 đồng."),
        Faq("o", "Làm sao để đăng ký ký túc xá?", "Nộp đơn."),
    ]
    encoder = open_encoder(Settings(encoder="embedded"))
    report = calibrate(
        few, TEXT, encoder, lambda _: encoder, target_precision=0.95, on_progress=lambda _: None
    )
    chatter = encoder.encode([TEXT.prepare(phrasing) for phrasing in small_talk()])
    confidence = CalibratedConfidence.from_report(report, chatter, target_precision=0.95)

    def sure(question: str) -> bool:
        text = TEXT.prepare(question)
        [vector] = encoder.encode([text])
        near = [(float(encoder.encode([TEXT.prepare(f.question)])[0] @ vector), f) for f in few]
        ranked = [
            Candidate(faq, faq.question, similarity)
            for similarity, faq in sorted(near, key=lambda each: -each[0])
        ]
        return confidence.judge(text, vector, ranked)[0].confidence >= confidence.answer_at

    assert all(map(sure, ("thư viện mở cửa khi nào", "1 tín chỉ mấy tiền")))
    assert not any(map(sure, ("mượn sách", "phòng ktx có máy lạnh không", "làm thẻ thư viện")))


def test_typical_questions_fill_up_a_set_and_are_no_strangers() -> None:
    questions = typical()
    assert len(set(questions)) == len(questions) == 40
    assert not {*questions} & {*off_topic(), *small_talk()}


def test_features_mean_what_they_say() -> None:
    scale = Scale(far=0.2, spread=0.1, common={})
    first = Candidate(Faq("a", "Học phí bao nhiêu?", "Một"), "Học phí bao nhiêu?", 0.8)
    second = Candidate(Faq("b", "Ký túc xá ở đâu?", "Hai"), "Ký túc xá ở đâu?", 0.5)
    twin = Candidate(Faq("c", "Học phí mấy đồng?", "Một"), "Học phí mấy đồng?", 0.7)
    found = features(TEXT.prepare("học phí bao nhiêu"), [first, twin, second], scale, 0.3, -1.5)
    rows = [dict(zip(NAMES, row, strict=True)) for row in found.tolist()]
    assert rows[0]["similarity"] == pytest.approx(6)
    assert rows[0]["lead"] == pytest.approx(3)  # the twin says the same
    assert rows[2]["lead"] == pytest.approx(-3)
    assert rows[0]["overlap"] == rows[0]["covered"] == pytest.approx(1)
    assert rows[2]["overlap"] == 0
    assert rows[0]["chatter"] == pytest.approx(1)
    assert rows[0]["enquiry"] == -1.5
    assert rows[0]["rerank"] == 0


def test_who_asks_counts_for_guards_though_it_is_no_part_of_the_question() -> None:
    scale = Scale(0.2, 0.1, {})
    faq = Candidate(Faq("a", "Lịch thi của K66?", "Một"), "Lịch thi của K66?", 0.9)
    conflict = NAMES.index("conflict")
    for cohort, held_back in (("K66", 0.0), ("K65", 1.0)):
        text = TEXT.prepare(f"Dạ em chào thầy cô, em là sinh viên {cohort} ạ, cho em hỏi lịch thi")
        assert "lịch thi" in text.plain
        assert cohort not in text.plain
        assert features(text, [faq], scale, 0.0, 0.0)[0, conflict] == held_back
