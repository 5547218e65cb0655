"""JPEGs one after the other, as ``ffmpeg -f mjpeg -`` writes them; what is none is skipped and counted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

START = b"\xff\xd8\xff"
SCAN, END = 0xDA, 0xD9
FILLING = 0xFF
ALONE = frozenset([0x01, *range(0xD0, 0xD8), FILLING])
"""Markers without a length: TEM and the restarts; and the byte that may fill the space before one."""
BROKEN = frozenset([0x00, 0xD8])
"""What is no marker, or begins another picture."""
CHUNK = 2**16
FILLERS = b"\0\r\n"
NO_JPEG = "it sent what is no JPEG"
CUT_SHORT = "it sent a JPEG that is broken or cut short"


class Splitter:
    """Cuts a stream of bytes into JPEGs by walking their segments, so that a thumbnail within is no end.

    Args:
        most: a JPEG of more bytes is given up.
        damaged: called for each stretch that is no whole JPEG, with what is wrong with it.
        between: tells whether some bytes may stand between two.
        line: bytes of a line between two that is not whole yet are kept, up to so many.
    """

    def __init__(
        self,
        most: int,
        damaged: Callable[[str], None],
        between: Callable[[bytes], bool] = lambda data: not data.strip(FILLERS),
        line: int = 0,
    ) -> None:
        """Begin with nothing."""
        self._most, self._damaged, self._between, self._line = most, damaged, between, line
        self._held = bytearray()
        self._at = 0  # how far the JPEG that begins at 0 was walked; 0 where none begins
        self._in_scan = self._in_garbage = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes, and give the JPEGs that are whole now."""
        self._held += data
        whole: list[bytes] = []
        while self._at or self._seek():
            length = self._walk()
            if length is None:
                if len(self._held) <= self._most:
                    break
                length = 0
            if length:
                whole.append(bytes(self._held[:length]))
                self._in_garbage = False
                del self._held[:length]
            else:  # broken: look for the next one behind it, not in its thumbnail
                self._say_damaged(CUT_SHORT)
                del self._held[: max(self._at, len(START))]
            self._at, self._in_scan = 0, False
        return whole

    def finish(self) -> None:
        """The stream has ended: what is held was cut short."""
        if self._at:
            self._say_damaged(CUT_SHORT)
        elif not self._between(bytes(self._held[: self._behind_lines() if self._line else None])):
            self._say_damaged(NO_JPEG)

    def _seek(self) -> bool:
        """Drop what stands before the next start."""
        found = self._held.find(START)
        skipped = found if found >= 0 else self._of_no_use()
        if not self._between(bytes(self._held[:skipped])):
            self._say_damaged(NO_JPEG)
        del self._held[:skipped]
        self._at = 2 if found >= 0 else 0
        return found >= 0

    def _of_no_use(self) -> int:
        """How much of what is held begins no JPEG, and is no line that goes on."""
        behind = self._behind_lines()
        return behind if len(self._held) - behind <= self._line else max(0, len(self._held) - len(START) + 1)

    def _behind_lines(self) -> int:
        return self._held.rfind(b"\n") + 1

    def _say_damaged(self, reason: str) -> None:
        if not self._in_garbage:
            self._damaged(reason)
        self._in_garbage = True

    def _walk(self) -> int | None:
        """Go from marker to marker: the length of the JPEG, 0 when it is broken, None when more must come."""
        while self._leave_scan() and (marker := self._marker()) is not None:
            if marker == END:
                return self._at + 2
            if marker in BROKEN:
                return 0
            self._at += 1 if marker == FILLING else 2
            if marker not in ALONE:
                size = int.from_bytes(self._held[self._at : self._at + 2])
                if size < 2:
                    return 0
                self._at += size
                self._in_scan = marker == SCAN
        return None

    def _marker(self) -> int | None:
        """The marker here, with its length where it has one; 0 where there is none, None when more must come."""
        here = self._held[self._at : self._at + 4]
        if len(here) < 2:
            return None
        marker = here[1] if here[0] == FILLING else 0
        complete = marker == END or marker in BROKEN or marker in ALONE or len(here) == 4
        return marker if complete else None

    def _leave_scan(self) -> bool:
        """Go to the marker behind the coded pixels, if it is among them; False when more must come."""
        held = self._held
        while self._in_scan and (found := held.find(0xFF, self._at)) >= 0:
            self._at = found
            if found + 1 >= len(held):
                return False
            following = held[found + 1]
            self._in_scan = following == 0x00 or following in ALONE
            self._at += 1 if following == FILLING else 2 if self._in_scan else 0
        self._at = max(self._at, len(held)) if self._in_scan else self._at
        return not self._in_scan


class Jpegs:
    """Standard input, or another stream of JPEGs.

    Args:
        read: gives the next bytes, b"" at the end.
        splitter: cuts them.
        fps: frames a second, where the stream is a film.
    """

    size: tuple[int, int] | None = None
    frames: int | None = None
    counted = False
    remark = ""
    gone = "it sends no more"
    problem = ""

    def __init__(self, read: Callable[[], bytes], splitter: Splitter, fps: float | None = None) -> None:
        """Read nothing yet."""
        self._read, self._splitter, self.fps = read, splitter, fps
        self._waiting: list[bytes] = []

    def grab(self) -> bool:
        """Wait for the next JPEG; False at the end of the stream."""
        while not self._waiting:
            data = self._read()
            if not data:
                self._splitter.finish()
                return False
            self._waiting = self._splitter.feed(data)
        return True

    def time(self) -> float | None:
        """None: the stream has no clock of its own."""
        return None

    def decode(self) -> NDArray[np.uint8] | None:
        """Decode the JPEG, to RGB; None when it is damaged."""
        return decode_jpeg(self._waiting.pop(0))

    def fill(self, place: NDArray[np.uint8], decoded: NDArray[np.uint8]) -> None:
        """Write what was decoded into ``place``."""
        np.copyto(place, decoded)

    def close(self) -> None:
        """Leave the stream as it is."""


def decode_jpeg(data: bytes) -> NDArray[np.uint8] | None:
    """Decode to (height, width, 3) uint8, RGB; None where that cannot be."""
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error:  # more pixels than are allowed
        return None


def read_stdin() -> bytes:
    """Give the next bytes of standard input."""
    return os.read(0, CHUNK)
