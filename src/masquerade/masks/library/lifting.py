"""From pixels of a photo to the space of the mean face: ``placing.place`` the other way round."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import opencv
from masquerade.masks.library.surface import Unrolled
from masquerade.masks.placing import carry, fit_affine, pull_of

Floats = NDArray[np.float64]

ROUNDS = 40
CLOSE = 0.02
"""Pixels at which the search ends."""


def lift(points: Floats, landmarks: NDArray[np.float32], unrolled: Unrolled) -> Floats:
    """Find the corners that ``place`` carries onto points of a photo.

    Depth is that of the surface on the face; beyond the surface, that of its nearest edge.

    Args:
        points: (n, 2) x and y in pixels.
        landmarks: (468, 3) of the face, in the same pixels.
        unrolled: the surface on that face.

    Returns:
        (n, 3) in the space of the mean face.
    """
    affine, rest = (part.astype(np.float64) for part in fit_affine(landmarks))
    back = np.linalg.inv(affine[:2, :2])
    vertices = _on_surface(points, unrolled)
    for _ in range(ROUNDS):
        missing = points - carry(vertices, pull_of(vertices), affine, rest)[:, :2]
        if np.abs(missing).max(initial=0) < CLOSE:
            break
        vertices[:, :2] += 0.8 * (missing @ back)
    return vertices


def _on_surface(points: Floats, unrolled: Unrolled) -> Floats:
    """The place on the surface under each point, or the nearest one."""
    cv2 = opencv()
    outside = (~unrolled.inside).astype(np.uint8)
    height, width = outside.shape
    _, nearest = cv2.distanceTransformWithLabels(outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    rows, columns = np.nonzero(unrolled.inside)
    where = np.zeros((nearest.max() + 1, 2), np.intp)
    where[nearest[rows, columns]] = np.stack([rows, columns], axis=1)
    x = np.clip(np.round(points[:, 0]), 0, width - 1).astype(np.intp)
    y = np.clip(np.round(points[:, 1]), 0, height - 1).astype(np.intp)
    rows, columns = where[nearest[y, x]].T
    return np.asarray(unrolled.places[rows, columns], np.float64)
