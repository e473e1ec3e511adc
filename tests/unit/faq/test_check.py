from collections.abc import Sequence
from datetime import date

import numpy as np

from service.domain import Faq, PreparedText
from service.faq.check import Finding, FindingKind, check_faqs
from tests.fixtures.fakes import FakeEncoder

FEES = Faq("hp", "Học phí một tín chỉ", "A.", ("một tín chỉ học phí bao nhiêu",))
DORM = Faq("ktx", "Đăng ký ký túc xá ở đâu", "B.", ("ký túc xá đăng ký thế nào",))


def prepare(texts: Sequence[str]) -> list[PreparedText]:
    return [PreparedText(text, text, True) for text in texts]


def check(*faqs: Faq, **options: object) -> list[Finding]:
    return check_faqs(
        faqs,
        prepare=prepare,
        encoder=FakeEncoder(),
        today=date(2026, 9, 1),
        **options,  # type: ignore[arg-type]
    )


def kinds(*faqs: Faq) -> list[tuple[FindingKind, str, str | None]]:
    return [(found.kind, found.faq_id, found.other_id) for found in check(*faqs)]


def test_good_faqs_have_no_findings() -> None:
    assert check(FEES, DORM) == []
    assert check() == []
    assert check(Faq("a", "Một câu hỏi", "A.")) == []


def test_the_same_question_with_the_same_answer() -> None:
    twin = Faq("hp2", "học phí  một tín chỉ?", "A.")
    assert kinds(FEES, DORM, twin) == [(FindingKind.EXACT_DUPLICATE, "hp", "hp2")]


def test_the_same_question_with_different_answers() -> None:
    twin = Faq("hp2", "Cách đóng tiền", "C.", ("HỌC PHÍ MỘT TÍN CHỈ",))
    assert (FindingKind.DIFFERENT_ANSWERS, "hp", "hp2") in kinds(FEES, DORM, twin)


def test_the_same_without_marks_is_near() -> None:
    twin = Faq("hp2", "hoc phi mot tin chi", "C.")
    assert kinds(FEES, DORM, twin) == [(FindingKind.NEAR_DUPLICATE, "hp", "hp2")]


def test_near_by_cosine_names_both_and_the_similarity() -> None:
    twin = Faq("hp2", "tín chỉ một phí học", "C.")  # the same words: the fake encoder sees no order
    (found,) = check(FEES, DORM, twin)
    assert (found.kind, found.faq_id, found.other_id) == (FindingKind.NEAR_DUPLICATE, "hp", "hp2")
    assert (found.text, found.other_text) == (FEES.question, twin.question)
    assert found.similarity is not None
    assert found.similarity > 0.99
    assert check(FEES, DORM, twin, near=1.01) == []


def test_an_alternate_that_belongs_elsewhere() -> None:
    lost = Faq("lost", "Thư viện mở cửa mấy giờ", "C.", ("ký túc xá đăng ký ở chỗ nào",))
    (found,) = check(FEES, DORM, lost)
    assert (found.kind, found.faq_id, found.other_id) == (
        FindingKind.CLOSER_TO_ANOTHER,
        "lost",
        "ktx",
    )
    assert found.text == lost.alternates[0]


def test_short_and_expired() -> None:
    short = Faq("s", "Thông tin học bổng", "C.", ("bổng",), valid_to=date(2026, 8, 31))
    last_day = Faq("l", "Lịch nghỉ tết", "D.", valid_to=date(2026, 9, 1))
    assert kinds(short, last_day, DORM) == [
        (FindingKind.EXPIRED, "s", None),
        (FindingKind.TOO_SHORT, "s", None),
    ]


def test_blocks_find_what_one_matrix_finds() -> None:
    random = np.random.default_rng(7)
    words = [f"w{number}" for number in range(60)]
    faqs = [
        Faq(
            f"f{n}", " ".join(random.choice(words, 5)), f"{n}", (" ".join(random.choice(words, 5)),)
        )
        for n in range(4600)
    ]
    found = {
        finding.text: finding.other_text
        for finding in check(*faqs)
        if finding.kind is FindingKind.CLOSER_TO_ANOTHER
    }
    rows = [(n, text) for n, faq in enumerate(faqs) for text in faq.texts]
    vectors = FakeEncoder().encode(prepare([text for _, text in rows]))
    owners = np.array([owner for owner, _ in rows])
    for position in (1, 2047, 4099, 9199):  # alternates on both sides of the block borders
        cosines = vectors @ vectors[position]
        own = cosines[position - 1]
        cosines[owners == owners[position]] = -2
        text = rows[position][1]
        if cosines.max() <= own + 1e-4:
            assert text not in found
        elif text in found:  # else the row that attracts it was told instead
            best = max(
                cosine
                for cosine, (_, other) in zip(cosines, rows, strict=True)
                if other == found[text]
            )
            assert best >= cosines.max() - 1e-5
