"""The whole service over HTTP: real runtime, real index, real server."""

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.runtime import Runtime, open_runtime
from service.settings import Settings
from tests.fixtures.live import live_runtime, served, wait_until


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    with live_runtime(tmp_path_factory.mktemp("live"), rate_limit_per_minute=100_000) as runtime:
        yield runtime


@pytest.fixture(scope="module")
def client(runtime: Runtime) -> Iterator[httpx.Client]:
    with served(runtime) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def admin(runtime: Runtime, client: httpx.Client) -> Iterator[httpx.Client]:
    key, _ = runtime.keys.create("office", ["admin"])
    with httpx.Client(base_url=client.base_url, headers={"X-API-Key": key}, timeout=60) as admin:
        yield admin


def ask(client: httpx.Client, question: str, **more: object) -> dict[str, object]:
    reply = client.post("/v1/ask", json={"question": question, **more})
    assert reply.status_code == 200, reply.text
    body: dict[str, object] = reply.json()
    return body


def test_a_question_gets_its_stored_answer(client: httpx.Client):
    assert client.get("/readyz").json() == {"ready": True, "reasons": []}
    reply = ask(client, "Học phí một tín chỉ là bao nhiêu?")
    assert reply["outcome"] == "answer"
    assert reply["answer"]["faq_id"] == "hoc-phi"
    assert reply["index"]["encoder"] == "embedded"
    assert reply["timing_ms"]["total"] > 0
    assert ask(client, "qwerty zxcvb")["outcome"] == "handover"
    metrics = client.get("/metrics").text
    assert 'vifaq_questions_total{outcome="answer",set="default"}' in metrics


def test_edits_are_searchable_when_their_request_returns(client: httpx.Client, admin: httpx.Client):
    question = "Thư viện mở cửa lúc mấy giờ?"
    body = {"id": "thu-vien", "question": question, "answer": "7 giờ 30."}
    assert admin.post("/v1/faqs", json=body).status_code == 201
    assert ask(client, question)["answer"]["faq_id"] == "thu-vien"

    new = {"question": "Câu lạc bộ cờ vua sinh hoạt hôm nào?", "answer": "Thứ bảy."}
    assert admin.put("/v1/faqs/thu-vien", json=new, headers={"If-Match": '"1"'}).is_success
    assert ask(client, new["question"])["answer"]["answer"] == "Thứ bảy."
    assert (ask(client, question)["answer"] or {}).get("faq_id") != "thu-vien"

    assert admin.delete("/v1/faqs/thu-vien").status_code == 204
    assert (ask(client, new["question"])["answer"] or {}).get("faq_id") != "thu-vien"


def test_imports_are_searchable_when_their_request_returns(
    client: httpx.Client, admin: httpx.Client
):
    rows = "Mã,Câu hỏi,Trả lời\nxe-buyt,Tuyến xe buýt nào tới trường?,Tuyến số 8.\n"
    report = admin.post("/v1/imports", files={"file": ("xe.csv", rows.encode())}).json()
    assert (report["added"], report["removed"]) == (1, 0)
    assert ask(client, "tuyến xe buýt nào tới trường")["answer"]["faq_id"] == "xe-buyt"


def test_a_reindex_is_followed_by_events_and_rolled_back(client: httpx.Client, admin: httpx.Client):
    before = ask(client, "giá mỗi tín chỉ")["index"]["generation"]
    started = admin.post("/v1/reindex", params={"adapt": "off"})
    assert started.status_code == 202
    with admin.stream("GET", f"{started.headers['location']}/events") as stream:
        lines = list(stream.iter_lines())
    events = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    assert events[-1] == "done"
    last = json.loads([line for line in lines if line.startswith("data: ")][-1][6:])
    assert last["result"]["generation"] == before + 1
    assert ask(client, "giá mỗi tín chỉ")["index"]["generation"] == before + 1

    rolled = admin.post("/v1/index/rollback")
    assert (rolled.status_code, rolled.json()["number"]) == (200, before)
    assert ask(client, "giá mỗi tín chỉ")["index"]["generation"] == before
    statuses = [one["status"] for one in admin.get("/v1/index").json()["generations"]]
    assert statuses.count("live") == 1


def test_many_ask_at_once(client: httpx.Client):
    answers: list[object] = []

    def work() -> None:
        with httpx.Client(base_url=client.base_url, timeout=60) as own:
            for _ in range(10):
                answers.append(ask(own, "hạn nộp học phí là khi nào")["answer"]["faq_id"])

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["han-hoc-phi"] * 160


def test_a_huge_upload_is_cut_off_before_it_is_swallowed(client: httpx.Client):
    host, port = client.base_url.host, client.base_url.port
    with socket.create_connection((host, port), timeout=30) as raw:
        head = (
            f"POST /v1/ask HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {10**12}\r\n\r\n"
        )
        raw.sendall(head.encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 413")


def test_sigterm_fails_readiness_first_then_finishes_what_runs(tmp_path: Path):
    with live_runtime(tmp_path):
        pass
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path), str(listener.fileno())],
        pass_fds=[listener.fileno()],
        stdout=subprocess.PIPE,
        text=True,
    )
    listener.close()
    try:
        with httpx.Client(base_url=address, timeout=60) as client:
            assert client.get("/readyz").status_code == 200
            process.send_signal(signal.SIGTERM)
            wait_until(lambda: client.get("/readyz").status_code == 503)
            assert client.post("/v1/ask", json={"question": "giá mỗi tín chỉ"}).is_success
        assert process.wait(60) == 0
        assert process.stdout.read().endswith("closed\n")  # the runtime was closed in order
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    with open_runtime(Settings(_env_file=None, data_dir=tmp_path)) as again:
        assert again.questions.counts_per_day("default")  # what was asked has been written


SERVE = """
import socket, sys
from pathlib import Path
from service.http import serve
from service.runtime import open_runtime
from service.settings import Settings
settings = Settings(
    _env_file=None, data_dir=Path(sys.argv[1]), drain_notice_s=2,
    answer_threshold=0.7, suggest_threshold=0.2,
)
with open_runtime(settings) as runtime:
    serve(runtime, socket.socket(fileno=int(sys.argv[2])))
print("closed")
"""
