"""How long a webhook waits for its acknowledgement while the answering is slow.

    python -m eval.channels_ack [--rate 50] [--seconds 20] [--answer-s 2] [--json OUT]

A real server process (webhook routes and worker over a stand-in for the answering that waits
`--answer-s` and then holds the interpreter for 10 ms a question), a fake platform, one event a
request at the rate asked for, whatever the replies take. Prints p50, p95 and p99 in ms.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from service.db.engine import open_engine
from service.db.migrate import upgrade
from tests.fakes import messenger
from tests.fakes.platform import post

_PEOPLE = 200
_BUSY_S = 0.01


def measure(rate: float, seconds: float, answer_s: float, url: str | None) -> dict[str, Any]:
    """Milliseconds to the acknowledgement, over `rate * seconds` events."""
    with tempfile.TemporaryDirectory() as folder, messenger.FakeMessenger() as platform:
        database = url or f"sqlite:///{Path(folder) / 'vifaq.db'}"
        engine = open_engine(database)
        upgrade(engine)
        engine.dispose()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = os.environ | {
            "VIFAQ_DATABASE_URL": database,
            "VIFAQ_CHANNELS": json.dumps([platform.account()]),
            "VIFAQ_SECRET_KEY": "k" * 32,
            "FAKE_SLOW_S": str(answer_s),
            "FAKE_BUSY_S": str(_BUSY_S),
        }
        command = [sys.executable, "-m", "tests.fakes.service", "serve", str(port)]
        server = subprocess.Popen(command, env=environment)
        try:
            webhook = f"http://127.0.0.1:{port}/v1/channels/messenger/webhook"
            took_ms = _drive(webhook, rate, seconds)
        finally:
            server.terminate()
            server.wait()
        answered = len(platform.delivered)
    p50, p95, p99 = np.percentile(took_ms, [50, 95, 99])
    return {
        "events": len(took_ms),
        "rate_per_s": rate,
        "answer_s": answer_s,
        "answered_meanwhile": answered,
        "ack_ms": {"p50": round(p50, 1), "p95": round(p95, 1), "p99": round(p99, 1)},
    }


def _drive(url: str, rate: float, seconds: float) -> list[float]:
    _wait_for(url)
    start = time.perf_counter() + 0.5

    def send(number: int) -> float:
        due = start + number / rate
        time.sleep(max(0.0, due - time.perf_counter()))
        body = messenger.batch(
            messenger.text(f"p{number % _PEOPLE}", f"câu hỏi {number}", f"m{number}")
        )
        status = post(url, messenger.sign(body), body)
        if status != 200:
            raise SystemExit(f"event {number} got {status}")
        # From when it was due: a queue at the sender would be the server's fault.
        return (time.perf_counter() - due) * 1000

    with ThreadPoolExecutor(64) as pool:
        return list(pool.map(send, range(int(rate * seconds))))


def _wait_for(url: str) -> None:
    for _ in range(600):
        if post(url, {}, b"{}") == 401:
            return
        time.sleep(0.1)
    raise SystemExit("the server did not start")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--answer-s", type=float, default=2)
    parser.add_argument("--database-url")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    result = measure(options.rate, options.seconds, options.answer_s, options.database_url)
    print(json.dumps(result, indent=2))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
