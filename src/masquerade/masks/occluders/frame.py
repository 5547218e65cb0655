"""The upright frame of a head in the picture: origin between the lips, u to the right, v down, in units of the face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masquerade.masks.placing import affine_of, unit_of

Floats = NDArray[np.float32]
Place = tuple[float, float]

LIPS_Y = 0.56
"""Height of the lips in the mean face."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Where one head stands.

    Attributes:
        origin: x and y between the lips in pixels.
        unit: pixels of a unit of the mean face.
        cosine, sine: of the roll.
        yaw: radians; grows as the face turns towards the right edge of the picture.
        points: (468, 2) float32 landmarks in the frame.
        affine: (4, 3) from the mean face, with a one, to pixels.
    """

    origin: Place
    unit: float
    cosine: float
    sine: float
    yaw: float
    points: Floats
    affine: Floats

    def mean(self, x: float, y: float, z: float) -> Place:
        """A place in the space of the mean face, in the frame; ``y`` is 0 at the lips."""
        pixel = np.array([x, y + LIPS_Y, z, 1], np.float32) @ self.affine
        return self.seen(float(pixel[0]), float(pixel[1]))

    def seen(self, x: float, y: float) -> Place:
        """A pixel of the picture, in the frame."""
        across, down = (x - self.origin[0]) / self.unit, (y - self.origin[1]) / self.unit
        return across * self.cosine + down * self.sine, down * self.cosine - across * self.sine

    def pixel(self, u: float, v: float) -> Place:
        """A place of the frame, in pixels of the picture."""
        x = self.origin[0] + self.unit * (u * self.cosine - v * self.sine)
        return x, self.origin[1] + self.unit * (u * self.sine + v * self.cosine)

    def at(self, landmark: int) -> Place:
        """A landmark in the frame."""
        return float(self.points[landmark, 0]), float(self.points[landmark, 1])


def frame_of(landmarks: Floats, pose: Floats) -> Frame:
    """The frame of a face.

    Args:
        landmarks: (468, 3) float32 in pixels.
        pose: (3,) float32: yaw, pitch, roll in degrees.
    """
    yaw, _, roll = (float(value) for value in np.radians(pose))
    cosine, sine = float(np.cos(roll)), float(np.sin(roll))
    unit = max(unit_of(landmarks), 1.0)
    origin = (landmarks[13, :2] + landmarks[14, :2]) / 2
    turn = np.array([[cosine, -sine], [sine, cosine]], np.float32)
    points = (landmarks[:, :2] - origin) @ turn * np.float32(1 / unit)
    return Frame(
        (float(origin[0]), float(origin[1])),
        unit,
        cosine,
        sine,
        yaw,
        np.asarray(points, np.float32),
        affine_of(landmarks),
    )
