"""The mean head unrolled: how far its skin, and a cloth drawn tight over it, lie from an upright axis.

Masks are laid out here once, in the space of the mean face, and carried to each real face afterwards. The units
are those of the mean face: the eyes' outer corners lie about 1.44 apart, x grows to the right, y down, z away
from the viewer. A place on the head is an angle around the axis (0 in front, positive to the right) and a height y.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from masquerade.faces.pose import mean_face
from masquerade.faces.topology import mesh_triangles
from masquerade.masks.raster import rasterise

Floats = NDArray[np.float64]

AXIS_Z = 0.9
"""Depth of the upright axis, between the ears."""
MAX_ANGLE = 1.9
TOP, BOTTOM = -0.9, 2.3
COLUMNS, ROWS = 96, 128
CHIN_Y = 1.27
NECK_FRONT, NECK_SIDE = 0.42, 0.72
NECK_SLOPE = 1.15
"""How much nearer to the axis the skin comes below the jaw, for each unit of height."""


def angles_of(points: Floats) -> Floats:
    """Angle around the axis of points (..., 3), in radians."""
    return np.asarray(np.arctan2(points[..., 0], AXIS_Z - points[..., 2]), np.float64)


def to_space(angles: Floats, heights: Floats, radii: Floats) -> Floats:
    """Places on the head as points (..., 3) in the space of the mean face."""
    return np.stack([radii * np.sin(angles), heights, AXIS_Z - radii * np.cos(angles)], axis=-1)


def grid_angles() -> Floats:
    """Angles of the map's columns."""
    return np.linspace(-MAX_ANGLE, MAX_ANGLE, COLUMNS)


def grid_heights() -> Floats:
    """Heights of the map's rows."""
    return np.linspace(TOP, BOTTOM, ROWS)


@lru_cache(maxsize=1)
def skin() -> Floats:
    """Distance of the skin from the axis: (ROWS, COLUMNS). Beyond the mesh, the neck and the sides are guessed."""
    face = mean_face()
    across = (angles_of(face) + MAX_ANGLE) / (2 * MAX_ANGLE) * (COLUMNS - 1)
    down = (face[:, 1] - TOP) / (BOTTOM - TOP) * (ROWS - 1)
    radii = np.hypot(face[:, 0], AXIS_Z - face[:, 2])
    screen = np.stack([across, down, -radii], axis=1)
    values = np.repeat(radii[:, None] / 4, 3, axis=1)
    drawn, covered = rasterise(screen, values, mesh_triangles(), (COLUMNS, ROWS))
    surface = np.where(covered, drawn[..., 0] * 4, np.nan).astype(np.float64)
    return _completed(surface)


def _completed(surface: Floats) -> Floats:
    """Fill the mouth's and the eyes' holes, the sides and the neck."""
    heights, angles = grid_heights(), grid_angles()
    rows = np.arange(ROWS)
    neck = np.hypot(NECK_SIDE * np.sin(angles), NECK_FRONT * np.cos(angles))
    known_columns = [column for column in range(COLUMNS) if np.isfinite(surface[:, column]).sum() >= 4]
    for column in known_columns:
        line = surface[:, column]
        known = np.flatnonzero(np.isfinite(line))
        line[: known[-1]] = np.interp(rows[: known[-1]], known, line[known])
        below = heights[known[-1] :] - heights[known[-1]]
        line[known[-1] :] = np.maximum(line[known[-1]] - NECK_SLOPE * below, neck[column])
    first, last = known_columns[0], known_columns[-1]
    surface[:, :first] = surface[:, first : first + 1]
    surface[:, last + 1 :] = surface[:, last : last + 1]
    return surface


def upper_envelope(x: Floats, y: Floats) -> Floats:
    """The least concave function above the points: a thread drawn tight over them. ``x`` (n,) grows, ``y`` is (n,)."""
    hull: list[int] = []
    for index in range(len(x)):
        while len(hull) >= 2:
            a, b = hull[-2], hull[-1]
            if (y[b] - y[a]) * (x[index] - x[a]) <= (y[index] - y[a]) * (x[b] - x[a]):
                hull.pop()
            else:
                break
        hull.append(index)
    return np.interp(x, x[hull], y[hull])


def tight(surface: Floats, top: float, bottom: float, reach: float) -> Floats:
    """A cloth drawn tight over the part of a surface (ROWS, COLUMNS) between two heights and within an angle.

    Threads are drawn down each column first, then across each row in the plane, where the axis is the centre.
    """
    heights, angles = grid_heights(), grid_angles()
    rows = np.flatnonzero((heights >= top) & (heights <= bottom))
    columns = np.flatnonzero(np.abs(angles) <= reach)
    cloth = surface.copy()
    for column in columns:
        cloth[rows, column] = upper_envelope(heights[rows], cloth[rows, column])
    for row in rows:
        cloth[row, columns] = _hull_radii(angles[columns], cloth[row, columns])
    return cloth


def _hull_radii(angles: Floats, radii: Floats) -> Floats:
    """Distances to the convex hull of points given by angle and distance, seen from the centre."""
    # A straight line in the plane is a sinusoid in 1 / radius: its lower envelope in projective coordinates.
    x, y = radii * np.sin(angles), radii * np.cos(angles)
    hull: list[int] = []
    for index in range(len(x)):
        while len(hull) >= 2:
            a, b = hull[-2], hull[-1]
            if (x[b] - x[a]) * (y[index] - y[a]) - (y[b] - y[a]) * (x[index] - x[a]) >= 0:
                hull.pop()
            else:
                break
        hull.append(index)
    result = radii.copy()
    for a, b in pairwise(hull):
        between = np.arange(a + 1, b)
        cross = x[a] * y[b] - x[b] * y[a]
        along = np.sin(angles[between]) * (y[b] - y[a]) - np.cos(angles[between]) * (x[b] - x[a])
        result[between] = -cross / -along
    return result


def look_up(surface: Floats, angles: Floats, heights: Floats) -> Floats:
    """Read a map (ROWS, COLUMNS) at places on the head, bilinearly."""
    across = np.clip((angles + MAX_ANGLE) / (2 * MAX_ANGLE) * (COLUMNS - 1), 0, COLUMNS - 1.001)
    down = np.clip((heights - TOP) / (BOTTOM - TOP) * (ROWS - 1), 0, ROWS - 1.001)
    column, row = across.astype(int), down.astype(int)
    u, v = across - column, down - row
    upper = surface[row, column] * (1 - u) + surface[row, column + 1] * u
    lower = surface[row + 1, column] * (1 - u) + surface[row + 1, column + 1] * u
    return np.asarray(upper * (1 - v) + lower * v, np.float64)
