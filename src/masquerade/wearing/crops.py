"""The crop that a wearing network sees: usually a square around the face's box, with a quarter of margin."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import box_to_square, sample, square_around

MARGIN = 0.25
Crop = Literal["square", "stretch"]
CROPS: tuple[Crop, ...] = get_args(Crop)


def face_crops(
    image: NDArray[np.uint8], boxes: NDArray[np.float32], size: int, margin: float = MARGIN, crop: Crop = "square"
) -> NDArray[np.uint8]:
    """Cut out faces.

    Args:
        image: (height, width, 3) uint8 RGB.
        boxes: (n, 4) xyxy in pixels.
        size: side of the crops in pixels.
        margin: room on each side, as a share of the box's longer side.
        crop: ``square`` cuts a square about the box's centre; ``stretch`` takes the box itself with that room and
            squeezes it into a square, as the first study of mask wearing did (with no room).

    Returns:
        (n, size, size, 3) uint8 RGB, mid-grey beyond the picture.
    """
    areas = square_around(boxes, margin) if crop == "square" else _widened(boxes, margin)
    crops = [sample(image, box_to_square(area, size), (size, size), border=127) for area in areas]
    return np.stack(crops) if crops else np.zeros((0, size, size, 3), np.uint8)


def _widened(boxes: NDArray[np.float32], margin: float) -> NDArray[np.float32]:
    room = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) * np.float32(margin)
    return np.concatenate([boxes[:, :2] - room, boxes[:, 2:] + room], axis=1)
