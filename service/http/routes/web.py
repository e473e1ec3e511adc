"""The pages: chat, the widget for other sites, the admin's desk, the API's documentation."""

from __future__ import annotations

import re
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import APIRouter, HTTPException, Request, Response

from service.http.auth import StateDep
from service.http.headers import content_security_policy
from service.settings import Settings

router = APIRouter(include_in_schema=False)
_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_ASSET = re.compile(r"[a-z-]+\.(css|js|svg)")


@router.get("/")
async def chat_page(request: Request, state: StateDep) -> Response:
    """The chat page of the default set, or of `?set=`."""
    return _page(request, _chat_html(state.runtime.settings), content_security_policy())


@router.get("/chat")
async def embedded_chat(request: Request, state: StateDep) -> Response:
    """The same for an iframe on the sites that may embed it."""
    settings = state.runtime.settings
    policy = content_security_policy(ancestors=_ancestors(settings))
    return _page(request, _chat_html(settings), policy)


@router.get("/admin")
async def admin_page(request: Request) -> Response:
    """The admin's desk; asks for a key."""
    return _page(request, _read("admin.html"), content_security_policy())


@router.get("/docs")
async def docs_page(request: Request) -> Response:
    """The API, read from /openapi.json."""
    return _page(request, _read("docs.html"), content_security_policy())


@router.get("/widget.js")
async def widget(request: Request) -> Response:
    """The script that other sites load."""
    response = _file(request, _read("widget.js"), "js")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@router.get("/static/{name}")
async def asset(name: str, request: Request) -> Response:
    """A style sheet, script or picture."""
    if not _ASSET.fullmatch(name) or not _web(name).is_file():
        raise HTTPException(404)
    return _file(request, _read(name), name.rpartition(".")[2])


def _page(request: Request, html: str, policy: str) -> Response:
    response = _file(request, html, "html")
    response.headers["Content-Security-Policy"] = policy
    return response


def _file(request: Request, text: str, kind: str) -> Response:
    etag = f'"{sha256(text.encode()).hexdigest()[:16]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}  # kept, but asked about each time
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(text, headers={**headers, "Content-Type": _TYPES[kind]})


def _chat_html(settings: Settings) -> str:
    html = _read("chat.html").replace("{{max_chars}}", str(settings.max_question_chars))
    return html.replace("{{set}}", escape(settings.faq_set, quote=True))


def _ancestors(settings: Settings) -> str:
    return " ".join(("'self'", *settings.allowed_origins))


@cache
def _read(name: str) -> str:
    return _web(name).read_text(encoding="utf-8")


def _web(name: str) -> Traversable:
    return files("service.http").joinpath("web", name)
