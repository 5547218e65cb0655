"""Whether a camera's picture says anything, or has been flat or frozen for long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP = 8
"""Every so many pixels, both ways, one is looked at."""
FLAT_RANGE = 6
"""Values that lie no further apart, in each colour, make one flat colour."""


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


def dead_picture(flat: float, still: float, *, flat_after: float, frozen_after: float) -> str:
    """Say why a picture says nothing; empty while it does.

    Args:
        flat: seconds flat, as ``Liveliness.see`` gives them.
        still: seconds the same.
        flat_after: seconds flat from which it is said; 0 never.
        frozen_after: seconds the same from which it is said; 0 never.
    """
    if 0 < flat_after <= flat:
        return f"the picture has been one flat colour for {flat_after:g} seconds"
    if 0 < frozen_after <= still:
        return f"the picture has not changed at all for {frozen_after:g} seconds"
    return ""
