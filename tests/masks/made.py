"""Faces with known numbers, sample photos made small, and draws without chance."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from masquerade.faces import Faces, find_faces
from masquerade.faces.pose import head_pose, mean_face
from masquerade.faces.topology import mesh_triangles
from masquerade.masks import MaskPlan, Plan
from masquerade.masks.raster import rasterise
from tests.faces.photos import NAMES, SEARCH, photo

__all__ = ["NAMES"]

Floats = NDArray[np.float32]
SIDE = 360
"""Longer side of the small photos: their faces are about 150 pixels high."""


@lru_cache(maxsize=8)
def small(name: str) -> tuple[NDArray[np.uint8], Faces]:
    """A sample photo made small, and its face."""
    whole = photo(name)
    scale = SIDE / max(whole.shape[:2])
    size = (round(whole.shape[1] * scale), round(whole.shape[0] * scale))
    image = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)
    image.flags.writeable = False
    return image, find_faces(image, "photo", SEARCH)


def turned_face(
    width: float = 100, yaw: float = 0, pitch: float = 0, centre: tuple[float, float] = (150, 150)
) -> Floats:
    """Landmarks (468, 3) of the mean face, ``width`` pixels across when it looks ahead, turned by degrees."""
    across, up = np.radians([yaw, pitch])
    # The nose points to -z: turning it to +x (yaw) and to -y (pitch).
    about_y = np.array([[np.cos(across), 0, -np.sin(across)], [0, 1, 0], [np.sin(across), 0, np.cos(across)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(up), np.sin(up)], [0, -np.sin(up), np.cos(up)]])
    face = mean_face()
    return np.asarray(face @ (about_y @ about_x).T * (width / np.ptp(face[:, 0])) + [*centre, 0], np.float32)


def faces_of(landmarks: Floats, size: tuple[int, int] = (300, 300)) -> Faces:
    """Landmarks (n, 468, 3) as the finder would give them."""
    landmarks = landmarks if landmarks.ndim == 3 else landmarks[None]
    corners = [landmarks[..., :2].min(axis=1), landmarks[..., :2].max(axis=1)]
    return Faces(
        size=size,
        boxes=np.concatenate(corners, axis=1),
        scores=np.ones(len(landmarks), np.float32),
        points=landmarks[:, [33, 263, 1, 61, 291], :2],
        landmarks=landmarks,
        mesh_scores=np.ones(len(landmarks), np.float32),
        pose=head_pose(landmarks),
    )


def drawn_face(
    landmarks: Floats, brightness: Floats, skin: tuple[int, int, int], around: int, size: int = 300
) -> NDArray[np.uint8]:
    """A picture of a face whose linear brightness at each landmark (468,) is known, before an even background."""
    linear = (np.array(skin) / 255) ** 2.2 * np.clip(brightness, 0, None)[:, None]
    values = np.clip(linear, 0, 1) ** (1 / 2.2)
    drawn, inside = rasterise(landmarks, values.astype(np.float32), mesh_triangles(), (size, size))
    return np.where(inside[..., None], drawn * 255, around).round().astype(np.uint8)


class Chances:
    """A generator whose numbers are given, and counted."""

    def __init__(self, *numbers: float) -> None:
        self.numbers = numbers
        self.taken = 0

    def random(self, count: int) -> NDArray[np.float64]:
        self.taken += count
        return np.resize(np.array(self.numbers, np.float64), count)

    def as_generator(self) -> np.random.Generator:
        return cast(np.random.Generator, self)


def one(face: int = 0, **values: Any) -> Plan:
    """A plan of one mask: surgical, worn correctly, if nothing else is said."""
    return Plan((MaskPlan(face, **{"kind": "surgical", "colour": "#9cc7e2", **values}),))


def luminance(image: NDArray[Any], where: NDArray[np.bool_]) -> float:
    """The mean of the green, most of the brightness."""
    return float(image[where][:, 1].mean())
