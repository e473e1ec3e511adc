"""The chat inside somebody else's page."""

import pytest
from playwright.sync_api import expect

from service.runtime import Runtime
from tests.e2e.conftest import ForeignSite, OpenPage
from tests.fixtures.live import live_runtime, served

pytestmark = pytest.mark.browser


def page_with_widget(foreign: ForeignSite, address: str, attributes: str = "") -> None:
    foreign.html = (
        "<!doctype html><meta charset=utf-8><title>Trường</title><h1>Trang của trường</h1>"
        f'<script src="{address}/widget.js" data-set="default" {attributes}></script>'
    )
    foreign.policy = f"default-src 'none'; script-src {address}; frame-src {address}"


def test_the_widget_answers_on_a_strict_foreign_page(
    address: str, foreign: ForeignSite, open_page: OpenPage
):
    page_with_widget(foreign, address)
    page = open_page(foreign.address)
    page.get_by_role("button", name="Hỏi đáp").click()
    chat = page.frame_locator("iframe")
    chat.get_by_label("Câu hỏi của bạn").fill("giá mỗi tín chỉ")
    chat.get_by_label("Câu hỏi của bạn").press("Enter")
    expect(chat.locator(".answer")).to_contain_text("thông báo học phí")
    expect(chat.locator(".bar")).to_be_hidden()

    page.get_by_role("button", name="Đóng khung hỏi đáp").click()
    expect(page.get_by_role("button", name="Hỏi đáp")).to_be_focused()
    page.get_by_role("button", name="Hỏi đáp").click()
    expect(chat.locator(".answer")).to_be_visible()  # the talk goes on where it was


def test_escape_inside_the_frame_closes_it(address: str, foreign: ForeignSite, open_page: OpenPage):
    page_with_widget(foreign, address)
    page = open_page(foreign.address)
    page.get_by_role("button", name="Hỏi đáp").click()
    question = page.frame_locator("iframe").get_by_label("Câu hỏi của bạn")
    expect(question).to_be_enabled()
    question.press("Escape")
    expect(page.get_by_role("button", name="Hỏi đáp")).to_be_focused()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_phone_gets_the_whole_screen(address: str, foreign: ForeignSite, open_page: OpenPage):
    page_with_widget(foreign, address, 'data-title="Hỏi phòng Đào tạo" data-side="left"')
    foreign.html = foreign.html.replace(
        "<title>", '<meta name=viewport content="width=device-width"><title>'
    )
    page = open_page(foreign.address, viewport={"width": 360, "height": 740}, is_mobile=True)
    page.get_by_role("button", name="Hỏi phòng Đào tạo").click()
    box = page.get_by_role("dialog").bounding_box()
    assert (box["x"], box["width"]) == (0, 360)


def test_a_key_for_the_widget_stays_out_of_addresses_that_servers_see(
    foreign: ForeignSite, open_page: OpenPage, runtime: Runtime, address: str
):
    key, _ = runtime.keys.create("widget", ["ask"])
    page_with_widget(foreign, address, f'data-key="{key}"')
    page = open_page(foreign.address)
    seen: list[tuple[str, str | None]] = []
    page.on("request", lambda request: seen.append((request.url, request.headers.get("x-api-key"))))
    page.get_by_role("button", name="Hỏi đáp").click()
    chat = page.frame_locator("iframe")
    chat.get_by_label("Câu hỏi của bạn").fill("giá mỗi tín chỉ")
    chat.get_by_label("Câu hỏi của bạn").press("Enter")
    expect(chat.locator(".answer")).to_be_visible()
    assert [sent for url, sent in seen if url.endswith("/v1/ask")] == [key]
    assert not [url for url, _ in seen if key in url.partition("#")[0]]


def test_a_site_that_is_not_allowed_cannot_frame_the_chat(
    tmp_path, foreign: ForeignSite, open_page: OpenPage
):
    with live_runtime(tmp_path) as closed, served(closed) as address:
        page_with_widget(foreign, address)
        page = open_page(foreign.address, expected_errors=("frame-ancestors", "Framing"))
        page.get_by_role("button", name="Hỏi đáp").click()
        page.wait_for_function("document.querySelector('div').shadowRoot.querySelector('iframe')")
        chat = page.frame_locator("iframe")
        expect(chat.get_by_label("Câu hỏi của bạn")).to_have_count(0)
