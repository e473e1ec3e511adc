import asyncio
import threading

import anyio
import pytest
import structlog
from fastapi.testclient import TestClient

from service.errors import Overloaded
from service.http.limits import BodyLimits, Gate, RateLimit, _limited
from tests.unit.http.conftest import MakeClient

ASK = {"question": "học phí"}


def test_a_large_body_is_refused_by_its_declared_size(make_client: MakeClient):
    client = make_client(max_body_bytes=1024)
    reply = client.post("/v1/ask", json={"question": "x" * 2000})
    assert reply.status_code == 413
    assert reply.json()["detail"] == "A request here may have at most 1,024 bytes."


def test_a_large_body_without_a_size_is_refused_while_it_streams(make_client: MakeClient):
    client = make_client(max_body_bytes=1024)
    sent = 0

    def endless():
        nonlocal sent
        while sent < 1000:
            sent += 1
            yield b" " * 512

    reply = client.post("/v1/ask", content=endless(), headers={"Content-Type": "application/json"})
    assert reply.status_code == 413
    assert reply.headers["content-type"] == "application/problem+json"


def test_imports_have_their_own_limit(make_client: MakeClient):
    client = make_client(max_body_bytes=1024, max_import_bytes=100_000)
    key, _ = client.runtime.keys.create("office", ["admin"])
    rows = "".join(f"Câu hỏi số {n}?,Trả lời {n}\n" for n in range(200))
    files = {"file": ("x.csv", "Câu hỏi,Trả lời\n" + rows)}
    assert client.post("/v1/imports", files=files, headers={"X-API-Key": key}).status_code == 200
    big = {"file": ("x.csv", b"x" * 200_000)}
    assert client.post("/v1/imports", files=big, headers={"X-API-Key": key}).status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_another_content_type_is_refused(client: TestClient, kind: str):
    reply = client.post("/v1/ask", content=b'{"question": "x"}', headers={"Content-Type": kind})
    assert reply.status_code == 415
    assert "application/json" in reply.json()["detail"]


def test_malformed_json_is_a_problem_not_a_crash(client: TestClient):
    reply = client.post("/v1/ask", content=b'{"q', headers={"Content-Type": "application/json"})
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"


def test_a_body_that_dribbles_in_is_cut_off(make_client: MakeClient):
    client = make_client(body_timeout_s=0.05)
    replies: list[dict[str, object]] = []

    async def stalled() -> dict[str, object]:
        await anyio.sleep_forever()
        raise AssertionError

    async def collect(message: dict[str, object]) -> None:
        replies.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/ask",
        "raw_path": b"/v1/ask",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"20")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
        "root_path": "",
        "http_version": "1.1",
    }
    anyio.run(client.app, scope, stalled, collect)
    assert replies[0]["status"] == 408


def test_a_complete_body_may_be_answered_slowly():
    async def scenario() -> str:
        messages = iter([{"type": "http.request", "body": b"{}", "more_body": False}])

        async def receive() -> dict[str, object]:
            for message in messages:
                return message
            await anyio.sleep(0.1)
            return {"type": "http.disconnect"}

        limited = _limited(receive, size=10, patience_s=0.03)
        await limited()
        return str((await limited())["type"])

    assert anyio.run(scenario) == "http.disconnect"


def test_the_rate_limit_is_per_caller_and_refills(make_client: MakeClient):
    now_s = 0.0
    limit = RateLimit(60, clock=lambda: now_s)
    for _ in range(60):
        limit.take("a")
    with pytest.raises(Overloaded) as refused:
        limit.take("a")
    assert (refused.value.limited, refused.value.retry_after_s) == (True, 1)
    limit.take("b")
    now_s = 1.1
    limit.take("a")
    with pytest.raises(Overloaded):
        limit.take("a")


def test_the_rate_limit_forgets_old_callers_instead_of_growing():
    limit = RateLimit(1)
    for number in range(10_050):
        limit.take(str(number))
    assert len(limit._buckets) == 10_000
    with pytest.raises(Overloaded):
        limit.take("10049")
    limit.take("0")


def test_too_many_questions_get_429_with_retry_after(make_client: MakeClient):
    client = make_client(rate_limit_per_minute=2)
    statuses = [client.post("/v1/ask", json=ASK).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    reply = client.post("/v1/ask", json=ASK)
    assert 1 <= int(reply.headers["retry-after"]) <= 30
    assert client.get("/healthz").status_code == 200


def test_a_full_gate_refuses_at_once():
    gate, go = Gate(2), threading.Event()

    async def crowd():
        running = [asyncio.create_task(gate.run(go.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        assert gate.inside == 2
        with pytest.raises(Overloaded) as refused:
            await gate.run(go.wait)
        assert not refused.value.limited
        go.set()
        assert await asyncio.gather(*running) == [True, True]
        assert gate.inside == 0
        return await gate.run(lambda: "next")

    assert asyncio.run(crowd()) == "next"


def test_the_gate_lets_errors_and_the_log_s_context_through():
    gate = Gate(1)

    async def ask():
        structlog.contextvars.bind_contextvars(http_request_id="7")
        with pytest.raises(ZeroDivisionError):
            await gate.run(lambda: 1 // 0)
        return await gate.run(structlog.contextvars.get_contextvars)

    assert asyncio.run(ask()) == {"http_request_id": "7"}


def test_websockets_and_lifespan_pass_untouched(make_client: MakeClient):
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["type"])

    anyio.run(BodyLimits(app, make_client().runtime.settings), {"type": "lifespan"}, None, None)
    assert seen == ["lifespan"]
