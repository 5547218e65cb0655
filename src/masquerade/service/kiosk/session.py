"""One browser that sends its camera's frames: an observer of its own, one frame at a time, no picture kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

from masquerade.errors import (
    BodyTooLarge,
    Busy,
    ExtraMissing,
    ImageError,
    MasqueradeError,
    MediaUnsupported,
    ModelError,
    NotReady,
    WorkerLost,
)
from masquerade.image import Pixels, read_header
from masquerade.live import Frame, StateChange
from masquerade.live.sources import Liveliness, dead_picture

if TYPE_CHECKING:
    from masquerade.live.watching import Snapshot
    from masquerade.service.kiosk.config import KioskConfig
    from masquerade.service.kiosk.counts import Following

NORMAL, POLICY, TOO_BIG, AGAIN_LATER = 1000, 1008, 1009, 1013
"""Codes with which a session is closed (RFC 6455; 1013 as registered with IANA)."""
FLAT_AFTER, FROZEN_AFTER = 6.0, 30.0
"""Seconds of one flat colour (a cover over the lens), and of the very same picture, after which that is told."""


class Sees(Protocol):
    """What ``live.watching.Observer`` does."""

    def see(self, frame: Frame) -> Snapshot:
        """Look at a frame."""

    def state_changed(self, change: StateChange) -> Snapshot:
        """Take in what happened to the source."""


class Session:
    """Answers each frame with a snapshot; an answer to a frame that cannot be used is its error.

    The browser sends its next frame when it has the answer to the one before. One that does not is slowed down: there
    is no line of frames beyond what the connection itself holds.
    """

    def __init__(
        self,
        config: KioskConfig,
        observer: Callable[[], Sees],
        *,
        decode: Callable[[bytes], Pixels],
        run: Callable[[Callable[[], Snapshot]], Awaitable[Snapshot]],
        following: Following,
        extra: Callable[[], dict[str, Any]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take limits, what sees, decodes and runs, what follows the counts, and what is added to each answer.

        Args:
            config: limits.
            observer: makes the session's observer, with its first frame.
            decode: bytes of a JPEG to pixels; blocking.
            run: runs a blocking job off the event loop.
            following: of the counts of the day.
            extra: further fields of each answer.
            clock: seconds.
        """
        self._config, self._make = config, observer
        self._decode, self._run, self._following, self._extra = decode, run, following, extra
        self._clock = clock
        self._observer: Sees | None = None
        self._began = clock()
        self._number = 0
        self._failed = 0
        self._lively, self._dead = Liveliness(), ""

    async def serve(self, websocket: WebSocket) -> None:
        """Answer frames until the browser goes, sends nothing for too long, or too much that cannot be used."""
        free_at = self._clock()
        try:
            while True:
                data = await self._next(websocket)
                if data is None:
                    await websocket.close(NORMAL, "idle")
                    return
                await asyncio.sleep(max(0.0, free_at - self._clock()))
                free_at = self._clock() + 1 / self._config.fps
                await websocket.send_json(await self._answer(data))
                if self._failed >= self._config.damaged:
                    await websocket.close(POLICY, "frames_damaged")
                    return
        except BodyTooLarge as error:
            await websocket.close(TOO_BIG, error.code)
        except MediaUnsupported as error:
            await websocket.close(POLICY, error.code)
        except WebSocketDisconnect:
            return
        finally:
            self._finish()

    async def _next(self, websocket: WebSocket) -> bytes | None:
        try:
            async with asyncio.timeout(self._config.idle):
                message = await websocket.receive()
        except TimeoutError:
            return None
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", NORMAL))
        data = message.get("bytes")
        if data is None:
            raise MediaUnsupported("a message of text, expected a frame as JPEG")
        if len(data) > self._config.max_bytes:
            raise BodyTooLarge(f"a frame of {len(data):,} bytes, expected at most {self._config.max_bytes:,}")
        return bytes(data)

    async def _answer(self, data: bytes) -> dict[str, Any]:
        try:
            snapshot = await self._run(lambda: self._see(data))
        except asyncio.CancelledError:
            self._observer = None  # the thread that is at work with it goes on
            raise
        except (Busy, NotReady, ModelError) as error:
            return self._trouble(error)
        except (ImageError, ExtraMissing, WorkerLost, MediaUnsupported) as error:
            self._failed += 1
            return self._trouble(error)
        self._failed = 0
        self._following.update(snapshot.events)
        camera = {"state": "stalled" if self._dead else "online", "reason": self._dead}
        return {"type": "snapshot", **snapshot.to_dict(), "camera": camera, **self._extra()}

    def _trouble(self, error: MasqueradeError) -> dict[str, Any]:
        return {"type": "error", "error": error.to_dict(), **self._extra()}

    def _see(self, data: bytes) -> Snapshot:
        header = read_header(data, self._config.limits)
        if header.format != "JPEG":
            raise MediaUnsupported(f"a frame as {header.format}, expected JPEG")
        image = self._decode(data)
        now = self._clock()
        flat, still = self._lively.see(image, now)
        self._dead = dead_picture(flat, still, flat_after=FLAT_AFTER, frozen_after=FROZEN_AFTER)
        if self._observer is None:
            self._observer = self._make()
        self._number += 1
        return self._observer.see(Frame(image, now - self._began, self._number - 1, now))

    def _finish(self) -> None:
        """Let everybody who is in view leave, so that they are counted as what they were."""
        if self._observer is not None:
            snapshot = self._observer.state_changed(StateChange(self._clock() - self._began, "ended"))
            self._following.update(snapshot.events)
