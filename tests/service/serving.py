"""A service in this process, asked without a socket; and one in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio.from_thread
import httpx
import pytest
from fastapi import FastAPI

from masquerade.service import ServiceConfig, create_app
from masquerade.service.service import Service

T = TypeVar("T")
PATIENCE = 180.0
"""Seconds that a busy machine is given."""


class Served:
    """A started service and a client of it; calls block."""

    def __init__(self, app: FastAPI, stack: ExitStack, peer: str = "127.0.0.1") -> None:
        self.app = app
        self.service: Service = app.state.service
        self._portal = stack.enter_context(anyio.from_thread.start_blocking_portal())
        stack.enter_context(self._portal.wrap_async_context_manager(app.router.lifespan_context(app)))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(peer, 50000))
        client = httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=PATIENCE)
        self._client = stack.enter_context(self._portal.wrap_async_context_manager(client))

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        self._client.cookies.clear()
        return self._portal.call(partial(self._client.request, method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("POST", path, **options)

    def run(self, job: Callable[[], Awaitable[T]]) -> T:
        """Run a coroutine in the service's event loop."""
        return self._portal.call(job)

    def wait_until_ready(self) -> None:
        until = time.monotonic() + PATIENCE
        while self.get("/ready").status_code != 200:
            assert time.monotonic() < until, self.get("/ready").text
            time.sleep(0.05)


@contextmanager
def served(config: ServiceConfig, *, peer: str = "127.0.0.1", app: FastAPI | None = None) -> Iterator[Served]:
    """A service, started; not yet ready."""
    with ExitStack() as stack:
        yield Served(app or create_app(config), stack, peer)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    tasks = Path(f"/proc/{pid}/task")
    if not tasks.exists():
        pytest.skip("no /proc here")
    found: list[int] = []
    for task in tasks.iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended
            found += map(int, (task / "children").read_text().split())
    return found


def lives(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not asked after does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


class Running:
    """``masquerade serve`` in a process of its own."""

    def __init__(self, *options: str, environment: dict[str, str] | None = None, folder: Path | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "masquerade", "serve", "--port", "0", *options],
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=folder,
            env={**os.environ, "MASQUERADE_THREADS": "1", **(environment or {})},
        )
        assert self.process.stderr is not None
        self.lines: list[str] = []
        for line in self.process.stderr:
            self.lines.append(line)
            if found := re.search(r"serves at https?://[^/]*:(\d+)/", line):
                self.port = int(found[1])
                return
        self.process.stderr.close()
        raise AssertionError(f"exit code {self.process.wait(PATIENCE)}: " + "".join(self.lines))

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def wait_until_ready(self) -> None:
        until = time.monotonic() + PATIENCE
        while httpx.get(self.url("/ready"), timeout=PATIENCE).status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.1)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; give the exit code and keep what it still said."""
        self.process.send_signal(how)
        _, rest = self.process.communicate(timeout=PATIENCE)
        self.lines += rest.splitlines(keepends=True)
        return self.process.returncode


@contextmanager
def running(*options: str, **more: Any) -> Iterator[Running]:
    """``masquerade serve``, killed at the end if it still runs."""
    service = Running(*options, **more)
    try:
        yield service
    finally:
        if service.process.poll() is None:
            service.process.kill()
            service.process.communicate()
