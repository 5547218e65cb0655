"""The crop that the wearing network sees: a square around the face's box, with a quarter of margin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import box_to_square, sample, square_around

MARGIN = 0.25


def face_crops(
    image: NDArray[np.uint8], boxes: NDArray[np.float32], size: int, margin: float = MARGIN
) -> NDArray[np.uint8]:
    """Cut out faces.

    Args:
        image: (height, width, 3) uint8 RGB.
        boxes: (n, 4) xyxy in pixels.
        size: side of the crops in pixels.
        margin: room on each side, as a share of the box's longer side.

    Returns:
        (n, size, size, 3) uint8 RGB, mid-grey beyond the picture.
    """
    crops = [sample(image, box_to_square(box, size), (size, size), border=127) for box in square_around(boxes, margin)]
    return np.stack(crops) if crops else np.zeros((0, size, size, 3), np.uint8)
