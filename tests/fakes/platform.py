"""What the fake platforms share: a real HTTP server on loopback that can misbehave."""

import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]


@dataclass
class Faults:
    """How often (0 to 1) which mishap happens to a send. The draw depends on the seed alone."""

    fail: float = 0.0  # HTTP 500, nothing delivered
    drop_before: float = 0.0  # connection closed, nothing delivered
    drop_after: float = 0.0  # delivered, then the connection is closed without an answer
    slow_after: float = 0.0  # delivered, and answered after `slow_s`
    slow_s: float = 1.0
    seed: int = 1
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def draw(self) -> str | None:
        dice = self._random.random()
        for name in ("fail", "drop_before", "drop_after", "slow_after"):
            dice -= getattr(self, name)
            if dice < 0:
                return name
        return None


@dataclass(frozen=True)
class Delivered:
    """A message that reached a person."""

    user_id: str
    text: str
    buttons: tuple[tuple[str, str], ...] = ()  # title, what a tap sends back
    ref: str | None = None
    message_id: str = ""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> Json:
        content: Json = json.loads(self.body)
        return content


Answer = tuple[int, Json]


class FakePlatform:
    """Serves one platform's API; remembers what reached whom."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.delivered: list[Delivered] = []
        self.calls: list[Request] = []
        self.on_delivered: Callable[[Delivered], None] = lambda _message: None
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("Handler", (_Handler,), {"platform": self})
        )
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def answer(self, request: Request) -> Answer:
        """The platform's answer, mishaps aside."""
        raise NotImplementedError

    def accept(self, message: Delivered) -> str:
        """Deliver, and return the id of the message."""
        with self._lock:
            message_id = f"out-{len(self.delivered) + 1}"
            message = Delivered(
                message.user_id, message.text, message.buttons, message.ref, message_id
            )
            self.delivered.append(message)
        self.on_delivered(message)
        return message_id

    def note(self, request: Request) -> str | None:
        """Remember the call; returns the mishap that befalls it."""
        with self._lock:
            self.calls.append(request)
            return self.faults.draw() if self.is_send(request) else None

    def texts(self, user_id: str) -> list[str]:
        """What a person was sent, in order."""
        with self._lock:
            return [message.text for message in self.delivered if message.user_id == user_id]

    def is_send(self, request: Request) -> bool:
        """Whether mishaps may befall it."""
        raise NotImplementedError

    def stop_listening(self) -> None:
        """Close the port."""
        self._server.server_close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self.stop_listening()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    platform: FakePlatform

    def do_POST(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        platform, request = self.platform, self._read()
        mishap = platform.note(request)
        if mishap == "fail":
            return self._reply(500, {"error": "internal"})
        if mishap == "drop_before":
            return self._drop()
        answer = platform.answer(request)
        if mishap == "drop_after":
            return self._drop()
        if mishap == "slow_after":
            time.sleep(platform.faults.slow_s)
        self._reply(*answer)

    def _read(self) -> Request:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        return Request(self.command, address.path, query, headers, body)

    def _reply(self, status: int, content: Json) -> None:
        body = json.dumps(content).encode()
        # The caller may have lost patience, or have been killed.
        with suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def _drop(self) -> None:
        self.close_connection = True

    def log_message(self, *_args: object) -> None:
        pass


def call_webhook(
    url: str, headers: Mapping[str, str], body: bytes, *, patience_s: float = 120.0
) -> int:
    """Deliver one webhook request as the platforms do: again and again until 200.

    Returns the number of tries.
    """
    deadline = time.monotonic() + patience_s
    for tries in itertools.count(1):
        if post(url, headers, body) == 200:
            return tries
        assert time.monotonic() < deadline, f"never acknowledged, after {tries} tries"
        time.sleep(0.1)
    raise AssertionError


def post(url: str, headers: Mapping[str, str], body: bytes) -> int | None:
    """The status; None when nobody answers."""
    address = urlsplit(url)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=10)
    try:
        connection.request("POST", address.path, body, dict(headers))
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
