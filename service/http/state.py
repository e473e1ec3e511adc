"""What the routes share: the runtime and the few things that live as long as the app."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from service.http.limits import Gate, RateLimit
from service.http.markdown import Markdown
from service.runtime import Runtime


@dataclass(frozen=True, slots=True)
class State:
    """Made once per app."""

    runtime: Runtime
    gate: Gate
    rate_limit: RateLimit
    markdown: Markdown


async def get_state(connection: HTTPConnection) -> State:
    """For Depends, where a dependency more does not count; a coroutine, for it costs no thread."""
    state: State = connection.app.state.vifaq
    return state
