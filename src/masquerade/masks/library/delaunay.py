"""Delaunay triangulation of a few hundred points: Bowyer and Watson, The Computer Journal 24(2), 1981.

SciPy's is not among the dependencies, and OpenCV's ``Subdiv2D`` gives corners back as float32 coordinates instead
of indices, which must then be looked up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FAR = 50.0
"""How far the corners of the first triangle lie, in sizes of the whole."""


def triangulate(points: NDArray[np.float64]) -> NDArray[np.int32]:
    """Connect points.

    Args:
        points: (n, 2), all different.

    Returns:
        (m, 3) int32 indices that fill the convex hull, each clockwise where y points down.
    """
    count = len(points)
    if count < 3:
        return np.zeros((0, 3), np.int32)
    low, span = points.min(axis=0), float(np.ptp(points, axis=0).max()) or 1.0
    unit = (points - low) / span
    corners = np.array([[0.5 - FAR, -FAR], [0.5 + FAR, -FAR], [0.5, FAR]])
    unit = np.concatenate([unit, corners])
    triangles = np.array([[count, count + 1, count + 2]])
    circles = _circles(unit, triangles)
    for index in range(count):
        away = ((unit[index] - circles[:, :2]) ** 2).sum(axis=1) - circles[:, 2]
        hit = away < 1e-12
        edges = triangles[hit][:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
        # The rim of the hole: edges that no two of its triangles share.
        _, first, often = np.unique(np.sort(edges, axis=1), axis=0, return_index=True, return_counts=True)
        rim = edges[first[often == 1]]
        new = np.concatenate([rim, np.full((len(rim), 1), index)], axis=1)
        new = new[_area(unit, new) > 1e-14]
        triangles = np.concatenate([triangles[~hit], new])
        circles = np.concatenate([circles[~hit], _circles(unit, new)])
    return np.asarray(triangles[(triangles < count).all(axis=1)], np.int32)


def _area(points: Floats, triangles: NDArray[np.intp]) -> Floats:
    """Twice the area of triangles, positive where they go clockwise and y points down."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    u, v = b - a, c - a
    return np.asarray(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0], np.float64)


def _circles(points: Floats, triangles: NDArray[np.intp]) -> Floats:
    """Centre and squared radius of the circles through the corners: (m, 3)."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    u, v = b - a, c - a
    twice = 2 * (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])
    uu, vv = (u**2).sum(axis=1), (v**2).sum(axis=1)
    x = (v[:, 1] * uu - u[:, 1] * vv) / twice
    y = (u[:, 0] * vv - v[:, 0] * uu) / twice
    return np.stack([a[:, 0] + x, a[:, 1] + y, x**2 + y**2], axis=1)
