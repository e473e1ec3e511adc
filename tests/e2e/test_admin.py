"""A working day at the admin's desk."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from service.runtime import Runtime
from tests.e2e.conftest import OpenPage

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(address: str, admin_key: str, open_page: OpenPage) -> Page:
    page = open_page(f"{address}/admin", expected_errors=("Failed to load resource",))
    page.get_by_label("Khoá quản trị").fill(admin_key)
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Câu hỏi", exact=True)).to_be_visible()
    return page


def test_a_wrong_key_is_refused_in_plain_words(address: str, open_page: OpenPage):
    page = open_page(f"{address}/admin", expected_errors=("Failed to load resource",))
    page.get_by_label("Khoá quản trị").fill("vfq_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Khoá không đúng")
    assert page.evaluate("sessionStorage.length") == 0


def test_the_key_is_kept_for_this_tab_only(desk: Page, admin_key: str):
    desk.reload()
    expect(desk.locator("#faqs .rows li").first).to_be_visible()
    assert desk.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    assert admin_key not in desk.url
    desk.get_by_role("button", name="Thoát").click()
    expect(desk.get_by_label("Khoá quản trị")).to_be_focused()
    assert desk.evaluate("sessionStorage.length") == 0


def test_an_faq_is_written_found_changed_and_removed(desk: Page, runtime: Runtime):
    desk.get_by_role("button", name="Thêm câu hỏi").click()
    desk.get_by_role("textbox", name="Câu hỏi", exact=True).fill("Thư viện mở cửa lúc mấy giờ?")
    desk.get_by_label("Cách hỏi khác").fill("mấy giờ thư viện mở cửa\n\n  giờ mở cửa thư viện ")
    desk.get_by_label("Câu trả lời").fill("7 giờ 30.")
    desk.get_by_label("Nhãn").fill("thu-vien, gio-giac")
    desk.get_by_role("button", name="Lưu").click()
    expect(desk.get_by_text("Đã lưu")).to_be_visible()
    assert runtime.ask("giờ mở cửa thư viện").decision.answer.faq.answer == "7 giờ 30."

    desk.get_by_label("Tìm câu hỏi").fill("thu vien")
    row = desk.get_by_role("button", name="Thư viện mở cửa lúc mấy giờ?")
    expect(desk.locator("#faqs .rows li")).to_have_count(1)
    row.click()
    assert desk.get_by_label("Nhãn").input_value() == "thu-vien, gio-giac"
    desk.get_by_label("Câu trả lời").fill("8 giờ.")
    desk.get_by_role("button", name="Lưu").click()
    expect(desk.locator("dialog")).to_have_count(0)
    assert runtime.ask("giờ mở cửa thư viện").decision.answer.faq.answer == "8 giờ."

    row.click()
    desk.get_by_role("button", name="Lịch sử").click()
    expect(desk.locator(".history li")).to_have_count(2)
    desk.get_by_role("button", name="Xoá", exact=True).click()
    desk.get_by_role("button", name="Xoá", exact=True).last.click()
    expect(desk.get_by_text("Đã xoá.")).to_be_visible()
    expect(desk.get_by_text("Không có câu hỏi nào")).to_be_visible()


def test_two_people_cannot_overwrite_each_other(desk: Page, runtime: Runtime):
    desk.get_by_role("button", name="Đăng ký ký túc xá ở đâu?").click()
    expect(desk.get_by_label("Câu trả lời")).to_be_visible()  # what one edits has been fetched
    stored = runtime.faqs.get("default", "ky-tuc-xa")
    runtime.update_faq("default", replace(stored, answer="Ở nhà A1."), "somebody else")
    desk.get_by_label("Câu trả lời").fill("Mất rồi.")
    desk.get_by_role("button", name="Lưu").click()
    expect(desk.get_by_text("Người khác vừa sửa câu này")).to_be_visible()
    assert desk.get_by_label("Câu trả lời").input_value() == "Mất rồi."  # nothing typed is lost
    assert runtime.faqs.get("default", "ky-tuc-xa").answer == "Ở nhà A1."


def test_a_spreadsheet_is_previewed_mended_and_imported(
    desk: Page, runtime: Runtime, tmp_path: Path
):
    file = tmp_path / "câu hỏi.csv"
    desk.get_by_role("tab", name="Nhập tệp").click()
    file.write_text("Mã,Câu hỏi,Trả lời\nxe,Tuyến xe buýt nào tới trường?,Số 8.\nhu,,Thiếu câu\n")
    desk.get_by_label("Tệp", exact=True).set_input_files(file)
    desk.get_by_role("button", name="Xem trước").click()
    expect(desk.locator("#import tbody tr")).to_have_count(1)
    expect(desk.locator("#import tbody td").first).to_have_text("3")
    expect(desk.get_by_role("button", name="Nhập thật")).to_have_count(0)

    file.write_text("Mã,Câu hỏi,Trả lời\nxe,Tuyến xe buýt nào tới trường?,Số 8.\n")
    desk.get_by_label("Tệp", exact=True).set_input_files([])
    desk.get_by_label("Tệp", exact=True).set_input_files(file)
    desk.get_by_role("button", name="Xem trước").click()
    expect(desk.locator("#import dd").first).to_have_text("1")
    assert "xe" not in {faq.id for faq in runtime.faqs.iterate("default")}
    desk.get_by_role("button", name="Nhập thật").click()
    expect(desk.get_by_text("Đã nhập xong")).to_be_visible()
    assert runtime.ask("tuyến xe buýt nào tới trường").decision.answer.faq.id == "xe"

    desk.get_by_role("tab", name="Câu hỏi", exact=True).click()
    with desk.expect_download() as download:
        desk.get_by_role("button", name="Tải về Excel").click()
    saved = tmp_path / download.value.suggested_filename
    download.value.save_as(saved)
    assert load_workbook(saved).active.max_row == 1 + runtime.faqs.count("default")


def test_unanswered_questions_find_a_home(desk: Page, runtime: Runtime):
    for question in ("Mật khẩu wifi zzz", "Căng tin qqq đóng cửa", "vớ vẩn www"):
        runtime.ask(question)
    runtime.questions.flush()
    desk.get_by_role("tab", name="Chưa trả lời được").click()

    def row(question: str):
        return desk.locator("#unanswered li", has_text=question)

    row("Mật khẩu wifi zzz").get_by_role("button", name="Soạn câu trả lời").click()
    desk.get_by_label("Câu trả lời").fill("Hỏi phòng CNTT.")
    desk.get_by_role("button", name="Lưu").click()
    expect(row("Mật khẩu wifi zzz")).to_have_count(0)
    assert runtime.ask("Mật khẩu wifi zzz").decision.answer.faq.answer == "Hỏi phòng CNTT."

    row("Căng tin qqq").get_by_role("button", name="Gắn vào câu có sẵn").click()
    desk.get_by_label("Tìm câu hỏi có sẵn").fill("the sinh vien")
    expect(desk.locator("dialog .pick li")).to_have_count(1)
    desk.locator("dialog .pick button").click()
    expect(row("Căng tin qqq")).to_have_count(0)
    assert "Căng tin qqq đóng cửa" in runtime.faqs.get("default", "the-sv").alternates

    row("vớ vẩn").get_by_role("button", name="Bỏ qua").click()
    expect(row("vớ vẩn")).to_have_count(0)


def test_feedback_is_reviewed(desk: Page, runtime: Runtime):
    good = runtime.ask("mất thẻ rồi làm lại sao")
    runtime.questions.flush()
    runtime.feedback.record(good.request_id, helpful=True, chosen_faq_id="the-sv")
    bad = runtime.ask("câu này tệ")
    runtime.feedback.record(bad.request_id, helpful=False)
    desk.get_by_role("tab", name="Phản hồi").click()
    row = desk.locator("#feedback li", has_text="mất thẻ rồi")
    expect(row).to_contain_text("Hữu ích")
    row.get_by_role("button", name="Nhận làm cách hỏi khác").click()
    expect(row).to_have_count(0)
    assert "mất thẻ rồi làm lại sao" in runtime.faqs.get("default", "the-sv").alternates
    other = desk.locator("#feedback li", has_text="câu này tệ")
    other.get_by_role("button", name="Bỏ qua").click()
    expect(other).to_have_count(0)


def test_the_index_is_built_anew_and_rolled_back(desk: Page, runtime: Runtime):
    before = runtime.index_status("default")[0].number
    desk.get_by_role("tab", name="Chỉ mục").click()
    desk.get_by_role("button", name="Lập lại chỉ mục").click()
    expect(desk.get_by_text("Đã lập xong")).to_be_visible(timeout=60_000)
    live = desk.locator("#index tr", has_text="đang dùng")
    expect(live.locator("td").first).to_have_text(str(before + 1))
    desk.get_by_role("button", name="Quay lại bản trước").click()
    desk.get_by_role("button", name="Quay lại", exact=True).click()
    expect(desk.get_by_text("Đã quay lại bản trước.")).to_be_visible()
    expect(live.locator("td").first).to_have_text(str(before))


def test_tabs_work_by_keyboard_and_on_a_phone(desk: Page):
    desk.set_viewport_size({"width": 390, "height": 844})
    desk.get_by_role("tab", name="Câu hỏi", exact=True).focus()
    for name in ("Chưa trả lời được", "Phản hồi", "Nhập tệp", "Chỉ mục"):
        desk.keyboard.press("ArrowRight")
        expect(desk.get_by_role("tab", name=name)).to_be_focused()
        expect(desk.get_by_role("tabpanel")).to_have_count(1)
        assert desk.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_api_documents_itself(address: str, open_page: OpenPage):
    page = open_page(f"{address}/docs")
    page.get_by_text("/v1/ask", exact=True).click()
    expect(page.get_by_text("đkhp kỳ này")).to_be_visible()


def test_every_reason_why_a_row_is_bad_is_told_in_vietnamese(desk: Page, tmp_path: Path):
    many = [f"nhãn {n}" for n in range(40)]
    bad = [
        {"id": "a b", "question": "?!?!", "answer": ""},
        {"id": "x" * 200, "question": "ab", "answer": "có \x07 chuông", "tags": ["", "n" * 80]},
        {"question": "", "answer": "x" * 20_001, "tags": many},
        {"question": "q" * 501, "answer": "x", "alternates": ["1", "!!!!"]},
        {"question": "Được không?", "answer": "x", "alternates": [f"cách {n}" for n in range(201)]},
        {"question": "Từ ngày nào?", "answer": "x", "valid_from": "31/02/2026", "valid_to": "mai"},
        {
            "question": "Đến ngày nào?",
            "answer": "x",
            "valid_from": "2026-02-03",
            "valid_to": "2026-02-01",
        },
        {"question": True, "answer": "x"},
        {"id": "hai", "question": "Lần một?", "câu hỏi": "Lần hai?", "answer": "x"},
        {"id": "ba", "question": "Câu ba?", "answer": "x"},
        {"id": "ba", "question": "Câu bốn?", "answer": "x"},
        "không phải đối tượng",
    ]
    path = tmp_path / "loi.jsonl"
    lines = [json.dumps(row, ensure_ascii=False) for row in bad]
    path.write_text("\n".join([*lines, "{"]) + "\n", encoding="utf-8")
    desk.get_by_role("tab", name="Nhập tệp").click()
    desk.get_by_label("Tệp", exact=True).set_input_files(path)
    desk.get_by_role("button", name="Xem trước").click()
    expect(desk.locator("#import tbody tr").first).to_be_visible()
    reasons = desk.locator("#import tbody tr td:last-child").all_text_contents()
    assert len(reasons) >= 18
    english = re.compile(r"\b(is|has|use|write|the|must|may|lies|holds|keep|number|not)\b")
    assert [reason for reason in reasons if english.search(reason)] == []
