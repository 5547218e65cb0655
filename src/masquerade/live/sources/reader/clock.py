"""The clock of a film."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threading import Event

USUAL_FPS = 25.0
LONGEST_GAP = 3600.0
"""Seconds; a time-stamp that leaps further is wrong."""
MOST_LEFT_OUT = 25
"""Frames in a row."""


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
        moment = self._last + self._step
        if stamp is not None and math.isfinite(stamp):
            if self._first is None:
                self._first = stamp
            by_stamp = self._offset + stamp - self._first
            if by_stamp > self._last + LONGEST_GAP:
                self._first = stamp - (moment - self._offset)
            elif by_stamp > self._last + 1e-6:
                moment = by_stamp
        self._last = max(moment, 0.0)
        return self._last

    def restart(self) -> None:
        """The film begins again; its clock goes on."""
        self._first = None
        self._offset = self._last + self._step


class Pace:
    """Plays a film as fast as it was taken, and leaves out frames when it cannot keep up.

    Args:
        fps: of the film, or None.
        stop: ends the waiting.
    """

    def __init__(self, fps: float | None, stop: Event) -> None:
        """Begin with the first frame."""
        self._late = 2 / (fps or USUAL_FPS)
        self._stop = stop
        self._begun: float | None = None
        self._left_out = 0

    def keep(self, moment: float) -> bool:
        """Wait until ``moment`` of the film, in seconds; False when the frame is to be left out."""
        now = time.monotonic()
        if self._begun is None:
            self._begun = now - moment
        ahead = self._begun + moment - now
        if ahead < -self._late and self._left_out < MOST_LEFT_OUT:
            self._left_out += 1
            return False
        if self._left_out == MOST_LEFT_OUT:  # it is too much for this machine: the film runs slower
            self._begun = now - moment
        self._left_out = 0
        self._stop.wait(max(0.0, ahead))
        return True
