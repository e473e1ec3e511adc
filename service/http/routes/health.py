"""For load balancers and Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CONTENT_TYPE_LATEST

from service.http.auth import SentKey, StateDep, is_loopback
from service.http.desk_schemas import Health, Readiness
from service.http.errors import documented

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> Health:
    """The process lives."""
    return Health()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "Not ready"}})
def readyz(state: StateDep, response: Response) -> Readiness:
    """It can answer questions; while it cannot, or is shutting down, 503 and why."""
    reasons = state.runtime.ready()
    response.status_code = 503 if reasons else 200
    return Readiness(ready=not reasons, reasons=reasons)


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **documented(401, 403),
    },
)
async def metrics(state: StateDep, key: SentKey, request: Request) -> Response:
    """Prometheus' text format; from another machine with an admin key."""
    if key or request.client is None or not is_loopback(request.client.host):
        await run_in_threadpool(state.runtime.keys.check, key, "admin")
    content = await run_in_threadpool(state.runtime.metrics.render)
    return Response(content, media_type=CONTENT_TYPE_LATEST)
