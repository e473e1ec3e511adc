"""Who may do what: an API key in X-API-Key or Authorization: Bearer."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Annotated

from fastapi import Depends, Query, Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyHeader
from starlette.requests import HTTPConnection

from service.analytics import ApiKey
from service.http.schemas import SetName
from service.http.state import State, get_state
from service.settings import Settings


class _KeyHeader(APIKeyHeader):
    """The key as sent, unchecked: in X-API-Key, or in Authorization as a bearer token."""

    async def __call__(self, request: HTTPConnection) -> str | None:
        """One dependency where two would be: every question pays for each."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else ""
        return request.headers.get("X-API-Key") or bearer or None


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether an address or host name means this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def asking_needs_key(settings: Settings) -> bool:
    """By setting; else only when listening beyond loopback."""
    if settings.ask_needs_key is not None:
        return settings.ask_needs_key
    return not is_loopback(settings.host)


sent_key = _KeyHeader(name="X-API-Key", scheme_name="key", auto_error=False)
SentKey = Annotated[str | None, Security(sent_key)]
StateDep = Annotated[State, Depends(get_state)]


async def chosen_set(
    state: StateDep,
    name: Annotated[
        SetName | None, Query(alias="set", description="FAQ set; the default one when left out")
    ] = None,
) -> str:
    """The set that the address names, or the default one."""
    return name or state.runtime.settings.faq_set


ChosenSet = Annotated[str, Depends(chosen_set)]


async def require_admin(state: StateDep, key: SentKey) -> ApiKey:
    """Raises NotAllowed."""
    return await run_in_threadpool(state.runtime.keys.check, key, "admin")


async def may_ask(key: SentKey, request: Request) -> None:
    """Whether this caller may ask, and not too often. Raises NotAllowed, Overloaded."""
    state = await get_state(request)
    caller = request.client.host if request.client else "unknown"
    if key or asking_needs_key(state.runtime.settings):
        caller = (await run_in_threadpool(state.runtime.keys.check, key, "ask")).prefix
    state.rate_limit.take(caller)


Admin = Annotated[ApiKey, Depends(require_admin)]
AskAllowed = Depends(may_ask)
