"""The newest of the camera, for pages that look on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from masquerade.live import Event, Frame

if TYPE_CHECKING:
    from masquerade.live.watching import Snapshot

EVENTS = 100
"""Events that are kept for one who is slow to take them."""


@dataclass(slots=True, eq=False)
class _Onlooker:
    loop: asyncio.AbstractEventLoop
    news: asyncio.Event
    snapshot: Snapshot | None = None
    events: list[Event] = field(default_factory=list)


class Hub:
    """A sink of a watch: gives each onlooker the newest snapshot, and the events since the last one they took.

    ``take`` and ``end`` may be called from any thread, ``subscribe`` from an event loop.
    """

    def __init__(self, most: int = 64) -> None:
        """Take how many may look on at once."""
        self._most = most
        self._lock = threading.Lock()
        self._onlookers: list[_Onlooker] = []
        self._latest: Snapshot | None = None
        self._ended = False

    @property
    def latest(self) -> Snapshot | None:
        """The newest snapshot; None before the first."""
        return self._latest

    @property
    def onlookers(self) -> int:
        """How many look on."""
        return len(self._onlookers)

    @property
    def full(self) -> bool:
        """Whether no one more may look on."""
        return len(self._onlookers) >= self._most

    def take(self, _frame: Frame | None, snapshot: Snapshot) -> None:
        """Take a snapshot; the frame is not kept."""
        with self._lock:
            self._latest = snapshot
            for onlooker in self._onlookers:
                onlooker.snapshot = snapshot
                onlooker.events = [*onlooker.events, *snapshot.events][-EVENTS:]
                _wake(onlooker)

    def close(self) -> None:
        """Do nothing: the camera has ended, and who looks on is still told so."""

    def end(self) -> None:
        """End what all onlookers iterate over: the service is being stopped."""
        with self._lock:
            self._ended = True
            for onlooker in self._onlookers:
                _wake(onlooker)

    async def subscribe(self) -> AsyncIterator[Snapshot]:
        """Give the newest snapshot at once, and again whenever there is a newer one; until ``end``."""
        with self._lock:
            onlooker = _Onlooker(asyncio.get_running_loop(), asyncio.Event(), self._latest)
            self._onlookers.append(onlooker)
        try:
            if onlooker.snapshot is not None or self._ended:
                onlooker.news.set()
            while True:
                await onlooker.news.wait()
                onlooker.news.clear()
                with self._lock:
                    snapshot, events = onlooker.snapshot, onlooker.events
                    onlooker.snapshot, onlooker.events = None, []
                if snapshot is not None:
                    yield replace(snapshot, events=tuple(events))
                if self._ended:
                    return
        finally:
            with self._lock:
                self._onlookers.remove(onlooker)


def _wake(onlooker: _Onlooker) -> None:
    try:
        onlooker.loop.call_soon_threadsafe(onlooker.news.set)
    except RuntimeError:  # its loop has ended
        return
