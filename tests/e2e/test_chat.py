"""The chat page as people use it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from service.analytics import ReviewStatus
from service.domain import Faq
from service.runtime import Runtime
from tests.e2e.conftest import OpenPage
from tests.fixtures.live import live_runtime, served

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


def ask(page: Page, question: str) -> None:
    page.get_by_label("Câu hỏi của bạn").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".typing")).to_have_count(0)


def test_asking_shows_the_answer_as_it_was_written(address: str, open_page: OpenPage):
    page = open_page(address)
    expect(page.get_by_role("heading", name="Chào bạn")).to_be_visible()
    ask(page, "giá mỗi tín chỉ")
    answer = page.locator(".theirs")
    expect(answer).to_contain_text("Về câu hỏi: Học phí một tín chỉ là bao nhiêu?")
    expect(answer.locator("strong")).to_have_text("thông báo học phí")
    expect(answer.locator("li")).to_have_count(2)
    expect(page.get_by_role("heading", name="Chào bạn")).to_be_hidden()
    page.get_by_role("button", name="Bắt đầu lại").click()
    expect(page.locator(".theirs")).to_have_count(0)


def test_feedback_reaches_the_desk(address: str, runtime: Runtime, open_page: OpenPage):
    page = open_page(address)
    ask(page, "khi nào phải đóng học phí")
    page.get_by_role("button", name="Chưa", exact=True).click()
    expect(page.get_by_text("Cảm ơn bạn đã cho biết")).to_be_visible()
    item = runtime.feedback.list("default", status=ReviewStatus.PENDING)[0]
    assert (item.question, item.helpful) == ("khi nào phải đóng học phí", False)


def test_a_suggestion_is_tapped_answered_and_remembered(
    address: str, runtime: Runtime, open_page: OpenPage
):
    page = open_page(address)
    ask(page, "thẻ sinh viên học phí")
    expect(page.get_by_text("Có phải bạn muốn hỏi…")).to_be_visible()
    choice = page.get_by_role("button", name="Làm lại thẻ sinh viên thế nào?")
    choice.click()
    expect(page.locator(".answer")).to_have_text("Nộp đơn tại phòng Công tác sinh viên.")
    expect(choice).to_be_disabled()
    page.get_by_role("button", name="Có", exact=True).click()
    expect(page.get_by_text("mình vui vì giúp được bạn")).to_be_visible()
    item = runtime.feedback.list("default")[0]
    assert (item.helpful, item.chosen_faq_id) == (True, "the-sv")


def test_what_else_was_asked_is_offered_under_the_answer(tmp_path: Path, open_page: OpenPage):
    with live_runtime(tmp_path, answer_threshold=0.2) as runtime, served(runtime) as address:
        page = open_page(address)
        ask(page, "khi nào phải đóng học phí? muốn ở ký túc xá thì làm sao")
        expect(page.get_by_text("Bạn cũng muốn hỏi…")).to_be_visible()
        expect(page.locator(".answer")).to_have_count(1)
        expect(page.get_by_role("button", name="Không câu nào đúng")).to_have_count(0)
        page.locator(".choices button").click()
        expect(page.locator(".answer")).to_have_count(2)
        expect(page.locator(".verdict")).to_have_count(1)
        assert runtime.feedback.list("default") == []


def test_none_of_the_suggestions_hands_over(address: str, runtime: Runtime, open_page: OpenPage):
    page = open_page(address)
    ask(page, "thẻ sinh viên học phí")
    with page.expect_response("**/v1/feedback") as reply:
        page.get_by_role("button", name="Không câu nào đúng").click()
    assert reply.value.ok
    expect(page.get_by_text(runtime.settings.handover_text)).to_be_visible()


def test_the_keyboard_is_enough(address: str, open_page: OpenPage):
    page = open_page(address)
    question = page.get_by_label("Câu hỏi của bạn")
    expect(question).to_be_focused()
    page.keyboard.type("thẻ sinh viên học")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("phí")
    assert question.input_value() == "thẻ sinh viên học\nphí"
    page.keyboard.press("Enter")
    none = page.get_by_role("button", name="Không câu nào đúng")
    expect(none).to_be_visible()
    expect(question).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(none).to_be_focused()
    outline = none.evaluate("node => getComputedStyle(node).outlineStyle")
    assert outline == "solid"
    while not page.evaluate("document.activeElement.textContent.startsWith('Làm lại thẻ')"):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_be_visible()
    expect(question).to_be_focused()


def test_enter_belongs_to_the_input_method_while_it_composes(address: str, open_page: OpenPage):
    page = open_page(address)
    question = page.get_by_label("Câu hỏi của bạn")
    question.fill("hoc phi")
    question.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    expect(page.locator(".mine")).to_have_count(0)
    question.dispatch_event("keydown", {"key": "Enter", "isComposing": False})
    expect(page.locator(".mine")).to_have_count(1)


def test_a_phone_shows_everything_without_scrolling_sideways(address: str, open_page: OpenPage):
    page = open_page(address, **PHONE)
    ask(page, "thẻ sinh viên học phí")
    ask(page, "x" * 200)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360
    for button in page.locator("#send, .choices button").all():
        assert round(button.bounding_box()["height"]) >= 44
    expect(page.get_by_label("Câu hỏi của bạn")).to_be_in_viewport()


def test_a_long_answer_is_shown_from_its_beginning(
    address: str, runtime: Runtime, open_page: OpenPage
):
    steps = "\n".join(f"{number}. Bước {number}" for number in range(1, 60))
    question = "Quy trình bảo lưu kết quả gồm những bước nào?"
    runtime.add_faq("default", Faq("bao-luu", question, steps), "test")
    page = open_page(address, **PHONE)
    ask(page, question)
    expect(page.get_by_text("Bước 1", exact=True)).to_be_in_viewport()
    expect(page.get_by_text("Bước 59", exact=True)).not_to_be_in_viewport()


def test_screen_readers_hear_answers(address: str, open_page: OpenPage):
    page = open_page(address)
    log = page.get_by_role("log")
    expect(log).to_have_attribute("aria-live", "polite")
    ask(page, "giá mỗi tín chỉ")
    expect(log).to_have_attribute("aria-busy", "false")
    expect(log).to_contain_text("Bạn: giá mỗi tín chỉ")
    assert page.evaluate("document.documentElement.lang") == "vi"


def test_a_lost_connection_keeps_the_question(address: str, open_page: OpenPage):
    page = open_page(address, expected_errors=("Failed to load resource",))
    question = page.get_by_label("Câu hỏi của bạn")
    page.context.set_offline(True)
    question.fill("giá mỗi tín chỉ")
    expect(page.get_by_text("Bạn đang mất kết nối mạng")).to_be_visible()
    expect(page.get_by_role("button", name="Gửi câu hỏi")).to_be_disabled()
    page.keyboard.press("Enter")
    assert question.input_value() == "giá mỗi tín chỉ"
    page.context.set_offline(False)
    expect(page.get_by_text("Bạn đang mất kết nối mạng")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_be_visible()


@pytest.mark.parametrize(
    ("status", "headers", "text"),
    [
        (0, {}, "mất kết nối"),
        (429, {"Retry-After": "7"}, "đợi 7 giây"),
        (503, {"Retry-After": "1"}, "Hệ thống đang bận"),
    ],
)
def test_a_failure_can_be_retried(
    address: str, open_page: OpenPage, status: int, headers: dict[str, str], text: str
):
    page = open_page(address, expected_errors=("Failed to load resource",))

    def fail(route) -> None:
        route.fulfill(status=status, headers=headers, json={}) if status else route.abort()

    page.route("**/v1/ask", fail, times=1)
    ask(page, "giá mỗi tín chỉ")
    expect(page.locator(".failure")).to_contain_text(text)
    expect(page.locator(".mine")).to_have_text(re.compile("giá mỗi tín chỉ"))
    page.get_by_role("button", name="Thử lại").click()
    expect(page.locator(".answer")).to_be_visible()
    expect(page.locator(".failure")).to_have_count(0)
    expect(page.locator(".mine")).to_have_count(1)


def test_a_draft_survives_a_reload(address: str, open_page: OpenPage):
    page = open_page(address)
    page.get_by_label("Câu hỏi của bạn").fill("câu viết dở")
    page.reload()
    assert page.get_by_label("Câu hỏi của bạn").input_value() == "câu viết dở"


def test_the_length_limit_shows_before_it_hurts(address: str, open_page: OpenPage):
    page = open_page(address)
    question = page.get_by_label("Câu hỏi của bạn")
    question.fill("a" * 950)
    expect(page.get_by_text("Còn 50 ký tự")).to_be_visible()
    question.press_sequentially("b" * 60)
    assert len(question.input_value()) == 1000


def test_less_motion_and_dark_mode_are_respected(address: str, open_page: OpenPage):
    page = open_page(address, reduced_motion="reduce", color_scheme="dark")
    ask(page, "giá mỗi tín chỉ")
    assert (
        page.locator(".theirs").evaluate("node => getComputedStyle(node).animationName") == "none"
    )
    page_colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert page_colour == "rgb(20, 24, 26)"
