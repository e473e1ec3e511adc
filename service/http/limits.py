"""Turns away what is too large, too slow, of the wrong type, too frequent or too much at once."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import Overloaded
from service.http.errors import problem_response
from service.settings import Settings

IMPORT_PATH = "/v1/imports"
_CHANNEL_PATHS = "/v1/channels/"
_IMPORT_PATIENCE = 30  # a spreadsheet may take this many times longer to arrive than a question
_MOST_CALLERS = 10_000
Result = TypeVar("Result")


class BodyLimits:
    """Checks a request's body while it streams in, before anything parses it."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        upload = scope["path"] == IMPORT_PATH
        limits = self.settings
        size = limits.max_import_bytes if upload else limits.max_body_bytes
        if scope["path"].startswith(_CHANNEL_PATHS):
            size = limits.channel_max_body_bytes
        patience_s = limits.body_timeout_s * (_IMPORT_PATIENCE if upload else 1)
        refusal = _refusal(scope, Headers(scope=scope), upload, size)
        if refusal is not None:
            response = problem_response(*refusal, headers={"Connection": "close"})
            return await response(scope, receive, send)
        await self.app(scope, _limited(receive, size, patience_s), send)


def _refusal(
    scope: Scope, headers: Headers, upload: bool, size: int
) -> tuple[int, str, str] | None:
    declared = headers.get("content-length", "0")
    has_body = declared != "0" or "transfer-encoding" in headers
    if not has_body:
        return None
    if declared.isdecimal() and int(declared) > size:
        return 413, "Content Too Large", _too_large(size)
    wanted = "multipart/form-data" if upload else "application/json"
    got = headers.get("content-type", "").partition(";")[0].strip().lower()
    ours = scope["path"].startswith("/v1/") and not scope["path"].startswith(_CHANNEL_PATHS)
    if ours and got != wanted:
        return 415, "Unsupported Media Type", f"Send this with Content-Type: {wanted}."
    return None


def _limited(receive: Receive, size: int, patience_s: float) -> Receive:
    received = 0
    deadline = asyncio.get_running_loop().time() + patience_s
    complete = False

    async def limited() -> Message:
        nonlocal received, complete
        if complete:  # what comes now is the disconnect, which may take as long as it likes
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, headers={"Connection": "close"}) from None
        received += len(message.get("body", b""))
        if received > size:
            raise HTTPException(413, _too_large(size), headers={"Connection": "close"})
        complete = not message.get("more_body", False)
        return message

    return limited


def _too_large(size: int) -> str:
    return f"A request here may have at most {size:,} bytes."


class RateLimit:
    """A token bucket per caller: `per_minute` at once, refilled evenly."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._capacity = float(per_minute)
        self._per_second = per_minute / 60
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}  # caller → tokens, when counted

    def take(self, caller: str) -> None:
        """Count one request. Raises Overloaded when the caller's bucket is empty."""
        now = self._clock()
        tokens, counted = self._buckets.pop(caller, (self._capacity, now))
        tokens = min(self._capacity, tokens + (now - counted) * self._per_second)
        allowed = tokens >= 1
        self._buckets[caller] = (tokens - 1 if allowed else tokens, now)  # newest last
        if len(self._buckets) > _MOST_CALLERS:
            del self._buckets[next(iter(self._buckets))]
        if not allowed:
            raise Overloaded(
                f"Too many requests; {self._capacity:.0f} a minute are allowed.",
                retry_after_s=math.ceil((1 - tokens) / self._per_second),
                limited=True,
            )


class Gate:
    """Lets questions in until `size` wait or run, on threads of their own."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._inside = 0
        self._threads = ThreadPoolExecutor(min(size, 32), "ask")

    @property
    def inside(self) -> int:
        """Questions that wait or run."""
        return self._inside

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do it on one of the threads. Raises what it raises, or Overloaded when it is full."""
        if self._inside >= self._size:
            raise Overloaded("Too many questions are waiting; try again.", retry_after_s=1)
        self._inside += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, copy_context().run, work)
        finally:
            self._inside -= 1
