"""The web application over one runtime."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from service.http.errors import add_handlers, documented
from service.http.headers import ResponseHeaders
from service.http.limits import BodyLimits, Gate, RateLimit
from service.http.markdown import Markdown
from service.http.routes import ask, channels, faqs, feedback, health, imports, index, keys, web
from service.http.state import State
from service.runtime import Runtime

_DESCRIPTION = """
Finds the stored question that asks the same thing, and answers with its answer; it never
invents text. Asking is `POST /v1/ask`. Everything an admin does needs an API key with the scope
`admin`, in `X-API-Key` or `Authorization: Bearer`. Errors are `application/problem+json`.
"""


def create_app(runtime: Runtime) -> FastAPI:
    """The application. The caller opens and closes the runtime."""
    settings = runtime.settings
    app = FastAPI(
        title="vifaq", description=_DESCRIPTION, version="1", docs_url=None, redoc_url=None
    )
    gate = Gate(settings.queue_size)
    app.state.vifaq = State(runtime, gate, RateLimit(settings.rate_limit_per_minute), Markdown())
    runtime.metrics.watch("http_questions", "Questions waiting or running.", lambda: gate.inside)
    add_handlers(app)
    for group in (ask, faqs, imports, index, feedback, keys):
        app.include_router(
            group.router, responses=documented(400, 401, 408, 413, 415, 422, 429, 503)
        )
    app.include_router(channels.router, responses=documented(408))
    app.include_router(health.router)
    app.include_router(web.router)
    app.add_middleware(BodyLimits, settings=settings)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Content-Type", "X-API-Key", "Authorization"],
        )
    app.add_middleware(ResponseHeaders, metrics=runtime.metrics)  # the outermost
    return app
