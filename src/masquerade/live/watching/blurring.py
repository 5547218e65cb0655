"""Faces made unrecognisable for good.

A head is laid out in four by four patches that move along with it, each in the mean colour of what it hides, with
soft edges between them. Neither a face nor an eye can be got back from sixteen colours, and since the patches hold
still on the head, a film of them says no more than one picture does.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import opencv
from masquerade.live.watching.snapshot import Box

PATCHES = 4
"""Patches along each side of a head."""
BESIDE, ABOVE, BELOW = 0.35, 0.5, 0.25
"""Room around the box of a face, in its sides: ears, hair, throat."""


def head_of(box: Box) -> Box:
    """The box of the whole head of a face."""
    x0, y0, x1, y1 = box
    width, height = x1 - x0, y1 - y0
    return x0 - BESIDE * width, y0 - ABOVE * height, x1 + BESIDE * width, y1 + BELOW * height


def blur_heads(image: NDArray[np.uint8], boxes: Iterable[Box]) -> NDArray[np.uint8]:
    """Blur the heads of faces.

    Args:
        image: (height, width, 3) uint8.
        boxes: of faces, x0, y0, x1, y1 in pixels; may reach beyond the picture.

    Returns:
        A copy, whatever the boxes.
    """
    cv2 = opencv()
    blurred = image.copy()
    height, width = image.shape[:2]
    for box in boxes:
        x0, y0, x1, y1 = np.rint(head_of(box)).astype(int).tolist()
        x0, y0, x1, y1 = max(0, x0), max(0, y0), min(width, x1), min(height, y1)
        if x1 <= x0 or y1 <= y0:
            continue
        # Patches are taken of the picture itself: where heads overlap, none shows through another's edge.
        patches = cv2.resize(image[y0:y1, x0:x1], (PATCHES, PATCHES), interpolation=cv2.INTER_AREA)
        blurred[y0:y1, x0:x1] = cv2.resize(patches, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
    return blurred
