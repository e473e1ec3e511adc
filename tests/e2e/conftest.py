"""A real Chromium before a real server."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from service.runtime import Runtime
from tests.fixtures.live import live_runtime, served

CHROMIUM = Path("/usr/bin/chromium")
ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
OpenPage = Callable[..., Page]

# Everything that must never happen on any page of ours, gathered from inside the page.
WATCH = """
window.__bad = [];
document.addEventListener("securitypolicyviolation",
  (event) => window.__bad.push(`CSP ${event.violatedDirective} ${event.blockedURI}`));
window.__pwned = () => window.__bad.push("injected code ran");
"""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing; run .ci/debian-packages.sh as root", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens a page; afterwards nothing may have gone wrong on it."""
    opened: list[tuple[BrowserContext, Page, list[str]]] = []

    def open_page(url: str, **options: object) -> Page:
        expected = options.pop("expected_errors", ())
        context = browser.new_context(**options)
        context.set_default_timeout(15_000)
        context.add_init_script(WATCH)
        page = context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
        page.on("dialog", lambda dialog: (faults.append("a dialog opened"), dialog.dismiss()))
        page.on("console", lambda message: _note(message, faults, expected))
        page.goto(url)
        opened.append((context, page, faults))
        return page

    yield open_page
    for context, page, faults in opened:
        found = [bad for frame in page.frames for bad in frame.evaluate("window.__bad ?? []")]
        context.close()
        assert faults + found == []


def _note(message: object, faults: list[str], expected: tuple[str, ...]) -> None:
    if message.type == "error" and not any(text in message.text for text in expected):
        faults.append(message.text)


@pytest.fixture(scope="module")
def foreign() -> Iterator["ForeignSite"]:
    """Somebody else's site, on an origin of its own."""
    site = ForeignSite()
    with site.running():
        yield site


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory, foreign: "ForeignSite") -> Iterator[Runtime]:
    folder = tmp_path_factory.mktemp("live")
    with live_runtime(folder, allowed_origins=(foreign.address,)) as runtime:
        yield runtime


@pytest.fixture(scope="module")
def address(runtime: Runtime) -> Iterator[str]:
    with served(runtime) as address:
        yield address


@pytest.fixture
def admin_key(runtime: Runtime) -> str:
    return runtime.keys.create("office", ["admin"])[0]


class ForeignSite:
    """Serves one page under a strict policy of its own."""

    def __init__(self) -> None:
        self.html = ""
        self.policy = ""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                if site.policy:
                    self.send_header("Content-Security-Policy", site.policy)
                self.end_headers()
                self.wfile.write(site.html.encode() if self.path == "/" else b"")

            def log_message(self, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        with ExitStack() as closing:
            closing.callback(self._server.server_close)
            closing.callback(thread.join)
            closing.callback(self._server.shutdown)
            yield
