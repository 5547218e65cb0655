"""The surface on which masks of photos are taken to lie: a cloth drawn tight over the lower half of the mean head."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from masquerade.masks import head
from masquerade.masks.placing import carry, fit_affine, pull_of
from masquerade.masks.raster import rasterise

Floats = NDArray[np.float64]

TOP, BOTTOM = -0.75, 2.0
"""Heights between which the surface reaches, in units of the mean face: from the eyes to the neck."""
TAUT_TOP, TAUT_BOTTOM = -0.25, 1.32
"""Heights between which it is drawn tight, from the bridge of the nose to the chin; beyond, it lies on the skin."""
REACH = 95.0
"""Degrees to either side."""
ACROSS, DOWN = 39, 33
CLEARANCE = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Unrolled:
    """Where the pixels of a picture lie on the surface that is placed on its face.

    Attributes:
        places: (height, width, 3) float32 in the space of the mean face; 0 beyond the surface.
        angles, heights: (height, width) float32: degrees around the head, and height in units of the mean face.
        inside: (height, width) bool: what the surface covers.
    """

    places: NDArray[np.float32]
    angles: NDArray[np.float32]
    heights: NDArray[np.float32]
    inside: NDArray[np.bool_]


@lru_cache(maxsize=1)
def _cloth() -> tuple[Floats, NDArray[np.float32], NDArray[np.int32]]:
    """Its corners (n, 3), how they follow the landmarks (n, 468), and its triangles (m, 3)."""
    skin = head.skin()
    reach = np.radians(REACH)
    tight = head.tight(skin, TAUT_TOP, TAUT_BOTTOM, reach)
    angles, heights = np.meshgrid(np.linspace(-reach, reach, ACROSS), np.linspace(TOP, BOTTOM, DOWN))
    corners = head.to_space(angles, heights, head.look_up(tight, angles, heights) + CLEARANCE).reshape(-1, 3)
    index = np.arange(DOWN * ACROSS).reshape(DOWN, ACROSS)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = np.concatenate([np.stack(part, axis=-1).reshape(-1, 3) for part in ((a, b, c), (a, c, d))])
    return corners, pull_of(corners), triangles.astype(np.int32)


def unroll(landmarks: NDArray[np.float32], size: tuple[int, int]) -> Unrolled:
    """Place the surface on a face and tell for each pixel where it lies on it, nearest side first.

    Args:
        landmarks: (468, 3) float32 in pixels, z in the same scale.
        size: (width, height) of the picture.
    """
    corners, pull, triangles = _cloth()
    screen = carry(corners, pull, *fit_affine(landmarks))
    low, span = corners.min(axis=0), np.ptp(corners, axis=0)
    drawn, inside = rasterise(screen.astype(np.float32), (corners - low) / span, triangles, size)
    places = (drawn * span + low).astype(np.float32)
    places[~inside] = 0
    angles = np.degrees(head.angles_of(places.astype(np.float64))).astype(np.float32)
    return Unrolled(places, angles, places[..., 1], inside)
