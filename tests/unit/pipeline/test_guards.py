from pathlib import Path

import pytest
import yaml

from service.domain import Faq
from service.pipeline.guards import conflicts, named

UNIVERSITY = Path(__file__).parents[3] / "faq_data" / "university"


@pytest.mark.parametrize(
    ("question", "faq", "kinds"),
    [
        ("học phí năm 2024", "Học phí năm 2025 là bao nhiêu?", ("year",)),
        ("học phí 2023-2024", "Học phí năm học 2024-2025 là bao nhiêu?", ("year",)),
        ("học phí năm 2024", "Học phí năm học 2024-2025 là bao nhiêu?", ()),
        ("lịch thi k66", "Lịch thi của K65?", ("cohort",)),
        ("lịch thi khoá 66", "Lịch thi của khóa 65?", ("cohort",)),
        ("lịch thi khóa 2023", "Lịch thi khóa 2022?", ("cohort year",)),
        ("lich thi khoa 65", "Lịch thi K65", ()),
        ("hp clc", "Học phí chương trình đại trà?", ("programme",)),
        ("học phí hệ vừa làm vừa học", "Học phí hệ chất lượng cao", ("programme",)),
        ("cơ sở 2 ở đâu", "Cơ sở 1 ở đâu?", ("campus",)),
        ("học ở Sài Gòn", "Học ở Hà Nội thế nào?", ("city",)),
        ("lịch thi hk2", "Lịch thi học kỳ 1?", ("semester",)),
        ("ielts 5.5 được miễn không", "IELTS 6.5 được miễn môn nào?", ("IELTS",)),
        ("đóng 500k", "Nộp 2 triệu ở đâu?", ("money",)),
        ("điểm chuẩn ngành kế toán", "Điểm chuẩn ngành CNTT?", ("major",)),
        ("điểm chuẩn ngành luật", "Điểm chuẩn ngành Luật kinh tế?", ("major",)),
        ("điểm chuẩn ngành công nghệ thông tin", "Điểm chuẩn ngành CNTT?", ()),
        ("không được dự thi thì sao", "Được dự thi khi nào?", ("may du thi",)),
        ("có được dự thi không", "Được dự thi khi nào?", ()),
        ("hủy học phần thế nào", "Đăng ký học phần thế nào?", ("register",)),
        ("hủy đăng ký học phần", "Hủy học phần thế nào?", ()),
        ("em muốn rút hồ sơ", "Nộp hồ sơ ở đâu?", ("documents",)),
        ("mượn sách", "Trả sách ở đâu?", ("books",)),
        ("học phí bao nhiêu", "Học phí năm 2025 là bao nhiêu?", ()),
        ("học phí năm 2024", "Học phí là bao nhiêu?", ()),
        ("học phí thạc sĩ", "Học phí tiến sĩ?", ("degree",)),
        ("học phí cao học", "Học phí sau đại học?", ()),
        ("bị cảnh cáo học vụ", "Học phí tiến sĩ?", ()),
        ("báo cáo học tập nộp ở đâu", "Luận án tiến sĩ nộp ở đâu?", ()),
    ],
)
def test_what_both_name_must_agree(question: str, faq: str, kinds: tuple[str, ...]) -> None:
    assert conflicts(question, Faq("a", faq, "Trả lời")) == kinds


def test_other_texts_and_the_answer_excuse() -> None:
    faq = Faq("a", "Lịch thi K65?", "K65 thi tháng 5, K66 thi tháng 6.", ("lịch thi k64",))
    assert conflicts("lịch thi k66", faq) == ()
    assert conflicts("lịch thi k64", faq) == ()
    assert conflicts("lịch thi k63", faq) == ("cohort",)


def test_the_matched_text_names_too() -> None:
    faq = Faq("a", "Lịch thi?", ".", ("lịch thi k65",))
    assert conflicts("lịch thi k66", faq) == ()
    assert conflicts("lịch thi k66", faq, "lịch thi k65") == ("cohort",)


def test_an_alternate_may_name_an_example() -> None:
    alternates = ("ielts 6.0 có phải học không", "xin miễn tiếng anh", "có toeic thì miễn không")
    faq = Faq("a", "Có chứng chỉ thì được miễn không?", "Được.", alternates)
    assert conflicts("ielts 6.5 có được miễn không", faq, alternates[0]) == ()
    told = Faq("a", faq.question, "Từ IELTS 6.0 thì được.", alternates)
    assert conflicts("ielts 5.5 có được miễn không", told, alternates[0]) == ("IELTS",)


def test_a_number_that_is_no_cohort() -> None:
    assert "cohort" not in named("đăng ký k 20 tín chỉ")
    assert "cohort" in named("em là sinh viên k20")


def test_guards_are_silent_on_an_faqs_own_alternates() -> None:
    asked = fired = 0
    for path in sorted(UNIVERSITY.glob("*.yaml")):
        for faq in yaml.safe_load(path.read_text(encoding="utf-8")):
            for held, alternate in enumerate(faq["alternates"]):
                rest = faq["alternates"][:held] + faq["alternates"][held + 1 :]
                own = Faq(faq["id"], faq["question"], faq["answer"], tuple(rest))
                asked += 1
                fired += bool(conflicts(alternate, own, faq["question"]))
    assert asked > 1000
    assert fired <= asked * 0.005
