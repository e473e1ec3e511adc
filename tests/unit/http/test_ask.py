import pytest
from fastapi.testclient import TestClient

from service.domain import Faq
from service.errors import NotReady, Overloaded


def test_an_answer_has_everything_a_page_needs(client: TestClient):
    reply = client.post("/v1/ask", json={"question": "học phí 1 tín chỉ là bao nhiêu"})
    assert reply.status_code == 200
    body = reply.json()
    assert body["outcome"] == "suggest" or body["answer"]["faq_id"] == "hoc-phi"
    exact = client.post("/v1/ask", json={"question": "Học phí một tín chỉ là bao nhiêu?"}).json()
    assert exact["outcome"] == "answer"
    assert exact["answer"]["faq_id"] == "hoc-phi"
    assert "<strong>thông báo học phí</strong>" in exact["answer"]["answer_html"]
    assert exact["message"] is None
    assert exact["index"] == {"set": "default", "generation": 1, "encoder": "words"}
    assert set(exact["timing_ms"]) == {"segment", "encode", "search", "rerank", "total"}


def test_suggestions_and_handover_come_with_a_message(client: TestClient):
    suggest = client.post("/v1/ask", json={"question": "học phí"}).json()
    assert suggest["outcome"] == "suggest"
    assert [item["faq_id"] for item in suggest["suggestions"]] == ["han-hoc-phi", "hoc-phi"]
    one = client.post("/v1/ask", json={"question": "học phí", "k": 1}).json()
    assert len(one["suggestions"]) == 1

    handover = client.post("/v1/ask", json={"question": "xyz"}).json()
    assert (handover["outcome"], handover["answer"]) == ("handover", None)
    assert handover["message"] == client.runtime.settings.handover_text


def test_tags_narrow(client: TestClient):
    body = {"question": "học phí", "tags": ["hoc-phi"]}
    found = client.post("/v1/ask", json=body).json()["suggestions"]
    assert [item["faq_id"] for item in found] == ["hoc-phi"]


def test_a_tapped_suggestion_shows_the_stored_answer(client: TestClient):
    shown = client.get("/v1/faqs/hoc-phi/answer").json()
    assert shown["question"].startswith("Học phí một")
    assert "<li>" in shown["answer_html"]
    assert client.get("/v1/faqs/none/answer").status_code == 404


def test_an_expired_answer_is_not_shown(client: TestClient):
    from datetime import date

    old = Faq("old", "Lịch thi năm ngoái?", "Hết hạn", valid_to=date(2020, 1, 1))
    client.runtime.add_faq("default", old, "test")
    reply = client.get("/v1/faqs/old/answer")
    assert reply.status_code == 404
    assert "not valid today" in reply.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "question"),
        ({"question": ""}, "question"),
        ({"question": "x", "k": 0}, "k"),
        ({"question": "x", "kk": 3}, "kk"),
        ({"question": "x", "set": "../etc"}, "set"),
    ],
)
def test_bad_fields_are_named(client: TestClient, body: dict[str, object], field: str):
    reply = client.post("/v1/ask", json=body)
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"
    assert [problem["field"] for problem in reply.json()["problems"]] == [field]


def test_errors_become_problems(client: TestClient):
    missing = client.post("/v1/ask", json={"question": "x", "set": "none"})
    assert (missing.status_code, missing.json()["title"]) == (404, "Not found")

    client.runtime.raises = NotReady("Run `vifaq reindex`.")
    not_ready = client.post("/v1/ask", json={"question": "x"})
    assert (not_ready.status_code, not_ready.json()["detail"]) == (503, "Run `vifaq reindex`.")
    assert not_ready.headers["retry-after"] == "5"

    client.runtime.raises = Overloaded("Full.", retry_after_s=1.2)
    busy = client.post("/v1/ask", json={"question": "x"})
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "2")

    client.runtime.raises = RuntimeError("secret detail")
    crash = client.post("/v1/ask", json={"question": "x"})
    assert crash.status_code == 500
    assert "secret detail" not in crash.text
    assert crash.headers["content-type"] == "application/problem+json"
    assert crash.headers["x-request-id"]


def test_feedback_is_stored_and_unknown_requests_are_refused(client: TestClient):
    request_id = client.post("/v1/ask", json={"question": "học phí"}).json()["request_id"]
    body = {"request_id": request_id, "helpful": True, "chosen_faq_id": "hoc-phi"}
    first = client.post("/v1/feedback", json=body)
    assert first.status_code == 200
    again = client.post("/v1/feedback", json={**body, "helpful": False})
    assert again.json() == first.json()
    assert client.post("/v1/feedback", json={**body, "request_id": "x"}).status_code == 404
