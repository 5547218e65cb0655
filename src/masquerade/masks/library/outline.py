"""From the pixels of a mask to corners and triangles: the edge, landmarks within, and points between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import opencv
from masquerade.masks.library.delaunay import triangulate

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ALONG = 0.09
"""Distance of corners along the edge, in units of the mean face."""
APART = 0.14
"""Least distance of corners within."""
ROUNDED = 0.015
"""Blur that takes the steps of pixels off the edge."""


def contour(mask: Bools, scale: float) -> Floats:
    """The edge of a mask: (k, 2) x and y in pixels, evenly spaced, clockwise where y points down.

    Args:
        mask: (height, width): one piece.
        scale: pixels a unit of the mean face.
    """
    cv2 = opencv()
    # Twice as fine, so that the edge may run between pixels.
    large = cv2.resize(mask.astype(np.float32), None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
    large = cv2.GaussianBlur(np.pad(large, 2), (0, 0), max(1.0, 2 * ROUNDED * scale))
    rims, _ = cv2.findContours((large > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not rims:
        return np.zeros((0, 2))
    rim = max(rims, key=cv2.contourArea)[:, 0].astype(np.float64)
    rim = (rim - 2 + 0.5) / 2 - 0.5
    closed = np.concatenate([rim, rim[:1]])
    way = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    steps = np.linspace(0, way[-1], max(8, round(way[-1] / (ALONG * scale))), endpoint=False)
    even = np.stack([np.interp(steps, way, closed[:, axis]) for axis in (0, 1)], axis=1)
    following = np.roll(even, -1, axis=0)
    turned = float((even[:, 0] * following[:, 1] - even[:, 1] * following[:, 0]).sum())
    return even if turned > 0 else even[::-1]


def within(edge: Floats, landmarks: Floats, scale: float) -> Floats:
    """Corners within an edge: landmarks, thinned, and points of a grid where there are none.

    Args:
        edge: (k, 2).
        landmarks: (n, 2), the most wanted ones first.
        scale: pixels a unit of the mean face.
    """
    cv2 = opencv()
    apart = APART * scale
    low, high = edge.min(axis=0), edge.max(axis=0)
    across, down = np.meshgrid(np.arange(low[0], high[0], apart), np.arange(low[1], high[1], apart * 0.87))
    across[1::2] += apart / 2
    grid = np.stack([across, down], axis=-1).reshape(-1, 2)
    ring = edge.astype(np.float32)
    kept: list[Floats] = []
    for point in np.concatenate([landmarks, grid]):
        if cv2.pointPolygonTest(ring, (float(point[0]), float(point[1])), True) < 0.7 * apart:
            continue
        if not kept or ((np.array(kept) - point) ** 2).sum(axis=1).min() >= (0.8 * apart) ** 2:
            kept.append(point)
    return np.array(kept, np.float64).reshape(-1, 2)


def triangles_within(points: Floats, count: int) -> NDArray[np.int32]:
    """Delaunay triangles (m, 3) of points (n, 2) whose first ``count`` are an edge, without those outside of it.

    They go counter-clockwise where y points down, so that their normals point outwards, as the face mesh's do.
    """
    cv2 = opencv()
    found = triangulate(points)
    ring = points[:count].astype(np.float32)
    middles = points[found].mean(axis=1)
    inside = [cv2.pointPolygonTest(ring, (float(x), float(y)), False) > 0 for x, y in middles]
    return np.asarray(found[np.array(inside, np.bool_), ::-1], np.int32)
