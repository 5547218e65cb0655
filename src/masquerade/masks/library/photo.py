"""From a photo to the masks that are worn in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masquerade.faces.types import Faces
from masquerade.geometry import opencv, sample
from masquerade.masks.library.checks import judge
from masquerade.masks.library.cutting import Bools, cut, filled, marks, without_skin
from masquerade.masks.library.lifting import lift
from masquerade.masks.library.outline import contour, triangles_within, within
from masquerade.masks.library.surface import Unrolled, unroll
from masquerade.masks.placing import unit_of

Floats = NDArray[np.float32]

ROOM = 1.6
"""Side of the part that is looked at, in longer sides of the face's box."""
SIDES = (128.0, 320.0)
"""Longer side of a face, in pixels, to which smaller and larger ones are scaled."""
MAX_YAW, MAX_PITCH = 60.0, 40.0
"""Degrees beyond which too much of a mask is out of sight."""
MIN_MESH, MIN_SCORE = 0.02, 0.7
"""A face needs one of the two: the mesh's probability, low now and then under a mask, or the detector's score."""
OTHERS_MESH = 0.5
"""Lowest probability of the mesh for faces beside the largest: those in the background are not always faces."""
MOST_OF_PRINT = 0.03
"""Share of a printed mask that may have the colour of skin."""
INSET = 0.018
"""How far the mask's own colours reach short of its edge, in units of the mean face: there skin shines through."""


class Unusable(Exception):
    """A face gives no mask.

    Attributes:
        code, message: see ``Refused``.
    """

    def __init__(self, code: str, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The part of a photo around one face.

    Attributes:
        image: (side, side, 3) uint8 RGB; black beyond the photo.
        seen: (side, side) bool: where the photo is.
        landmarks: (468, 3) float32 in pixels of the part.
        scale: pixels a unit of the mean face.
        matrix: (2, 3) from the photo to the part.
    """

    image: NDArray[np.uint8]
    seen: Bools
    landmarks: Floats
    scale: float
    matrix: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A mask that was cut out.

    Attributes:
        texture: (h, w, 4) uint8 RGBA, colours not multiplied by alpha.
        points: (n, 2) float64 in pixels of the texture.
        vertices: (n, 3) float64 in the space of the mean face.
        triangles: (m, 3) int32.
        outline: how many points, the first ones, are the edge.
        mean: mean colour of the mask, 0 to 255.
        skin: mean colour of the bare skin.
        landmarks: (468, 3) float32 of the face, in pixels of the texture.
    """

    texture: NDArray[np.uint8]
    points: NDArray[np.float64]
    vertices: NDArray[np.float64]
    triangles: NDArray[np.int32]
    outline: int
    mean: NDArray[np.float64]
    skin: tuple[float, float, float]
    landmarks: Floats


def part_of(image: NDArray[np.uint8], box: Floats, landmarks: Floats) -> Part:
    """Cut out the part around a face; a face within ``SIDES`` keeps its pixels.

    Args:
        image: (height, width, 3) uint8 RGB.
        box: (4,) of the face.
        landmarks: (468, 3).
    """
    height = float((box[2:] - box[:2]).max())
    scale = float(np.clip(height, *SIDES) / height)
    side = round(ROOM * height * scale)
    corner = np.floor((box[:2] + box[2:]) / 2 * scale - side / 2)
    matrix = np.array([[scale, 0, -corner[0]], [0, scale, -corner[1]]])
    moved = landmarks * np.float32(scale)
    moved[:, :2] -= corner
    white = np.full((*image.shape[:2], 3), 255, np.uint8)
    seen = sample(white, matrix, (side, side))[..., 0] > 127
    return Part(sample(image, matrix, (side, side)), seen, moved.astype(np.float32), unit_of(moved), matrix)


def cut_mask(image: NDArray[np.uint8], faces: Faces, index: int) -> Cut:
    """Cut out the mask of one face.

    Args:
        image: (height, width, 3) uint8 RGB.
        faces: of that picture, with landmarks, mesh scores and pose.
        index: which one.

    Raises:
        Unusable: there is no mask that could be told apart, or not all of it is to be seen.
    """
    if faces.landmarks is None or faces.pose is None or faces.mesh_scores is None:
        raise Unusable("face_doubtful", "no landmarks")
    yaw, pitch, _ = (float(value) for value in faces.pose[index])
    score, mesh = float(faces.scores[index]), float(faces.mesh_scores[index])
    if mesh < OTHERS_MESH and (index or (score < MIN_SCORE and mesh < MIN_MESH)):
        expected = f"expected {MIN_SCORE:g} or {MIN_MESH:g}, and {OTHERS_MESH:g} of faces beside the largest"
        raise Unusable("face_doubtful", f"score of the detector {score:.2f}, of the mesh {mesh:.3f}, {expected}")
    if abs(yaw) > MAX_YAW or abs(pitch) > MAX_PITCH:
        limits = f"expected at most {MAX_YAW:g} and {MAX_PITCH:g}"
        raise Unusable("pose_too_far", f"yaw {yaw:.0f}, pitch {pitch:.0f}, {limits}")
    part = part_of(image, faces.boxes[index], faces.landmarks[index])
    side = part.image.shape[0]
    unrolled = unroll(part.landmarks, (side, side))
    mask, skin = _separated(part, unrolled)
    edge = contour(mask, part.scale)
    points = np.concatenate([edge, within(edge, part.landmarks[:, :2].astype(np.float64), part.scale)])
    triangles = triangles_within(points, len(edge))
    vertices = lift(points, part.landmarks, unrolled)
    x0, y0 = np.maximum(np.floor(points.min(axis=0)).astype(int) - 1, 0).tolist()
    x1, y1 = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 2, side).tolist()
    texture = _texture(part.image, mask, part.scale)[y0:y1, x0:x1]
    return Cut(
        texture=np.ascontiguousarray(texture),
        points=points - [x0, y0],
        vertices=vertices,
        triangles=triangles,
        outline=len(edge),
        mean=part.image[mask].mean(axis=0),
        skin=skin,
        landmarks=part.landmarks - np.array([x0, y0, 0], np.float32),
    )


def _separated(part: Part, unrolled: Unrolled) -> tuple[Bools, tuple[float, float, float]]:
    """The mask's pixels, and the colour of the bare skin.

    Raises:
        Unusable: see ``cut_mask``.
    """
    mask = cut(part.image, marks(unrolled, part.scale), part.scale) & part.seen
    clean = without_skin(part.image, mask, part.landmarks, part.scale)
    verdict = judge(part.image, clean, part.seen, part.landmarks, unrolled, part.scale)
    if verdict.code and (clean != mask).any():
        # A print of the skin's hue was taken for skin, unless it was skin.
        code, message = verdict.code, verdict.message
        verdict = judge(part.image, mask, part.seen, part.landmarks, unrolled, part.scale, MOST_OF_PRINT)
        if verdict.code:
            raise Unusable(code, message)
        clean = mask
    if verdict.code:
        raise Unusable(verdict.code, verdict.message)
    return filled(clean), verdict.skin


def _texture(image: NDArray[np.uint8], mask: Bools, scale: float) -> NDArray[np.uint8]:
    """The mask with a soft edge; its own colours go on beyond, so that nothing else bleeds in."""
    cv2 = opencv()
    inset = max(1.0, INSET * scale)
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    alpha = cv2.GaussianBlur((depth > inset).astype(np.float32), (0, 0), 0.5 * inset)
    own = depth > 2 * inset
    beyond = (~own).astype(np.uint8)
    _, nearest = cv2.distanceTransformWithLabels(beyond, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    colours = np.zeros((nearest.max() + 1, 3), np.uint8)
    colours[nearest[own]] = image[own]
    filled = np.where(own[..., None], image, colours[nearest])
    soft = cv2.GaussianBlur(filled, (0, 0), inset)
    filled = np.where(own[..., None], image, soft)
    return np.dstack([filled, np.round(alpha * 255)]).astype(np.uint8)
