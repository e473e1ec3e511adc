"""Webhooks of Messenger and Zalo. Signed by the platform, so they need no API key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import structlog
from fastapi import APIRouter, FastAPI, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy.exc import SQLAlchemyError

from service.errors import NotAllowed, NotFound
from service.http.auth import StateDep
from service.http.errors import documented, problem_response
from service.http.state import State

if TYPE_CHECKING:  # a service without channels does not pay for loading them
    from service.channels.gateway import Gateway

Name = Annotated[str, Path(max_length=32, examples=["messenger"])]


@asynccontextmanager
async def _answering(app: FastAPI) -> AsyncIterator[None]:
    """The worker lives as long as the app, unless it has a process of its own."""
    runtime = app.state.vifaq.runtime
    inside = runtime.settings.channels and runtime.settings.channel_worker == "inside"
    if inside:
        await run_in_threadpool(runtime.channels.start)
    yield
    if inside:
        await run_in_threadpool(runtime.channels.stop)


router = APIRouter(tags=["channels"], lifespan=_answering)


def _gateway(state: State) -> Gateway:
    if not state.runtime.settings.channels:
        raise NotFound("No channel is set in VIFAQ_CHANNELS.")
    return state.runtime.channels.gateway


@router.get(
    "/v1/channels/{name}/webhook",
    response_class=PlainTextResponse,
    responses=documented(403, 404, 422),
)
def handshake(name: Name, state: StateDep, request: Request) -> PlainTextResponse:
    """Confirm the webhook's address to the platform."""
    try:
        answer = _gateway(state).challenge(name, dict(request.query_params))
    except NotAllowed as error:
        raise NotAllowed(str(error), known=True) from error
    return PlainTextResponse(answer)


@router.post(
    "/v1/channels/{name}/webhook",
    response_class=Response,
    responses=documented(401, 404, 413, 422),
)
async def webhook(name: Name, state: StateDep, request: Request) -> Response:
    """Store every event of the request, then acknowledge. The answer goes its own way."""
    body = await request.body()
    gateway = await run_in_threadpool(_gateway, state)
    try:
        await run_in_threadpool(gateway.receive, name, request.headers, body)
    except SQLAlchemyError as error:
        # Not stored, so not acknowledged: the platform will send it again.
        structlog.get_logger(__name__).error("webhook_not_stored", error=type(error).__name__)
        return problem_response(500, "Not stored", "The storage is away. Send it again later.")
    return Response(status_code=200)
