"""Which face belongs to which track.

Overlap comes first; where a film has few frames a second, or somebody walks fast, the boxes no longer overlap, and
the distance of their centres takes its place. Pairs are taken greedily, the best first: faces are few and far apart,
where the best assignment of all (Kuhn, "The Hungarian method", 1955) gives the same pairs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import box_area, box_iou

Doubles = NDArray[np.float64]

LIKE = 0.5
"""Least ratio of the sides of two boxes that may be one face."""


def likeness(places: NDArray[Any], boxes: NDArray[Any], overlap: float, reach: NDArray[Any] | float) -> Doubles:
    """How likely each box shows the face that was expected at each place.

    Args:
        places: (n, 4) xyxy, where the tracks are expected.
        boxes: (m, 4) xyxy, what was found.
        overlap: least intersection over union that counts.
        reach: how far apart two centres may lie, in sides of the face; one number, or one a place.

    Returns:
        (n, m) in 0 to 1: the intersection over union from ``overlap`` on; below that, less the farther they are apart;
        0 where the two are not one face.
    """
    shared = box_iou(places, boxes).astype(np.float64)
    sides, others = np.sqrt(box_area(places)), np.sqrt(box_area(boxes))
    larger = np.maximum(np.maximum(sides[:, None], others[None]), 1e-6)
    smaller = np.minimum(sides[:, None], others[None])
    apart = np.linalg.norm(_centres(places)[:, None] - _centres(boxes)[None], axis=2) / larger
    limit = np.broadcast_to(np.asarray(reach, np.float64).reshape(-1, 1), shared.shape)
    near = np.where(limit > 0, overlap * (1 - apart / np.maximum(limit, 1e-6)), 0).clip(0)
    return np.where(smaller >= LIKE * larger, np.where(shared >= overlap, shared, near), 0)


def pairs(scores: NDArray[Any]) -> list[tuple[int, int]]:
    """Take pairs (row, column) of the highest scores, each row and column once, none with the score 0."""
    found: list[tuple[int, int]] = []
    left = np.array(scores, np.float64)
    while left.size and left.max() > 0:
        row, column = (int(index) for index in np.unravel_index(int(left.argmax()), left.shape))
        found.append((row, column))
        left[row, :] = 0
        left[:, column] = 0
    return found


def _centres(boxes: NDArray[Any]) -> NDArray[Any]:
    return np.asarray((boxes[:, :2] + boxes[:, 2:]) / 2)
