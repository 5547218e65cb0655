"""A service whose observer says what a test wants, and a browser whose camera shows a test picture."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from masquerade.live import Event, Frame, Person, StateChange
from masquerade.live.watching import Counts, Snapshot

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE = 60.0
"""Seconds that a busy machine is given."""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
)


def person(number: int = 1, wearing: str = "with_mask", *shows: str, at: float = 200, since: float = 0.0) -> Person:
    """Somebody in view."""
    return Person(number, (at, 120.0, at + 140, 300.0), wearing, tuple(shows), 0.0, since, 0.0)


@dataclass
class Stage:
    """What all observers see; a test sets it."""

    people: tuple[Person, ...] = ()
    happened: tuple[Event, ...] = ()
    error: Exception | None = None
    frames: int = 0
    sizes: set[tuple[int, int]] = field(default_factory=set)
    ended: int = 0

    def observer(self) -> Observer:
        return Observer(self)

    def snapshot(self, at: float, size: tuple[int, int] = (640, 480)) -> Snapshot:
        return Snapshot(at, size, self.people, self.happened, Counts())


class Observer:
    """An observer of a stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def see(self, frame: Frame) -> Snapshot:
        if self.stage.error is not None:
            raise self.stage.error
        self.stage.frames += 1
        size = (frame.image.shape[1], frame.image.shape[0])
        self.stage.sizes.add(size)
        return self.stage.snapshot(frame.time, size)

    def state_changed(self, change: StateChange) -> Snapshot:
        self.stage.ended += change.state == "ended"
        return self.stage.snapshot(change.time)


class Door:
    """A service on a port of its own, in a thread."""

    def __init__(self, make: Callable[[], Any], port: int = 0) -> None:
        import uvicorn

        self.app = make()
        config = uvicorn.Config(
            self.app, port=port, log_config=None, ws="websockets-sansio", lifespan="on", timeout_graceful_shutdown=5
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_for(lambda: self._server.started or not self._thread.is_alive())
        assert self._thread.is_alive(), "the port is taken"
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/"

    def cut(self) -> None:
        """Drop every connection, as a machine does that dies."""
        loop = self._server.servers[0].get_loop()
        for connection in list(self._server.server_state.connections):
            loop.call_soon_threadsafe(connection.transport.abort)

    def stop(self) -> None:
        self.app.state.service.stopping()
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


def wait_for(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    until = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Debian's browser; the driver ends with it, because its event loop would be in the way of others."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=[*FLAGS, *flags])
        yield browser
        browser.close()


@dataclass
class Visit:
    """One browser window at the door, what it asked for, and what it complained of."""

    context: BrowserContext
    page: Page
    door: Door
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def open(self, query: str = "") -> Page:
        self.page.goto(self.door.url + query)
        return self.page

    @property
    def origins(self) -> list[str]:
        """Whom it asked."""
        return [f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, self.requests)]

    def check(self) -> None:
        """Nobody but the door was asked, and the browser had nothing to complain of."""
        assert set(self.origins) <= {f"{scheme}://localhost:{self.door.port}" for scheme in ("http", "ws")}
        early = "closed before the connection is established"  # a page that was left while it was being opened
        assert [problem for problem in self.problems if early not in problem] == []


@contextmanager
def visiting(browser: Browser, door: Door, *, camera: bool = True, **options: Any) -> Iterator[Visit]:
    """A window of its own."""
    context = browser.new_context(**{"locale": "en-GB", "viewport": {"width": 1024, "height": 768}, **options})
    if camera:
        context.grant_permissions(["camera"])
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE)
    visit = Visit(context, page, door)
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on("websocket", lambda socket: visit.requests.append(socket.url))
    page.on("pageerror", lambda error: visit.problems.append(str(error)))
    page.on("console", lambda message: visit.problems.append(message.text) if message.type == "error" else None)
    yield visit
    context.close()


def says(page: Page, title: str) -> None:
    """Wait until the page's message is this."""
    page.wait_for_function("title => document.getElementById('title').textContent === title", arg=title)
