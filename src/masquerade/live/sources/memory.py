"""Memory that a source and its reader share: counters, and slots for pictures.

It has no name, so that nothing is left of it when both are gone, however they ended. The reader alone grows it.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEAD = 4096
"""Bytes before the first slot; a page."""
GRABBED, DAMAGED, SILENT_SINCE = range(3)
"""Places of the counters: frames read, errors of decoding, ``time.monotonic()`` of the last sign of life."""


def make_memory() -> int:
    """Return the descriptor of new memory with room for the counters."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("masquerade")
    else:  # an unlinked file comes nearest
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, HEAD)
    return descriptor


class Counters:
    """Numbers that the reader writes and the source reads; each is one aligned word, so that none is torn."""

    def __init__(self, descriptor: int) -> None:
        """Map the head of the memory."""
        head = mmap.mmap(descriptor, HEAD)
        self._whole: NDArray[np.uint64] = np.frombuffer(head, np.uint64, 2)
        self._times: NDArray[np.float64] = np.frombuffer(head, np.float64, 3)

    def add(self, place: int, count: int = 1) -> None:
        """Raise ``GRABBED`` or ``DAMAGED``."""
        self._whole[place] += np.uint64(count)

    def alive(self, now: float) -> None:
        """Note a sign of life."""
        self._times[SILENT_SINCE] = now

    def let_go(self) -> None:
        """Keep the numbers as they are, without the memory."""
        self._whole, self._times = self._whole.copy(), self._times.copy()

    @property
    def grabbed(self) -> int:
        """Frames read."""
        return int(self._whole[GRABBED])

    @property
    def damaged(self) -> int:
        """Errors of decoding."""
        return int(self._whole[DAMAGED])

    @property
    def silent_since(self) -> float:
        """``time.monotonic()`` of the last sign of life; 0 when there was none."""
        return float(self._times[SILENT_SINCE])


class Pictures:
    """The pictures in the memory, by where they begin."""

    def __init__(self, descriptor: int) -> None:
        """Map nothing yet: the memory grows with what is put into it."""
        self._descriptor = descriptor
        self._map: mmap.mmap | None = None

    def let_go(self) -> None:
        """Know no picture any more."""
        self._map = None

    def at(self, offset: int, height: int, width: int) -> NDArray[np.uint8]:
        """Return the view of a picture; it is lasting only until its slot is given back.

        Args:
            offset: where it begins, in bytes.
            height: in pixels.
            width: in pixels.
        """
        size = height * width * 3
        if self._map is None or offset + size > len(self._map):
            self._map = mmap.mmap(self._descriptor, 0)  # the older map goes with its last view
        return np.frombuffer(self._map, np.uint8, size, offset).reshape(height, width, 3)
