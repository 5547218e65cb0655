"""How fast a watch is: frames a second, and how old a result is when it comes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

WINDOW = 2.0
"""Seconds over which frames a second are counted."""
RECENT = 250
"""Results whose lag is kept."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Running figures.

    Attributes:
        frames: frames that were looked at.
        fps: frames a second, over the last two seconds.
        lag_p50, lag_p95: seconds from the reader's having a frame to its result, over the last 250 frames.
        skipped: frames of a live source that gave way to newer ones.
        damaged: what the source could not decode.
    """

    frames: int = 0
    fps: float = 0.0
    lag_p50: float = 0.0
    lag_p95: float = 0.0
    skipped: int = 0
    damaged: int = 0

    def to_dict(self) -> dict[str, float]:
        """Give the figures by name, rounded."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


class Pace:
    """Takes the times of results and gives ``Rates``; one thread adds, any may ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the clock that ``Frame.taken`` goes by."""
        self._clock = clock
        self._frames = 0
        self._times: deque[float] = deque()
        self._lags: deque[float] = deque(maxlen=RECENT)

    def add(self, taken: float) -> None:
        """Take in a result of a frame that the reader had at ``taken``; 0 where that is not known."""
        now = self._clock()
        self._frames += 1
        self._times.append(now)
        while now - self._times[0] > WINDOW:
            self._times.popleft()
        if taken > 0:
            self._lags.append(max(0.0, now - taken))

    def rates(self, skipped: int = 0, damaged: int = 0) -> Rates:
        """Give the figures now, with what the source counts."""
        now = self._clock()
        times = [moment for moment in tuple(self._times) if now - moment <= WINDOW]
        span = times[-1] - times[0] if len(times) > 1 else 0.0
        fps = (len(times) - 1) / span if span > 0 else 0.0
        lags = np.percentile(tuple(self._lags) or (0.0,), (50, 95))
        return Rates(self._frames, fps, float(lags[0]), float(lags[1]), skipped, damaged)
