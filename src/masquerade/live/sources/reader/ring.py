"""Slots for pictures in shared memory, and who holds which: the reader fills, the source asks and is given one.

The source asks before it reads, and reads before it asks again; so a slot is never written while it is read.
"""

from __future__ import annotations

import os
from collections import deque
from dataclasses import dataclass
from threading import Condition
from typing import TYPE_CHECKING, Any

from masquerade.live.sources.memory import HEAD, Pictures

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

NEWEST_SLOTS = 3
"""One that is read, one that waits, one that is filled."""
ORDERED_SLOTS = 5
"""As many frames may be decoded ahead, less one that is read."""


@dataclass(slots=True)
class Slot:
    """A piece of the memory.

    Attributes:
        offset: where it begins, in bytes.
        room: bytes.
    """

    offset: int = HEAD
    room: int = 0


class Ring:
    """Hands pictures from the thread that reads to the source.

    Args:
        descriptor: of the shared memory.
        tell: sends a message to the source.
        newest: whether a picture that nobody took in time gives way to a newer one; otherwise ``put`` waits.
    """

    def __init__(self, descriptor: int, tell: Callable[[dict[str, Any]], None], *, newest: bool) -> None:
        """Make the slots, without room."""
        self._descriptor, self._tell, self._newest = descriptor, tell, newest
        self._pictures = Pictures(descriptor)
        self._free = [Slot() for _ in range(NEWEST_SLOTS if newest else ORDERED_SLOTS)]
        self._ready: deque[tuple[Slot, dict[str, Any]]] = deque()
        self._given: Slot | None = None
        self._wanted = self._closed = False
        self._end = HEAD
        self._changed = Condition()

    def put(self, height: int, width: int, fill: Callable[[NDArray[np.uint8]], None], about: dict[str, Any]) -> bool:
        """Take in a picture.

        Args:
            height: in pixels.
            width: in pixels.
            fill: writes the (height, width, 3) uint8 picture, RGB, into the view that it is given.
            about: what the source is told of it.

        Returns:
            False when the ring was closed and the picture not taken.
        """
        with self._changed:
            while not self._free and not self._closed:
                self._changed.wait()
            if self._closed:
                return False
            slot = self._free.pop()
        self._make_room(slot, height * width * 3)
        fill(self._pictures.at(slot.offset, height, width))
        with self._changed:
            if self._newest and self._ready:
                self._free.append(self._ready.popleft()[0])
            self._ready.append((slot, about | {"offset": slot.offset, "height": height, "width": width}))
            self._give()
        return True

    def want(self) -> None:
        """Give the source the next picture, now or when there is one; the one it had is free again."""
        with self._changed:
            self._wanted = True
            if self._given is not None:
                self._free.append(self._given)
                self._given = None
                self._changed.notify_all()
            self._give()

    def drain(self) -> None:
        """Wait until every picture was given."""
        with self._changed:
            while self._ready and not self._closed:
                self._changed.wait()

    def close(self) -> None:
        """Take in nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _give(self) -> None:
        if self._wanted and self._ready:
            self._given, about = self._ready.popleft()
            self._wanted = False
            self._tell(about)
            self._changed.notify_all()

    def _make_room(self, slot: Slot, size: int) -> None:
        """Move a slot that is too small to the end; half as much again, so that few moves are made."""
        if slot.room < size:
            room = size if slot.room == 0 else max(size, slot.room * 3 // 2)
            slot.offset, slot.room = self._end, -(-room // HEAD) * HEAD
            self._end += slot.room
            os.ftruncate(self._descriptor, self._end)
