"""What every response carries: a request id, and orders to the browser to be strict."""

from __future__ import annotations

import time
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.analytics import Metrics
from service.http.errors import crash_response

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' https: data:; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors {ancestors}"
)
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})  # asked every few seconds


def content_security_policy(ancestors: str = "'none'") -> str:
    """The policy of a page; `ancestors` may show it in a frame."""
    return _CSP.format(ancestors=ancestors)


class ResponseHeaders:
    """Sets the headers, counts the request and logs one line about it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request_id = str(uuid4())
        started = time.perf_counter()
        status = 0  # nothing sent yet

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _complete(message, request_id)
            await send(message)

        with structlog.contextvars.bound_contextvars(http_request_id=request_id):
            try:
                await self.app(scope, receive, send_with_headers)
            except Exception as error:
                if status:  # too late to say anything
                    raise
                await crash_response(error)(scope, receive, send_with_headers)
            finally:
                self._note(scope, status, (time.perf_counter() - started) * 1000)

    def _note(self, scope: Scope, status: int, took_ms: float) -> None:
        route = getattr(scope.get("route"), "path", "unknown")
        self.metrics.request(scope["method"], route, status)
        if scope["path"] not in _QUIET:
            structlog.get_logger("service.http").info(
                "request",
                method=scope["method"],
                route=route,
                status=status,
                took_ms=round(took_ms, 1),
            )


def _complete(message: Message, request_id: str) -> None:
    headers: list[tuple[bytes, bytes]] = [*message["headers"]]
    present = {name for name, _ in headers}
    headers += [(name, value) for name, value in _UNLESS_SET if name not in present]
    message["headers"] = [*headers, *_ALWAYS, (b"x-request-id", request_id.encode())]


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """As ASGI has them."""
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_ALWAYS = _raw(
    {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
)
_UNLESS_SET = _raw(
    {
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Security-Policy": content_security_policy(),
        "Cache-Control": "no-store",
    }
)
