"""1,000 events through services and workers that are killed 20 times, on both databases.

The platform repeats, fails and drops connections; it delivers until it gets its 200, each person's
events in order. Afterwards every message was answered exactly once, or the outbox lists it as one
whose fate the protocol does not let anybody know.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from service.channels import outbox
from service.db.session import reading
from service.db.tables import inbox
from service.db.tables import outbox as outbox_table
from tests.fakes import messenger
from tests.fakes.platform import Faults, call_webhook
from tests.fixtures.channels import SECRET_KEY

EVENTS = 1000
PEOPLE = 40
DUPLICATES = 0.2
KILLS = 20
ROOT = Path(__file__).parents[2]


class Process:
    """A service or worker that is killed and started again on the same port."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self._command = [sys.executable, "-m", "tests.fakes.service", *arguments]
        self._environment = environment
        self._running = self._start()

    def kill(self) -> None:
        """kill -9, and start again."""
        self._running.kill()
        self._running.wait()
        self._running = self._start()

    def end(self) -> int:
        self._running.send_signal(signal.SIGTERM)
        return self._running.wait(timeout=30)

    def _start(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self._command, env=self._environment, cwd=ROOT, stdout=subprocess.DEVNULL
        )


@contextmanager
def running(url: str, account: object, workers: int) -> Iterator[tuple[str, list[Process]]]:
    """A service without a worker of its own, and workers. Yields the webhook's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "VIFAQ_DATABASE_URL": url,
        "VIFAQ_CHANNELS": json.dumps([account]),
        "VIFAQ_SECRET_KEY": SECRET_KEY,
        "VIFAQ_CHANNEL_WORKER": "separate",
        "VIFAQ_CHANNEL_LEASE_S": "3",
        "VIFAQ_CHANNEL_POLL_S": "0.1",
        "VIFAQ_CHANNEL_TIMEOUT_S": "0.5",
        "VIFAQ_CHANNEL_RETRY_BASE_S": "0.05",
    }
    processes = [Process(["serve", str(port)], environment)]
    processes += [Process(["worker"], environment) for _ in range(workers)]
    try:
        yield f"http://127.0.0.1:{port}/v1/channels/messenger/webhook", processes
    finally:
        for process in processes:
            process.end()


class Progress:
    """How many events the service has acknowledged."""

    def __init__(self) -> None:
        self.acknowledged = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            self.acknowledged += 1


def _talk(url: str, person: int, first_ms: int, progress: Progress) -> None:
    """One person's events, in order, a fifth of them twice."""
    dice = random.Random(person)
    for number in range(EVENTS // PEOPLE):
        words = f"p{person} số-{number}"
        event = messenger.text(f"p{person}", words, f"{person}.{number}", first_ms + number)
        body = messenger.batch(event)
        for _ in range(2 if dice.random() < DUPLICATES else 1):
            call_webhook(url, messenger.sign(body), body)
        progress.add()


def _kill_now_and_then(
    processes: list[Process], progress: Progress, platform: messenger.FakeMessenger
) -> None:
    """Each kill waits until what it kills has done something since the last one."""
    for number in range(KILLS):
        victim = number % len(processes)
        amount = EVENTS * (number + 1) // (KILLS + 2)
        while (progress.acknowledged if victim == 0 else len(platform.delivered)) < amount:
            time.sleep(0.01)
        processes[victim].kill()


def _unfinished(engine: Engine) -> int:
    with reading(engine) as connection:
        return sum(
            connection.execute(
                select(func.count()).where(table.c.status.in_(["pending", "sending"]))
            ).scalar_one()
            for table in (inbox, outbox_table)
        )


@pytest.mark.parametrize(
    ("database", "workers"),
    [
        ("sqlite_engine", 1),
        pytest.param("postgres_engine", 2, marks=pytest.mark.postgres),
    ],
)
def test_nothing_is_lost_and_nothing_said_twice(
    request: pytest.FixtureRequest,
    database: str,
    workers: int,
    messenger_platform: messenger.FakeMessenger,
) -> None:
    engine: Engine = request.getfixturevalue(database)
    messenger_platform.faults = Faults(fail=0.05, drop_after=0.02, slow_after=0.02, seed=3)
    url = engine.url.render_as_string(hide_password=False)
    first_ms = messenger.now_ms() - 60_000
    progress = Progress()
    with running(url, messenger_platform.account(), workers) as (webhook, processes):
        with ThreadPoolExecutor(PEOPLE // 2) as pool:
            talks = [
                pool.submit(_talk, webhook, person, first_ms, progress) for person in range(PEOPLE)
            ]
            _kill_now_and_then(processes, progress, messenger_platform)
            for talk in talks:
                talk.result()
        deadline = time.monotonic() + 60
        while _unfinished(engine):
            assert time.monotonic() < deadline, "messages were left over"
            time.sleep(0.2)

    with reading(engine) as connection:
        stored = connection.execute(select(func.count()).select_from(inbox)).scalar_one()
        statuses = Counter(connection.execute(select(outbox_table.c.status)).scalars())
        rows = connection.execute(select(outbox_table.c.body, outbox_table.c.status)).all()
    assert stored == EVENTS
    assert sum(statuses.values()) == EVENTS
    fate = {row.body["text"]: row.status for row in rows}
    heard = Counter(message.text for message in messenger_platform.delivered)
    expected = {f"Trả lời: p{p} số-{n}" for p in range(PEOPLE) for n in range(EVENTS // PEOPLE)}
    assert set(fate) == expected
    assert [text for text, times in heard.items() if times > 1] == [], "said twice"
    assert [t for t in expected if fate[t] == "sent" and not heard[t]] == [], "claimed but not said"
    silent = {text for text in expected if not heard[text]}
    listed = {row.status for row in outbox.list_messages(engine, limit=EVENTS)}
    assert {fate[text] for text in silent} <= {"unknown", "dead"}
    assert listed <= {"unknown", "dead"}
    assert statuses["sent"] > EVENTS * 0.8
    for person in range(PEOPLE):
        numbers = [int(text.rsplit("-", 1)[1]) for text in messenger_platform.texts(f"p{person}")]
        assert numbers == sorted(numbers)
