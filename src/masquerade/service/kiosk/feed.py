"""The server's camera for pages that look on: server-sent events, the newest snapshot only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from masquerade.errors import MasqueradeError

if TYPE_CHECKING:
    from masquerade.live.watching import Snapshot
    from masquerade.service.hub import Hub

PAUSE = 0.1
"""Least seconds between two events."""
BEAT = 2.0
"""Seconds after which the state is sent although nothing has happened, so that a lost connection is noticed."""


async def feed(
    hub: Hub, state: Callable[[], dict[str, Any]], *, pause: float = PAUSE, beat: float = BEAT
) -> AsyncIterator[bytes]:
    """Give the events of one onlooker: the camera's state at once, then snapshots.

    It ends when the hub does; and when ``state`` raises, with an event that has the error.

    Args:
        hub: of the camera.
        state: further fields of each event, among them the state of the camera; refuses who may not look on any more.
        pause: least seconds between two events.
        beat: seconds after which an event is sent in any case.
    """
    yield _event({"type": "state", **state()})
    snapshots = hub.subscribe()
    waiting: asyncio.Future[Snapshot] = asyncio.ensure_future(anext(snapshots))
    try:
        while True:
            done, _ = await asyncio.wait((waiting,), timeout=beat)
            if not done:
                yield _event({"type": "state", **state()})
                continue
            try:
                snapshot = waiting.result()
            except StopAsyncIteration:
                return
            yield _event({"type": "snapshot", **snapshot.to_dict(), **state()})
            await asyncio.sleep(pause)
            waiting = asyncio.ensure_future(anext(snapshots))
    except MasqueradeError as error:
        yield _event({"type": "error", "error": error.to_dict()})
    finally:
        waiting.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await waiting
        await snapshots.aclose()  # type: ignore[attr-defined]


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
