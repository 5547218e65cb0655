"""The value that goes through the whole house: what was found in one picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import FacesInvalid

Floats = NDArray[np.float32]

RIGHT_EYE, LEFT_EYE, NOSE_TIP, RIGHT_MOUTH, LEFT_MOUTH = range(5)
"""Order of the five key points; right and left are the person's own."""


@dataclass(frozen=True, slots=True)
class Pose:
    """How one head is turned, in degrees; see ``Faces.pose`` for the signs."""

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Faces found in one picture, as arrays over n faces, the largest first.

    Attributes:
        size: (width, height) of the upright picture in pixels.
        boxes: (n, 4) float32, xyxy in pixels of that picture; may reach beyond its edge.
        scores: (n,) float32 in 0 to 1, the detector's.
        points: (n, 5, 2) float32 in pixels: right eye, left eye, nose tip, right and left mouth corner.
        landmarks: (n, 468, 3) float32 or None: the dense mesh, x and y in pixels, z in the same
            scale, nearer is smaller.
        mesh_scores: (n,) float32 in 0 to 1 or None: the mesh's own probability of a face.
        pose: (n, 3) float32 or None: yaw, pitch, roll in degrees. Yaw grows as the face turns
            towards the right edge of the picture, pitch as it looks up, roll as it tilts clockwise.
    """

    size: tuple[int, int]
    boxes: Floats
    scores: Floats
    points: Floats
    landmarks: Floats | None = None
    mesh_scores: Floats | None = None
    pose: Floats | None = None

    def __post_init__(self) -> None:
        """Check that the arrays fit together, and make them float32 and read-only."""
        width, height = self.size
        if width <= 0 or height <= 0:
            raise FacesInvalid(f"size: expected positive width and height, got {self.size}")
        count = np.shape(self.boxes)[0] if np.ndim(self.boxes) else 0
        shapes: dict[str, tuple[int, ...]] = {
            "boxes": (count, 4),
            "scores": (count,),
            "points": (count, 5, 2),
            "landmarks": (count, 468, 3),
            "mesh_scores": (count,),
            "pose": (count, 3),
        }
        for name, shape in shapes.items():
            values = getattr(self, name)
            if values is not None:
                object.__setattr__(self, name, _checked(name, values, shape))
        for name in ("scores", "mesh_scores"):
            values = getattr(self, name)
            if values is not None and not ((values >= 0) & (values <= 1)).all():
                raise FacesInvalid(f"{name}: expected numbers in 0 to 1, got {values.min()} to {values.max()}")
        if (self.boxes[:, 2:] < self.boxes[:, :2]).any():
            wrong = self.boxes[(self.boxes[:, 2:] < self.boxes[:, :2]).any(axis=1)][0]
            raise FacesInvalid(f"boxes: expected x0 <= x1 and y0 <= y1, got {wrong.tolist()}")

    @classmethod
    def empty(cls, size: tuple[int, int]) -> Faces:
        """Return the value that says: no face in a picture of this (width, height)."""
        return cls(
            size=size,
            boxes=np.zeros((0, 4), np.float32),
            scores=np.zeros(0, np.float32),
            points=np.zeros((0, 5, 2), np.float32),
        )

    def __len__(self) -> int:
        """Count the faces."""
        return len(self.boxes)

    def __getitem__(self, index: int | slice | NDArray[Any] | list[int]) -> Faces:
        """Return some of the faces: one, a slice, indices or a boolean mask."""
        if isinstance(index, int | np.integer):
            if not -len(self) <= index < len(self):
                raise IndexError(f"face {index} of {len(self)}")
            index = [int(index)]
        return replace(
            self,
            boxes=self.boxes[index],
            scores=self.scores[index],
            points=self.points[index],
            landmarks=None if self.landmarks is None else self.landmarks[index],
            mesh_scores=None if self.mesh_scores is None else self.mesh_scores[index],
            pose=None if self.pose is None else self.pose[index],
        )

    def __iter__(self) -> Iterator[Faces]:
        """Go through the faces one by one."""
        return (self[index] for index in range(len(self)))

    @property
    def surest(self) -> Faces:
        """The face of which the detector is surest, alone; none where there is none."""
        return self[np.argsort(-self.scores, kind="stable")[:1]]

    @property
    def heights(self) -> Floats:
        """The longer side of each box in pixels, (n,) float32."""
        return np.asarray((self.boxes[:, 2:] - self.boxes[:, :2]).max(axis=1, initial=0), np.float32)


def _checked(name: str, values: Any, shape: tuple[int, ...]) -> Floats:
    try:
        array = np.array(values, np.float32)
    except (TypeError, ValueError) as error:
        raise FacesInvalid(f"{name}: expected an array of shape {shape}: {error}") from error
    if array.shape != shape:
        raise FacesInvalid(f"{name}: expected shape {shape}, got {array.shape}")
    if not np.isfinite(array).all():
        raise FacesInvalid(f"{name}: expected finite numbers, got {array[~np.isfinite(array)][:3]}")
    array.flags.writeable = False
    return array
