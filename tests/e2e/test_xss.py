"""What an attacker writes is shown as text, wherever it turns up."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from service.domain import Faq
from service.runtime import Runtime
from tests.e2e.conftest import OpenPage
from tests.fixtures.live import live_runtime, served

pytestmark = pytest.mark.browser
INJECTED = ":is(script, iframe, svg, [onerror], [onload])"
IMAGE = "<img src=x onerror=__pwned()>"
PAYLOADS = (
    IMAGE,
    "<script>__pwned()</script>",
    "<svg onload=__pwned()>",
    "[bấm](javascript:__pwned())",
    '![x](https://127.0.0.1:65000/"onerror="__pwned())',
    "<iframe srcdoc='<script>parent.__pwned()</script>'></iframe>",
    "<a href='javascript:__pwned()'>bấm</a>",
    "</textarea></template></title><script>__pwned()</script>",
)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    faqs = [
        Faq(
            f"evil-{number}",
            f"Học phí kỳ {number} {payload}",
            f"Câu trả lời {number}: {payload}",
            alternates=(f"alternate {number} {payload}",),
            tags=(IMAGE,),
        )
        for number, payload in enumerate(PAYLOADS)
    ]
    with live_runtime(tmp_path_factory.mktemp("evil"), faqs) as runtime:
        yield runtime


@pytest.fixture(scope="module")
def address(runtime: Runtime) -> Iterator[str]:
    with served(runtime) as address:
        yield address


def test_evil_faqs_are_only_text_on_the_chat_page(
    address: str, runtime: Runtime, open_page: OpenPage
):
    page = open_page(address, expected_errors=("ERR_CONNECTION_REFUSED",))
    for number in range(len(PAYLOADS)):
        question = runtime.faqs.get("default", f"evil-{number}").question
        page.get_by_label("Câu hỏi của bạn").fill(question)
        page.keyboard.press("Enter")
        expect(page.locator(".answer")).to_have_count(number + 1)
        expect(page.locator(".answer").last).to_contain_text(f"Câu trả lời {number}")
        expect(page.locator(".mine").last).to_contain_text(question)
    for link in page.locator(".answer a").all():
        link.click(timeout=2000)
    assert page.locator("#log").locator(INJECTED).count() == 0


def test_evil_suggestions_are_only_text(address: str, open_page: OpenPage):
    page = open_page(address)
    page.get_by_label("Câu hỏi của bạn").fill("cho em hỏi kỳ tới đóng học phí ra sao")
    page.keyboard.press("Enter")
    expect(page.locator(".choices button").first).to_contain_text("Học phí kỳ")
    assert page.locator("#log img").count() == 0
    page.locator(".choices button").first.click()
    expect(page.locator(".answer")).to_be_visible()
    assert page.locator("#log").locator(INJECTED).count() == 0


def test_evil_content_is_only_text_on_the_desk(
    address: str, runtime: Runtime, open_page: OpenPage, admin_key: str
):
    for payload in PAYLOADS:
        runtime.ask(f"zzz {payload}")
    runtime.questions.flush()
    page = open_page(f"{address}/admin")
    page.get_by_label("Khoá quản trị").fill(admin_key)
    page.keyboard.press("Enter")
    expect(page.locator("#faqs .rows li")).to_have_count(len(PAYLOADS))
    expect(page.locator("#faqs .tag").first).to_have_text(IMAGE)
    page.locator("#faqs .title").first.click()
    page.get_by_role("button", name="Lịch sử").click()
    expect(page.locator(".history li")).to_have_count(1)
    page.get_by_role("button", name="Đóng").click()
    page.get_by_role("tab", name="Chưa trả lời được").click()
    expect(page.get_by_role("heading", name="Hay được hỏi")).to_be_visible()
    assert page.locator("#app").locator(INJECTED).count() == 0


@pytest.mark.parametrize("path", ["/?set=", "/chat?set=", "/admin#", "/chat#key="])
def test_evil_addresses_do_nothing(address: str, open_page: OpenPage, path: str):
    page = open_page(
        address + path + '"><script>__pwned()</script>', expected_errors=("Failed to load",)
    )
    expect(page.locator("main").first).to_be_visible()
