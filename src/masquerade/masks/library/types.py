"""One mask of a library, and a photo that gave none."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, fields
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from masquerade.errors import LibraryInvalid, PlanInvalid
from masquerade.faces.types import Pose
from masquerade.masks.types import KINDS, Kind, rgb

VERSION = 1
"""Of ``library.json``. Another version is refused."""

MAX_SIDE = 4096
"""Of a picture in pixels; what is built stays well below."""

Points = tuple[tuple[float, ...], ...]
Triangles = tuple[tuple[int, int, int], ...]

SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Source:
    """The photo that an entry was cut out of: the name of its file, and that file's SHA-256."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One mask that was cut out of a photo.

    Attributes:
        id: its name in the library.
        kind: which kind of mask, as the builder was told.
        pose: of the face in the photo.
        points: x and y of each corner in pixels of the picture, pixel centres on whole numbers.
        vertices: x, y and z of each corner in the space of the mean face.
        triangles: indices of three corners, counter-clockwise in the picture, so that normals point outwards.
        outline: how many of the corners, the first ones, are the edge, in order around it.
        mean_colour: of the mask, ``#rrggbb``.
        skin_colour: of the bare face above it, ``#rrggbb``.
        png: the picture's file, relative to ``library.json``: colours, and alpha with a soft edge.
        sha256: of that file.
        size: (width, height) of the picture.
        source: the photo.
    """

    id: str
    kind: Kind
    pose: Pose
    points: Points
    vertices: Points
    triangles: Triangles
    outline: int
    mean_colour: str
    skin_colour: str
    png: str
    sha256: str
    size: tuple[int, int]
    source: Source

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> Entry:
        """Read what ``to_dict`` gave, after JSON.

        Raises:
            LibraryInvalid: a field is missing, unknown, or holds what it cannot.
        """
        try:
            entry = cls(
                **{
                    **values,
                    "pose": Pose(**{name: float(value) for name, value in values["pose"].items()}),
                    "points": _rows(values["points"], 2),
                    "vertices": _rows(values["vertices"], 3),
                    "triangles": tuple((int(a), int(b), int(c)) for a, b, c in values["triangles"]),
                    "outline": int(values["outline"]),
                    "size": (int(values["size"][0]), int(values["size"][1])),
                    "source": Source(**values["source"]),
                }
            )
            entry._check()
        except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError, PlanInvalid) as error:
            name = values.get("id") if isinstance(values, dict) else None
            known = ", ".join(item.name for item in fields(cls))
            raise LibraryInvalid(f"entry {name!r}: {error!r}", hint=f"an entry has the fields {known}") from error
        return entry

    def _check(self) -> None:
        rgb(self.mean_colour)
        rgb(self.skin_colour)
        png = PurePosixPath(self.png)
        numbers = np.array([*self.pose_numbers(), *np.ravel(self.points), *np.ravel(self.vertices)])
        count = len(self.vertices)
        wrong = {
            "id": not isinstance(self.id, str) or not self.id,
            "kind": self.kind not in KINDS,
            "png": png.is_absolute()
            or ".." in png.parts
            or "\\" in self.png
            or "\0" in self.png
            or png.suffix != ".png",
            "sha256": SHA256.fullmatch(self.sha256) is None,
            "size": not 1 <= min(self.size) <= max(self.size) <= MAX_SIDE,
            "points": len(self.points) != count or count < 3 or not np.isfinite(numbers).all(),
            "outline": not 3 <= self.outline <= count,
            "triangles": not self.triangles or not 0 <= np.min(self.triangles) <= np.max(self.triangles) < count,
        }
        for name, bad in wrong.items():
            if bad:
                raise ValueError(f"{name} is out of range")

    def pose_numbers(self) -> tuple[float, float, float]:
        """Yaw, pitch and roll."""
        return self.pose.yaw, self.pose.pitch, self.pose.roll


def _rows(rows: Any, width: int) -> Points:
    result = tuple(tuple(float(value) for value in row) for row in rows)
    if any(len(row) != width for row in result):
        raise ValueError(f"expected rows of {width} numbers")
    return result


@dataclass(frozen=True, slots=True)
class Refused:
    """A photo, or a face in it, that gave no mask.

    Attributes:
        photo: its file.
        code: of an image error, or ``no_face``, ``face_too_small``, ``face_doubtful``, ``pose_too_far``,
            ``mask_not_found``, ``mask_cut_off``, ``mask_like_skin``, ``mask_covered``, ``mask_incomplete``,
            ``mask_wrong_size``, ``mask_ragged``, ``mask_faint`` or ``duplicate``.
        message: what was expected and what was there.
        face: index of the face, the largest first; None for the whole photo.
    """

    photo: str
    code: str
    message: str
    face: int | None = None


def hexadecimal(colour: Any) -> str:
    """``#rrggbb`` of three numbers in 0 to 255."""
    red, green, blue = (min(255, max(0, math.floor(float(value) + 0.5))) for value in colour)
    return f"#{red:02x}{green:02x}{blue:02x}"
