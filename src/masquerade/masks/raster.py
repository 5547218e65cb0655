"""Triangles to pixels: three numbers of each corner spread over the picture, nearest surface first."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import opencv

DISTANCE = 100.0
"""How far, in canvas heights, the camera stands; far enough that values spread evenly over a triangle."""
FIELD_OF_VIEW = 2 * math.atan(0.5 / DISTANCE)
UPRIGHT = np.eye(4, dtype=np.float32)


@lru_cache(maxsize=1)
def _settings() -> Any:
    cv2 = opencv()
    settings = cv2.TriangleRasterizeSettings()
    settings.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
    settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    return settings


def rasterise(
    screen: NDArray[Any], values: NDArray[Any], triangles: NDArray[np.int32], size: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Draw triangles with a depth buffer.

    Args:
        screen: (n, 3) corners: x and y in pixels of the canvas (centres on whole numbers), z in the same
            scale, nearer is smaller.
        values: (n, 3) numbers in 0 to 1 to spread between the corners.
        triangles: (m, 3) int32 indices of corners; both sides are drawn.
        size: (width, height) of the canvas.

    Returns:
        The values (height, width, 3) float32, 0 where nothing was drawn, and what was drawn (height, width) bool.
    """
    cv2 = opencv()
    width, height = size
    if not len(screen):
        return np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.bool_)
    far = DISTANCE * height
    depth = screen[:, 2] - (np.minimum.reduce(screen[:, 2]) - far)
    deepest = float(np.maximum.reduce(depth)) + 1
    # Undo the perspective of the camera, which looks along -z with y up.
    corners = np.empty((len(screen), 3), np.float32)
    wider = depth * (1 / far)
    corners[:, 0] = (screen[:, 0] + (0.5 - width / 2)) * wider
    corners[:, 1] = (height / 2 - 0.5 - screen[:, 1]) * wider
    corners[:, 2] = -depth
    colours = np.zeros((height, width, 3), np.float32)
    depths = np.full((height, width), deepest, np.float32)
    cv2.triangleRasterize(
        corners,
        triangles,
        np.ascontiguousarray(values, np.float32),
        colours,
        depths,
        UPRIGHT,
        FIELD_OF_VIEW,
        far - 1,
        deepest,
        _settings(),
    )
    return colours, depths < deepest - 0.5
