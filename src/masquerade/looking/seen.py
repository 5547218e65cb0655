"""What was seen in one picture: faces, and how each wears a mask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from masquerade.errors import FacesInvalid
from masquerade.faces.types import Faces, Pose
from masquerade.wearing.types import LABELS, PARTS, UNDECIDED, Wearing

REASONS = {
    "with_mask": "nose, mouth and chin are covered",
    "without_mask": "nose, mouth and chin show",
    UNDECIDED: "no label is likely enough",
}


@dataclass(frozen=True, slots=True)
class FaceWearing:
    """How one face wears a mask.

    Attributes:
        label: ``with_mask``, ``without_mask`` or ``incorrect``; ``undecided`` where none is as likely as asked for.
        probabilities: of each label, 0 to 1.
        visible: which of nose, mouth and chin show.
        kind: what covers the face: ``surgical``, ``respirator``, ``cloth`` or ``gas``, ``other`` where it is no mask,
            ``none``; None where the model does not say.
    """

    label: str
    probabilities: dict[str, float]
    visible: tuple[str, ...]
    kind: str | None = None

    @property
    def probability(self) -> float:
        """Probability of the label; of an undecided face that of its likeliest label."""
        return self.probabilities.get(self.label, max(self.probabilities.values()))

    @property
    def reason(self) -> str:
        """Why, in words."""
        if self.label == "without_mask" and self.visible != PARTS:
            hidden = tuple(part for part in PARTS if part not in self.visible)
            return f"no mask; something else covers {_listed(hidden)}"
        if self.label in REASONS:
            return REASONS[self.label]
        if not self.visible:
            return "the mask is worn wrongly"
        return f"{_listed(self.visible)} show{'' if self.visible[1:] else 's'} beside the mask"


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if names[1:] else names[0]


@dataclass(frozen=True, slots=True)
class SeenFace:
    """One face.

    Attributes:
        box: x0, y0, x1, y1 in pixels of the upright photo.
        score: the detector's, 0 to 1.
        points: right eye, left eye, nose tip, right and left mouth corner, (x, y) in pixels.
        pose: yaw, pitch and roll in degrees.
        wearing: how the mask is worn.
    """

    box: tuple[float, float, float, float]
    score: float
    points: tuple[tuple[float, float], ...]
    pose: Pose
    wearing: FaceWearing


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """All faces of one picture; iterates over ``SeenFace``.

    Attributes:
        faces: boxes, landmarks and pose as arrays.
        wearing: how masks are worn, as arrays.
        confidence: lowest probability of a label that is given; below it a face is ``undecided``.
    """

    faces: Faces
    wearing: Wearing
    confidence: float = 0.0

    def __post_init__(self) -> None:
        """Check that both speak of the same faces."""
        if len(self.faces) != len(self.wearing):
            raise FacesInvalid(f"wearing: expected {len(self.faces)} rows, one a face, got {len(self.wearing)}")

    @property
    def width(self) -> int:
        """Width of the upright picture in pixels."""
        return self.faces.size[0]

    @property
    def height(self) -> int:
        """Height of the upright picture in pixels."""
        return self.faces.size[1]

    def __len__(self) -> int:
        """Count the faces."""
        return len(self.faces)

    def __getitem__(self, index: int) -> SeenFace:
        """Return one face; 0 is the largest."""
        face = self.faces[index]
        rows = self.wearing[[index]]
        x0, y0, x1, y1 = (round(float(value), 1) for value in face.boxes[0])
        yaw, pitch, roll = (0.0, 0.0, 0.0) if face.pose is None else (round(float(value), 1) for value in face.pose[0])
        values = [round(float(value), 4) for value in rows.probabilities[0]]
        return SeenFace(
            box=(x0, y0, x1, y1),
            score=round(float(face.scores[0]), 4),
            points=tuple((round(float(x), 1), round(float(y), 1)) for x, y in face.points[0]),
            pose=Pose(yaw, pitch, roll),
            wearing=FaceWearing(
                rows.labels_from(self.confidence)[0],
                dict(zip(LABELS, values, strict=True)),
                rows.visible_parts[0],
                rows.likeliest_kinds[0],
            ),
        )

    def __iter__(self) -> Iterator[SeenFace]:
        """Go through the faces, the largest first."""
        return (self[index] for index in range(len(self)))

    def to_dict(self) -> dict[str, Any]:
        """Give the form of a JSON line, without the photo's name; ``docs/look.schema.json`` describes it."""
        return {
            "width": self.width,
            "height": self.height,
            "faces": [
                {
                    "box": list(face.box),
                    "score": face.score,
                    "points": [list(point) for point in face.points],
                    "pose": {"yaw": face.pose.yaw, "pitch": face.pose.pitch, "roll": face.pose.roll},
                    "wearing": {
                        "label": face.wearing.label,
                        "probabilities": face.wearing.probabilities,
                        "visible": list(face.wearing.visible),
                        "kind": face.wearing.kind,
                    },
                }
                for face in self
            ],
        }
