import json

from fastapi.testclient import TestClient


def test_unanswered_questions_become_faqs_or_alternates(admin: TestClient):
    for _ in range(2):
        admin.post("/v1/ask", json={"question": "Wifi trường mật khẩu gì"})
    admin.runtime.questions.flush()

    (item,) = admin.get("/v1/questions/unanswered").json()["questions"]
    assert (item["question"], item["times"]) == ("Wifi trường mật khẩu gì", 2)
    handled = admin.post("/v1/questions/handled", json={"question": item["question"]})
    assert handled.json() == {"entries": 2}
    assert admin.get("/v1/questions/unanswered").json()["questions"] == []
    (day,) = admin.get("/v1/questions/daily").json()["days"]
    assert (day["handover"], day["answer"]) == (2, 0)


def test_accepted_feedback_is_an_alternate_at_once(admin: TestClient):
    question = "nộp học phí trễ"
    reply = admin.post("/v1/ask", json={"question": question}).json()
    verdict = {"request_id": reply["request_id"], "helpful": True, "chosen_faq_id": "han-hoc-phi"}
    feedback_id = admin.post("/v1/feedback", json=verdict).json()["id"]
    (pending,) = admin.get("/v1/feedback", params={"status": "pending"}).json()["feedback"]
    assert (pending["id"], pending["target_faq_id"]) == (feedback_id, "han-hoc-phi")

    accepted = admin.post(f"/v1/feedback/{feedback_id}/accept", json={})
    assert accepted.json()["status"] == "accepted"
    assert question in admin.get("/v1/faqs/han-hoc-phi").json()["alternates"]
    assert admin.post("/v1/ask", json={"question": question}).json()["outcome"] == "answer"
    assert admin.post(f"/v1/feedback/{feedback_id}/accept", json={}).status_code == 409


def test_feedback_stays_pending_when_its_alternate_cannot_be_stored(admin: TestClient):
    reply = admin.post("/v1/ask", json={"question": "?!"}).json()  # too short for an alternate
    verdict = {"request_id": reply["request_id"], "helpful": False}
    feedback_id = admin.post("/v1/feedback", json=verdict).json()["id"]
    refused = admin.post(f"/v1/feedback/{feedback_id}/accept", json={"faq_id": "hoc-phi"})
    assert refused.status_code == 422
    assert admin.get("/v1/feedback").json()["feedback"][0]["status"] == "pending"
    rejected = admin.post(f"/v1/feedback/{feedback_id}/reject")
    assert rejected.json()["status"] == "rejected"


def test_a_reindex_is_a_job_that_can_be_followed(admin: TestClient):
    started = admin.post("/v1/reindex")
    assert started.status_code == 202
    job = started.json()
    assert started.headers["location"] == f"/v1/jobs/{job['id']}"
    assert admin.post("/v1/reindex").status_code == 409

    with admin.stream("GET", f"/v1/jobs/{job['id']}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in stream.iter_lines() if line]
    events = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    states = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert events == ["progress", "progress", "done"]
    assert [state["progress"]["done"] for state in states] == [1, 2, 1]
    assert admin.get(f"/v1/jobs/{job['id']}").json()["status"] == "done"
    assert [one["id"] for one in admin.get("/v1/jobs").json()["jobs"]] == [job["id"]]
    assert admin.get("/v1/jobs/none/events").status_code == 404


def test_the_index_is_shown_and_rolled_back(admin: TestClient):
    shown = admin.get("/v1/index").json()
    assert shown["generations"][0]["status"] == "live"
    assert admin.post("/v1/index/rollback").status_code == 404


def test_readiness_says_why_not(client: TestClient):
    assert client.get("/readyz").json() == {"ready": True, "reasons": []}
    client.runtime.stop_accepting()
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json()["reasons"]) == (503, ["The service is shutting down."])
    assert client.get("/healthz").status_code == 200
