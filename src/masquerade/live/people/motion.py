"""How one face moves: a Kalman filter of constant velocity on its box.

Kalman, "A new approach to linear filtering and prediction problems", Journal of Basic Engineering 82, 1960. The four
coordinates (centre x and y, logarithms of width and height) are filtered apart. The noise of the motion is a white
acceleration in continuous time, so that two short predictions are the same as one long one, at any frame rate.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

MEASURED = np.array([0.05, 0.05, 0.06, 0.06])
"""Standard deviation of a found box: of its centre in sides of the face, of the logarithm of its sides."""
DRIVEN = np.array([3.0, 3.0, 0.8, 0.8])
"""Root of the spectral density of the acceleration: sides, or logarithms, for s^1.5."""
AT_FIRST = np.array([3.0, 3.0, 0.5, 0.5])
"""Standard deviation of the velocity of a face that was seen once: sides, or logarithms, a second."""
COASTING = 0.4
"""Seconds in which the velocity of a face that is not found falls to 1/e: people stop and turn."""


class Motion:
    """Where a face is and where it goes, in pixels and seconds."""

    __slots__ = ("_both", "_place", "_rate", "_speed", "_spread")

    def __init__(self, box: NDArray[Any]) -> None:
        """Begin at a found box (4,) xyxy."""
        self._place = _parameters(box)
        self._rate = np.zeros(4)
        unit = self._unit()
        self._spread = (MEASURED * unit) ** 2
        self._both = np.zeros(4)
        self._speed = (AT_FIRST * unit) ** 2

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The box x0, y0, x1, y1."""
        return _box(self._place)

    @property
    def side(self) -> float:
        """Root of the area of the box, in pixels."""
        return float(math.exp((self._place[2] + self._place[3]) / 2))

    def ahead(self, seconds: float) -> tuple[float, float, float, float]:
        """The box that is expected after some seconds, without going there; it keeps its size."""
        rate = self._rate * np.array([1, 1, 0, 0])
        return _box(self._place + rate * min(seconds, COASTING))

    def predict(self, seconds: float, coasting: bool = False) -> None:
        """Go on by some seconds; ``coasting`` slows down a face that is not found, and keeps its size."""
        if seconds <= 0:
            return
        if coasting:
            self._rate *= math.exp(-seconds / COASTING)
            self._rate[2:] = 0
        density = (DRIVEN * self._unit()) ** 2
        self._place = self._place + self._rate * seconds
        self._spread = self._spread + 2 * seconds * self._both + seconds**2 * self._speed + density * (seconds**3 / 3)
        self._both = self._both + seconds * self._speed + density * (seconds**2 / 2)
        self._speed = self._speed + density * seconds

    def correct(self, box: NDArray[Any], score: float = 1.0) -> None:
        """Take in a found box (4,) xyxy; the lower its score, 0 to 1, the less it moves the estimate."""
        noise = (MEASURED * self._unit() / max(0.2, min(1.0, score))) ** 2
        surprise = _parameters(box) - self._place
        whole = self._spread + noise
        gain, gain_rate = self._spread / whole, self._both / whole
        self._place = self._place + gain * surprise
        self._rate = self._rate + gain_rate * surprise
        self._speed = self._speed - gain_rate * self._both
        self._both = self._both * (1 - gain)
        self._spread = self._spread * (1 - gain)

    def scale(self, x: float, y: float) -> None:
        """Go over to frames of another size: all of x times ``x``, all of y times ``y``."""
        factors = np.array([x, y, 1.0, 1.0])
        self._place = self._place * factors + np.array([0, 0, math.log(x), math.log(y)])
        self._rate = self._rate * factors
        for name in ("_spread", "_both", "_speed"):
            setattr(self, name, getattr(self, name) * factors**2)

    def _unit(self) -> Doubles:
        side = self.side
        return np.array([side, side, 1.0, 1.0])


def _parameters(box: NDArray[Any]) -> Doubles:
    x0, y0, x1, y1 = (float(value) for value in box)
    sides = math.log(max(x1 - x0, 1.0)), math.log(max(y1 - y0, 1.0))
    return np.array([(x0 + x1) / 2, (y0 + y1) / 2, *sides])


def _box(parameters: Doubles) -> tuple[float, float, float, float]:
    x, y, half_width, half_height = (float(value) for value in (*parameters[:2], *np.exp(parameters[2:]) / 2))
    return x - half_width, y - half_height, x + half_width, y + half_height
