"""How well each face can be used: its size, sharpness, light, pose, and what the frame cuts off.

Names follow ISO/IEC 29794-5, "Biometric sample quality, part 5: face image data", where it has one;
the measures are simple stand-ins, not those of its reference software.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import FacesInvalid
from masquerade.faces.align import ARCFACE_SIZE, alignment
from masquerade.faces.mesh import key_points
from masquerade.faces.pose import head_pose
from masquerade.faces.types import LEFT_EYE, RIGHT_EYE, Faces
from masquerade.geometry import box_area, box_intersection, opencv, sample, transform

Floats = NDArray[np.float32]

OUTLINE = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""Landmarks around the face, from the top of the forehead by the person's left ear to the chin and back."""
FOREHEAD, CHIN = 10, 152
DARK, BRIGHT = 25, 247
"""Luminance up to which a pixel is under-exposed, and from which it is over-exposed, as in the standard."""


@dataclass(frozen=True, slots=True, eq=False)
class Quality:
    """Quality of the faces of one picture, as read-only (n,) float32 arrays.

    Attributes:
        inter_eye_distance: pixels between the eye centres, as seen; shrinks as the head turns.
        head_size: length from the top of the forehead to the chin as seen, as a share of the picture's height.
        sharpness: grey levels, 0 and up: standard deviation of the Laplacian of the luminance, on the
            face at the size at which it is recognised (35 pixels between the eyes). About 20 on a sharp
            portrait, below 5 on a blurred one; grows with contrast and with noise.
        luminance: mean luminance of the face (luma of ITU-R BT.601), 0 to 255.
        under_exposure_prevention: share of the face's pixels that are not too dark, 0 to 1; 1 is best.
        over_exposure_prevention: share of the face's pixels that are not too bright, 0 to 1; 1 is best.
        head_pose: the largest of the sizes of yaw, pitch and roll, in degrees; 0 is best.
        crop_of_face: share of the box that lies outside the picture, 0 to 1; 0 is best.

    Where no pixel of a face lies in the picture, sharpness, luminance and both shares are 0.
    """

    inter_eye_distance: Floats
    head_size: Floats
    sharpness: Floats
    luminance: Floats
    under_exposure_prevention: Floats
    over_exposure_prevention: Floats
    head_pose: Floats
    crop_of_face: Floats

    def __post_init__(self) -> None:
        """Make the arrays float32, of one length and read-only."""
        count = len(self.inter_eye_distance)
        for field in fields(self):
            values = np.array(getattr(self, field.name), np.float32)
            if values.shape != (count,):
                raise FacesInvalid(f"{field.name}: expected shape {(count,)}, got {values.shape}")
            values.flags.writeable = False
            object.__setattr__(self, field.name, values)

    def __len__(self) -> int:
        """Count the faces."""
        return len(self.inter_eye_distance)

    def __getitem__(self, index: slice | NDArray[Any] | list[int]) -> Quality:
        """Return the quality of some of the faces."""
        return Quality(*(getattr(self, field.name)[index] for field in fields(self)))


def assess(image: NDArray[np.uint8], faces: Faces) -> Quality:
    """Measure the quality of each face.

    Light and sharpness are read inside the outline of the mesh, on the face laid onto the ArcFace
    template by its eyes, and only where the picture shows it. A mask counts as part of the face.

    Args:
        image: (height, width, 3) uint8 RGB.
        faces: n faces of that picture, with landmarks.

    Returns:
        Quality of the n faces.

    Raises:
        FacesInvalid: the faces have no landmarks, are of a picture of another size, or have both eyes in one place.
    """
    size = (image.shape[1], image.shape[0])
    if faces.size != size:
        raise FacesInvalid(f"size: expected faces of a picture of {size}, got {faces.size}")
    if faces.landmarks is None:
        raise FacesInvalid("landmarks: expected the dense mesh, got None", hint="find_faces fits it")
    flat = faces.landmarks[..., :2]
    points = key_points(faces.landmarks)
    pose = head_pose(faces.landmarks) if faces.pose is None else faces.pose
    light = np.zeros((len(faces), 4), np.float32)
    for index, five in enumerate(points):
        light[index] = _light(image, five, flat[index, OUTLINE])
    return Quality(
        inter_eye_distance=np.linalg.norm(points[:, LEFT_EYE] - points[:, RIGHT_EYE], axis=1),
        head_size=np.linalg.norm(flat[:, CHIN] - flat[:, FOREHEAD], axis=1) / np.float32(size[1]),
        sharpness=light[:, 0],
        luminance=light[:, 1],
        under_exposure_prevention=light[:, 2],
        over_exposure_prevention=light[:, 3],
        head_pose=np.abs(pose).max(axis=1, initial=0),
        crop_of_face=_cropped(faces),
    )


def _cropped(faces: Faces) -> Floats:
    """Share of each box outside the picture; 0 for a box without area."""
    areas = box_area(faces.boxes)
    inside = box_intersection(faces.boxes, np.array([[0, 0, *faces.size]], np.float32))[:, 0]
    shares = np.divide(inside, areas, out=np.ones_like(areas), where=areas > 0)
    return np.asarray(np.clip(1 - shares, 0, 1), np.float32)


def _light(image: NDArray[np.uint8], points: Floats, outline: Floats) -> tuple[float, float, float, float]:
    """Sharpness, mean luminance and the shares of pixels that are not too dark and not too bright."""
    cv2 = opencv()
    matrix = alignment(points, rest_on="eyes")
    grey = cv2.cvtColor(sample(image, matrix, (ARCFACE_SIZE, ARCFACE_SIZE)), cv2.COLOR_RGB2GRAY)
    height, width = image.shape[:2]
    # The outermost pixels are left out: a pixel of the crop there mixes with what lies beyond the picture.
    edge = max(1.0, 1.5 / float(np.sqrt(np.linalg.det(matrix[:, :2]))))
    right, bottom = width - 1 - edge, height - 1 - edge
    frame = np.array([[edge, edge], [right, edge], [right, bottom], [edge, bottom]])
    face = _filled(transform(matrix, outline))
    if right > edge and bottom > edge:
        face &= _filled(transform(matrix, frame))
    else:
        face[:] = False
    if not face.any():
        return 0.0, 0.0, 0.0, 0.0
    inner = cv2.erode(face.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0) > 0
    detail = cv2.Laplacian(grey, cv2.CV_32F)[inner]
    pixels = grey[face]
    return (
        float(detail.std()) if len(detail) else 0.0,
        float(pixels.mean()),
        float((pixels > DARK).mean()),
        float((pixels < BRIGHT).mean()),
    )


def _filled(corners: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where the crop lies inside a polygon (k, 2), as (112, 112) bool."""
    canvas = np.zeros((ARCFACE_SIZE, ARCFACE_SIZE), np.uint8)
    # OpenCV overflows far outside; no picture is a thousand crops away from its own face.
    rounded = np.rint(np.clip(corners, -1e5, 1e5)).astype(np.int32)
    opencv().fillPoly(canvas, [rounded], 1)
    return np.asarray(canvas > 0, np.bool_)
