"""A client that costs next to nothing, so that what is measured is the server."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Asked:
    """One answered question."""

    took_ms: float
    stages_ms: Mapping[str, float] | None  # the service's own account of it


class Connection:
    """HTTP over one bare socket of this machine, kept open."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, question: str) -> Asked:
        """POST /v1/ask."""
        body = json.dumps({"question": question}).encode()
        head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        took_ms, answer = self.send(b"POST /v1/ask", head.encode() + body)
        return Asked(took_ms, json.loads(answer).get("timing_ms"))

    def send(self, target: bytes, rest: bytes) -> tuple[float, bytes]:
        """Milliseconds until the last byte of the answer, and its body."""
        started = time.perf_counter()
        self._socket.sendall(target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + rest)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._receive()
        head, _, body = answer.partition(b"\r\n\r\n")
        while len(body) < _content_length(head):
            body += self._receive()
        took_ms = (time.perf_counter() - started) * 1000
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{head[:30]!r}: {body[:300]!r}")
        return took_ms, body

    def _receive(self) -> bytes:
        part = self._socket.recv(65536)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part


def _content_length(head: bytes) -> int:
    lines = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    return next(int(value) for name, _, value in lines if name == b"content-length")
