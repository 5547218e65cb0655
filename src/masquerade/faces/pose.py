"""Yaw, pitch and roll of a face from its dense landmarks.

The upper face (which a mask leaves free, and which moves least with expression) is laid onto the
mean face by the least-squares rotation of Kabsch, "A solution for the best rotation to relate two
sets of vectors", Acta Crystallographica A32, 1976.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RIGID = (
    *(10, 109, 338, 67, 297, 103, 332, 54, 284, 21, 251, 162, 389, 127, 356, 234, 454),  # outline down to the ears
    *(151, 9, 8, 168, 6, 197, 195, 5),  # forehead and nose bridge
    *(33, 133, 362, 263),  # eye corners
    *(108, 337, 69, 299, 104, 333),  # forehead, both sides
)
"""Landmarks of the upper face that hold still when the face talks."""


@lru_cache(maxsize=1)
def mean_face() -> NDArray[np.float64]:
    """The mean face: (468, 3), mirror-symmetric, facing the viewer; made by ``tools/mean_face.py``."""
    path = files("masquerade.faces") / "mean_face.npy"
    with path.open("rb") as stream:
        return np.asarray(np.load(stream, allow_pickle=False), np.float64)


def rotations(landmarks: Floats) -> NDArray[np.float64]:
    """Rotation matrices (n, 3, 3) that turn the mean face as each of the landmarks (n, 468, 3) is turned."""
    target = landmarks[:, RIGID].astype(np.float64)
    target = target - target.mean(axis=1, keepdims=True)
    source = mean_face()[list(RIGID)]
    source = source - source.mean(axis=0)
    u, _, vt = np.linalg.svd(np.einsum("nki,kj->nij", target, source))
    sign = np.sign(np.linalg.det(u @ vt))
    fix = np.tile(np.eye(3), (len(landmarks), 1, 1))
    fix[:, 2, 2] = sign
    return np.asarray(u @ fix @ vt, np.float64)


def head_pose(landmarks: Floats) -> Floats:
    """Head pose from the mesh.

    Args:
        landmarks: (n, 468, 3) in pixels, y downwards, z smaller when nearer.

    Returns:
        (n, 3) float32: yaw, pitch, roll in degrees. Yaw grows as the face turns towards the right
        edge of the picture, pitch as it looks up, roll as it tilts clockwise in the picture.
    """
    if not len(landmarks):
        return np.zeros((0, 3), np.float32)
    turn = rotations(landmarks)
    forward = -turn[:, :, 2]  # where the nose points; the viewer is at negative z
    yaw = np.arctan2(forward[:, 0], -forward[:, 2])
    pitch = np.arcsin(np.clip(-forward[:, 1], -1, 1))
    level = np.stack([np.cos(yaw), np.zeros_like(yaw), np.sin(yaw)], axis=1)  # the ear axis without roll
    down = np.cross(-forward, level)
    across = turn[:, :, 0]
    roll = np.arctan2((across * down).sum(axis=1), (across * level).sum(axis=1))
    return np.asarray(np.degrees(np.stack([yaw, pitch, roll], axis=1)), np.float32)
