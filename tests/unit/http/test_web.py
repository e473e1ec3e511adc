import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.http.markdown import Markdown
from tests.unit.http.conftest import MakeClient

WEB = Path("service/http/web")


@pytest.mark.parametrize("path", ["/", "/chat", "/admin", "/docs", "/widget.js", "/v1/none"])
def test_every_response_tells_the_browser_to_be_strict(client: TestClient, path: str):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-request-id"]


@pytest.mark.parametrize("page", sorted(WEB.glob("*.html")), ids=lambda path: path.name)
def test_pages_have_nothing_inline_and_nothing_from_elsewhere(page: Path):
    html = page.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    assert "//" not in re.sub(r"<!doctype[^>]*>", "", html)


def test_every_file_a_page_names_is_served(client: TestClient):
    names = {
        name
        for file in (*WEB.glob("*.html"), *WEB.glob("*.js"))
        for name in re.findall(r'(?:static/|from "\./)([\w.-]+)', file.read_text())
    }
    assert {"chat.js", "api.js", "base.css", "icon.svg"} <= names
    for name in names:
        assert client.get(f"/static/{name}").status_code == 200, name


@pytest.mark.parametrize(
    "name", ["chat.html", "../app.py", "..%2fapp.py", "none.js", "widget.min.js"]
)
def test_nothing_else_is(client: TestClient, name: str):
    assert client.get(f"/static/{name}").status_code == 404


def test_only_allowed_sites_may_embed_the_chat(make_client: MakeClient):
    client = make_client(allowed_origins=("https://school.example",))
    policy = client.get("/chat").headers["content-security-policy"]
    assert policy.endswith("frame-ancestors 'self' https://school.example")
    assert client.get("/").headers["content-security-policy"].endswith("frame-ancestors 'none'")
    assert client.get("/admin").headers["content-security-policy"].endswith("'none'")
    assert client.get("/widget.js").headers["cross-origin-resource-policy"] == "cross-origin"


def test_only_allowed_sites_may_call_from_their_pages(make_client: MakeClient):
    client = make_client(allowed_origins=("https://school.example",))
    ask = {"json": {"question": "học phí"}}
    good = client.post("/v1/ask", headers={"Origin": "https://school.example"}, **ask)
    assert good.headers["access-control-allow-origin"] == "https://school.example"
    bad = client.post("/v1/ask", headers={"Origin": "https://evil.example"}, **ask)
    assert "access-control-allow-origin" not in bad.headers


def test_pages_are_asked_about_again_but_not_sent_again(client: TestClient):
    first = client.get("/static/chat.css")
    again = client.get("/static/chat.css", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_settings_reach_the_page_escaped(make_client: MakeClient):
    html = make_client(max_question_chars=77).get("/").text
    assert 'maxlength="77"' in html
    assert 'data-set="default"' in html
    assert "{{" not in html


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("**đậm**", "<strong>đậm</strong>"),
        ("dòng 1\ndòng 2", "<br>"),
        ("| a |\n|---|\n| b |", "<td>b</td>"),
        ("[x](https://a.vn)", 'rel="noopener noreferrer nofollow"'),
        ("[x](mailto:a@b.vn)", 'href="mailto:a@b.vn"'),
        ("<b>x</b>", "&lt;b&gt;"),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
    ],
)
def test_markdown_is_rendered(source: str, shown: str):
    assert shown in Markdown().to_html(source)


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](  javascript:alert(1) )",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](javascript:alert(1))",
        '![x](https://a.vn/"onerror="alert(1))',
        "<svg/onload=alert(1)>",
        "`<script>`",
        "[a]: javascript:alert(1)\n[a]",
        '<https://a.vn"onmouseover=alert(1)>',
    ],
)
def test_markdown_carries_no_code(source: str):
    html = Markdown().to_html(source)
    tags = re.findall(r"<[^>]*>", html)
    assert not [tag for tag in tags if re.match(r"<(script|svg|iframe|style)", tag, re.I)]
    assert not [tag for tag in tags if re.search(r'(?:href|src)="(?:javascript|data):', tag, re.I)]
    for tag in tags:  # attributes, without what stands between their quotes
        assert not re.search(r"\son\w+", re.sub(r'"[^"]*"', '""', tag))
