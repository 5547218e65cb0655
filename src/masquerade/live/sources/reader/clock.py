"""The clock of a film, and whether a camera's picture says anything."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

USUAL_FPS = 25.0
STEP = 8
"""Every so many pixels, both ways, one is looked at."""
FLAT_RANGE = 6
"""Values that lie no further apart, in each colour, make one flat colour."""


class FilmClock:
    """Seconds from a film's beginning: by its time-stamps, else by counting; always rising."""

    def __init__(self, fps: float | None) -> None:
        """Stand before the first frame."""
        self._step = 1 / (fps or USUAL_FPS)
        self._first: float | None = None
        self._offset = 0.0
        self._last = -self._step

    def tick(self, stamp: float | None) -> float:
        """Take a frame's own time-stamp in seconds, and give its time."""
        time = self._last + self._step
        if stamp is not None and math.isfinite(stamp):
            if self._first is None:
                self._first = stamp
            by_stamp = self._offset + stamp - self._first
            if by_stamp > self._last + 1e-6:
                time = by_stamp
        self._last = max(time, 0.0)
        return self._last

    def restart(self) -> None:
        """The film begins again; its clock goes on."""
        self._first = None
        self._offset = self._last + self._step


class Liveliness:
    """For how long a camera's picture has been one flat colour, and for how long the very same."""

    def __init__(self) -> None:
        """Have seen nothing."""
        self._sample = b""
        self._flat_since: float | None = None
        self._same_since = 0.0

    def see(self, picture: NDArray[np.uint8], now: float) -> tuple[float, float]:
        """Take a (height, width, 3) uint8 picture in.

        Returns:
            Seconds flat, seconds the same.
        """
        grid = picture[::STEP, ::STEP]
        if int((grid.max(axis=(0, 1)) - grid.min(axis=(0, 1))).max()) > FLAT_RANGE:
            self._flat_since = None
        elif self._flat_since is None:
            self._flat_since = now
        sample = grid.tobytes()
        if sample != self._sample:
            self._sample, self._same_since = sample, now
        return (0.0 if self._flat_since is None else now - self._flat_since), now - self._same_since
