"""HTTP calls to the platforms: bounded in time, without tokens in the logs."""

from __future__ import annotations

import logging
import re
from typing import Any

import httpx

from service.channels.message import Delivery, Sent

_TOKENS = re.compile(r"((?:access_token|appsecret_proof|refresh_token)=)[^&\s'\"]+|(/bot)[^/\s]+")


class _WithoutTokens(logging.Filter):
    """httpx logs the URL of every request at INFO, and tokens are part of some."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = without_tokens(record.getMessage()), ()
        return True


def without_tokens(text: str) -> str:
    """The text with the tokens of URLs blanked."""
    return _TOKENS.sub(lambda match: f"{match[1] or match[2]}[hidden]", text)


def open_client(timeout_s: float) -> httpx.Client:
    """A client for all accounts."""
    logger = logging.getLogger("httpx")
    if not any(isinstance(known, _WithoutTokens) for known in logger.filters):
        logger.addFilter(_WithoutTokens())
    # No connection is used twice: on one that the platform closes at that moment, nobody could
    # say whether the message went through.
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(timeout=httpx.Timeout(timeout_s), limits=limits, follow_redirects=False)


def call(
    client: httpx.Client, method: str, url: str, **arguments: Any
) -> dict[str, Any] | Delivery:
    """Send a request and read the JSON object that comes back, whatever the status below 500.

    Where there is none, a Delivery says what that means for a message sent by this call.
    """
    try:
        response = client.request(method, url, **arguments)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        return Delivery(Sent.RETRY, reason=f"no connection: {_describe(error)}")
    except httpx.TransportError as error:
        return Delivery(Sent.UNSURE, reason=f"no reply: {_describe(error)}")
    if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return Delivery(Sent.RETRY, reason="HTTP 429", retry_after_s=_retry_after(response))
    if response.status_code == httpx.codes.GATEWAY_TIMEOUT:
        return Delivery(Sent.UNSURE, reason="HTTP 504")  # what is behind the gateway may have it
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Delivery(Sent.RETRY, reason=f"HTTP {response.status_code}")
    return _json_object(response)


def _json_object(response: httpx.Response) -> dict[str, Any] | Delivery:
    try:
        body = response.json()
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    state = Sent.UNSURE if response.is_success else Sent.REFUSED
    return Delivery(state, reason=f"HTTP {response.status_code} without a JSON object")


def _describe(error: httpx.TransportError) -> str:
    return without_tokens(f"{type(error).__name__} {error}".strip())


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdigit() else None
