"""What the tests of alerts share: alerts, a clock, a receiver that records what it got."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from masquerade.live.alerts import Alert, DeliveryFailed
from masquerade.live.types import Event

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PATIENCE = 240.0
"""Seconds for which a test waits; a busy machine is the rule."""


def event(person: int = 1, wearing: str = "without_mask", time: float = 1.0) -> Event:
    return Event(time, "alert", person, wearing)


def alert(number: int = 1, wearing: str = "without_mask") -> Alert:
    return Alert(f"00000000-0000-4000-8000-{number:012}", NOON, float(number), "door", number, wearing)


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


class Clock:
    """Unix time that a test moves."""

    def __init__(self, now: float = 1e9) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class Recorder:
    """A channel that keeps what it is given, and fails as it is told."""

    sent: list[Alert] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    attempts: int = 0
    closed: bool = False

    def send(self, alert: Alert) -> None:
        self.attempts += 1
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(alert)

    def close(self) -> None:
        self.closed = True


def failing(**words: Any) -> DeliveryFailed:
    return DeliveryFailed("it is down", **words)


@dataclass
class Request:
    """What came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value


@dataclass
class Receiver:
    """A real HTTP server: answers as ``answers`` says, then 204, and records every request."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    hang: threading.Event | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    record = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            record.requests.append(
                Request(self.path, {key.lower(): value for key, value in self.headers.items()}, body)
            )
            if record.hang is not None:
                record.hang.wait(PATIENCE)
            status, headers = record.answers.pop(0) if record.answers else (204, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            return  # the other side was killed

    with Server(("127.0.0.1", 0), Handler) as server:
        record.port = server.server_address[1]
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield record
        if record.hang is not None:
            record.hang.set()
        server.shutdown()
        thread.join()
