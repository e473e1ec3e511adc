from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from service.pipeline.enquiry import BUCKETS, Enquiry, buckets, enquiry
from service.runtime import open_text_paths
from service.text.diacritics import fold

TEXT = open_text_paths()({})

# None of these is in the packs or the corpus that the model was trained on.
ENQUIRIES = (
    "quên mật khẩu ví điện tử thì lấy lại kiểu gì",
    "phòng khám mở cửa mấy giờ vậy ạ",
    "em muốn đổi lớp học phần thì nộp đơn ở đâu",
    "đơn hàng giao trễ có được hoàn tiền ko",
    "xin giấy xác nhận cư trú cần giấy tờ gì",
    "tiêm mũi nhắc lại cách mũi hai bao nhiêu tháng",
    "ktx co cho nau an khong",
    "lịch đóng học phí kỳ này",
)
CHATTER = (
    "nói chuyện với bạn vui thật",
    "mày hâm à",
    "thôi tao đi ngủ đây nha",
    "bạn có biết yêu không đấy",
    "ừ thế cũng được",
    "hôm nay mình buồn ghê luôn",
    "ke chuyen cuoi di ban",
    "haha bot này ngộ ghê",
)


def asked(question: str) -> float:
    return enquiry(TEXT.prepare(question).plain)


@pytest.mark.parametrize(
    ("question", "foreign"),
    [
        ("how can i get a new student card", True),
        ("tell me a joke", True),
        ("register course deadline khi nào", True),
        ("hello bạn ăn cơm chưa", False),
        ("mày hâm à", False),
        ("2024 100 200", False),
    ],
)
def test_nothing_is_said_of_other_languages(question: str, foreign: bool) -> None:
    assert (asked(question) == 0.0) is foreign


def test_enquiries_of_any_desk_are_told_from_chatter() -> None:
    lowest = min(map(asked, ENQUIRIES))
    highest = max(map(asked, CHATTER))
    assert lowest > highest
    assert np.mean([asked(question) for question in CHATTER]) < -2


@pytest.mark.parametrize("question", ENQUIRIES)
def test_marks_and_case_tell_nothing(question: str) -> None:
    assert enquiry(fold(question)) == enquiry(question) == enquiry(question.upper())


def test_it_is_the_log_of_a_probability_and_stands_a_text_without_words() -> None:
    assert all(asked(question) < 0 for question in (*ENQUIRIES, *CHATTER))
    assert buckets("?!") == buckets("")
    assert enquiry("?!") < -1


def test_eight_bits_are_enough_and_it_survives_its_file(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).normal(size=BUCKETS).astype(np.float32)
    model = Enquiry.of(weights, 0.5)
    exact = weights[buckets("học phí bao nhiêu")].sum() + 0.5
    assert model("học phí bao nhiêu") == pytest.approx(-np.log1p(np.exp(-exact)), abs=0.1)
    model.save(tmp_path / "model.safetensors")
    stored = load_file(tmp_path / "model.safetensors")
    assert (stored["weights"] == model.weights).all()
    assert stored["scale_bias"].tolist() == [model.scale, 0.5]
