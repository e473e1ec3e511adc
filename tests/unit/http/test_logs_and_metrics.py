import io
import json

from fastapi.testclient import TestClient


def test_a_request_leaves_one_line_without_question_or_key(client: TestClient, stream: io.StringIO):
    key, _ = client.runtime.keys.create("office", ["admin"])
    reply = client.post(
        "/v1/ask?set=default", json={"question": "bí mật của em"}, headers={"X-API-Key": key}
    )
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    (line,) = [line for line in lines if line["logger"] == "service.http"]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/v1/ask", 200)
    assert line["http_request_id"] == reply.headers["x-request-id"]
    assert "bí mật" not in stream.getvalue()
    assert key not in stream.getvalue()


def test_a_crash_is_logged_with_its_traceback_under_the_request_id(
    client: TestClient, stream: io.StringIO
):
    client.runtime.raises = RuntimeError("the reason")
    reply = client.post("/v1/ask", json={"question": "bí mật của em"})
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    (crash,) = [line for line in lines if line["event"] == "request_crashed"]
    assert "RuntimeError: the reason" in crash["exception"]
    assert crash["http_request_id"] == reply.headers["x-request-id"]
    assert "bí mật" not in stream.getvalue()


def test_requests_are_counted_by_route_not_by_address(client: TestClient):
    client.get("/v1/faqs/hoc-phi/answer")
    client.get("/v1/faqs/none/answer")
    client.get("/somewhere/else")
    text = client.get("/metrics").text
    assert 'route="/v1/faqs/{faq_id}/answer",status="404"} 1.0' in text
    assert 'route="unknown",status="404"} 1.0' in text
    assert "somewhere" not in text
    assert "vifaq_http_questions 0.0" in text
