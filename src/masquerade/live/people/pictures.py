"""Faces that are no people: a photo on a phone, a badge or a shirt, held before somebody's chest.

Whatever is seen before the chest of a person is nearer than that person, or as near. A head there would be seen at
least as large as its owner's head is next to theirs; one of half the size is a picture. This needs no liveness test,
and takes nobody for a picture who stands behind somebody: a body hides what is behind it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import box_area

BESIDE = 1.3
"""Half the width of a chest, in widths of the face."""
BELOW = (0.1, 4.0)
"""Where a chest begins and ends below the chin, in heights of the face."""


def are_pictures(boxes: NDArray[Any], smaller: float) -> NDArray[np.bool_]:
    """Tell which faces are held before the chest of another one.

    Args:
        boxes: (n, 4) xyxy.
        smaller: a face there is a picture where its side is below this share of the other's.

    Returns:
        (n,) bool.
    """
    if len(boxes) < 2:
        return np.zeros(len(boxes), np.bool_)
    widths, heights = (boxes[:, 2] - boxes[:, 0]), (boxes[:, 3] - boxes[:, 1])
    centres = (boxes[:, 0] + boxes[:, 2]) / 2
    sides = np.sqrt(box_area(boxes))
    # Rows are the faces that may be pictures, columns those that may hold them.
    across = np.abs(centres[:, None] - centres[None]) + widths[:, None] / 2 <= BESIDE * widths[None]
    top = boxes[:, None, 1] - boxes[None, :, 3] >= BELOW[0] * heights[None]
    bottom = boxes[:, None, 3] - boxes[None, :, 3] <= BELOW[1] * heights[None]
    small = sides[:, None] < smaller * sides[None]
    return np.asarray((across & top & bottom & small).any(axis=1), np.bool_)
