import pytest
from fastapi.testclient import TestClient

from service.http.auth import asking_needs_key
from service.settings import Settings
from tests.unit.http.conftest import MakeClient

ASK = {"question": "học phí"}


@pytest.mark.parametrize(
    ("settings", "needs"),
    [
        ({}, False),
        ({"host": "::1"}, False),
        ({"host": "localhost"}, False),
        ({"host": "192.0.2.1"}, True),
        ({"host": "192.0.2.1", "ask_needs_key": False}, False),
        ({"ask_needs_key": True}, True),
    ],
)
def test_asking_is_open_on_loopback_only(settings: dict[str, object], needs: bool):
    assert asking_needs_key(Settings(_env_file=None, **settings)) is needs


def test_asking_with_keys(make_client: MakeClient):
    client = make_client(ask_needs_key=True)
    key, _ = client.runtime.keys.create("widget", ["ask"])
    refused = client.post("/v1/ask", json=ASK)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert client.post("/v1/ask", json=ASK, headers={"X-API-Key": key}).status_code == 200
    bearer = {"Authorization": f"Bearer {key}"}
    assert client.post("/v1/ask", json=ASK, headers=bearer).status_code == 200
    assert client.get("/v1/faqs/hoc-phi/answer").status_code == 401
    assert client.get("/").status_code == 200  # the page itself is no secret


def test_a_wrong_key_is_refused_even_where_asking_is_open(client: TestClient):
    reply = client.post("/v1/ask", json=ASK, headers={"X-API-Key": "vfq_wrong"})
    assert reply.status_code == 401


def test_each_key_has_its_own_rate(make_client: MakeClient):
    client = make_client(rate_limit_per_minute=1)
    keys = [client.runtime.keys.create(name, ["ask"])[0] for name in "ab"]
    for key in keys:
        assert client.post("/v1/ask", json=ASK, headers={"X-API-Key": key}).status_code == 200
    again = client.post("/v1/ask", json=ASK, headers={"X-API-Key": keys[0]})
    assert again.status_code == 429


FAQ = {"question": "Câu hỏi mới", "answer": "…"}
BODIES: dict[str, dict[str, object]] = {
    "post /v1/faqs": {"json": FAQ},
    "put /v1/faqs/{faq_id}": {"json": FAQ},
    "post /v1/faqs/{faq_id}/alternates": {"json": {"text": "abc"}},
    "post /v1/imports": {"files": {"file": ("x.csv", b"a,b")}},
    "post /v1/feedback/{feedback_id}/accept": {"json": {}},
    "post /v1/questions/handled": {"json": {"question": "abc"}},
    "post /v1/keys": {"json": {"name": "n", "scopes": ["admin"]}},
}
NOT_FOR_ADMINS = {
    "post /v1/ask",
    "post /v1/feedback",
    "get /v1/faqs/{faq_id}/answer",
    "get /v1/channels/{name}/webhook",
    "post /v1/channels/{name}/webhook",
}


def test_every_admin_route_is_closed_without_an_admin_key(client: TestClient):
    paths = client.get("/openapi.json").json()["paths"]
    routes = {f"{method} {path}" for path in paths for method in paths[path] if "/v1/" in path}
    assert routes >= NOT_FOR_ADMINS | set(BODIES)
    ask_key, _ = client.runtime.keys.create("widget", ["ask"])
    for route in routes - NOT_FOR_ADMINS:
        method, path = route.split()
        url = path.format(faq_id="hoc-phi", job_id="x", feedback_id=1, prefix="vfq_x")
        options = BODIES.get(route, {})
        assert client.request(method, url, **options).status_code == 401, route
        weak = client.request(method, url, headers={"X-API-Key": ask_key}, **options)
        assert weak.status_code == 403, route


def test_metrics_are_for_this_machine_or_admins(client: TestClient):
    assert "vifaq_questions" in client.get("/metrics").text
    far = TestClient(client.app, client=("203.0.113.9", 1))
    assert far.get("/metrics").status_code == 401
    key, _ = client.runtime.keys.create("prometheus", ["admin"])
    assert far.get("/metrics", headers={"X-API-Key": key}).status_code == 200


def test_keys_are_shown_once_listed_and_revoked(admin: TestClient):
    created = admin.post("/v1/keys", json={"name": "Trang chủ", "scopes": ["ask"]})
    assert created.status_code == 201
    key, prefix = created.json()["key"], created.json()["prefix"]
    listed = admin.get("/v1/keys")
    assert key not in listed.text
    assert prefix in [one["prefix"] for one in listed.json()["keys"]]

    ask = {"headers": {"X-API-Key": key}, "json": ASK}
    assert admin.post("/v1/ask", **ask).status_code == 200
    assert admin.delete(f"/v1/keys/{prefix}").json()["revoked_at"]
    assert admin.post("/v1/ask", **ask).status_code == 401
    assert admin.delete("/v1/keys/vfq_none").status_code == 404
