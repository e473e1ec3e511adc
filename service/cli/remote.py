"""The same commands against a running server, over its HTTP API."""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import Any, Self

import httpx

from service.domain import Progress
from service.errors import BadInput, NotAllowed, VifaqError
from service.ports import OnProgress

_POLL_S = 0.5
_TIMEOUT_S = 60.0


class RemoteServer:
    """A running `vifaq serve`; the key comes from VIFAQ_API_KEY."""

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise BadInput(f"--server is {url!r}; write http://host:port.")
        key = os.environ.get("VIFAQ_API_KEY")
        headers = {"X-API-Key": key} if key else {}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT_S)

    def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """The reply as JSON."""
        return self._call("POST", "/v1/ask", body)

    def reindex(self, set_name: str, adapt: str, on_progress: OnProgress) -> dict[str, Any]:
        """Start it, follow it, and return the finished job's result."""
        job = self._call("POST", "/v1/reindex", query={"set": set_name, "adapt": adapt})
        while job["status"] in ("queued", "running"):
            time.sleep(_POLL_S)
            job = self._call("GET", f"/v1/jobs/{job['id']}")
            shown = job["progress"]
            on_progress(Progress(shown["stage"], shown["done"], shown["total"]))
        if job["status"] != "done":
            raise VifaqError(f"The reindex failed: {job['error']}")
        result: dict[str, Any] = job["result"]
        return result

    def roll_back(self, set_name: str) -> dict[str, Any]:
        """The generation that is live again."""
        return self._call("POST", "/v1/index/rollback", query={"set": set_name})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        query: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        try:
            response = self._client.request(method, path, json=body, params=query)
        except httpx.HTTPError as error:
            raise VifaqError(f"{self._client.base_url} does not answer: {error}") from error
        if response.status_code in (401, 403):
            raise NotAllowed(f"{_detail(response)} Set VIFAQ_API_KEY to a key that may do this.")
        if response.status_code == 422:
            raise BadInput(_detail(response))
        if response.is_error:
            raise VifaqError(f"The server answered {response.status_code}: {_detail(response)}")
        found: dict[str, Any] = response.json()
        return found


def _detail(response: httpx.Response) -> str:
    try:
        problem = response.json()
        return str(problem.get("detail") or problem.get("title"))
    except ValueError:
        return response.text[:500]
