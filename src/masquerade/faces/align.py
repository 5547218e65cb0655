"""Alignment: a face turned and scaled onto a fixed template."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import FacesInvalid
from masquerade.faces.mesh import key_points
from masquerade.faces.types import LEFT_EYE, RIGHT_EYE, Faces
from masquerade.geometry import sample, similarity, transform

ARCFACE_TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float64
)
"""Where the five key points lie in a crop of 112 pixels (Deng and others, "ArcFace", CVPR 2019)."""
ARCFACE_SIZE = 112

Rest = Literal["five", "eyes"]
Template = NDArray[np.float64]


def arcface_template(size: int = ARCFACE_SIZE) -> Template:
    """The ArcFace template in pixels of a crop of this side: (5, 2) float64."""
    # Pixel centres lie at whole numbers, so places scale about the outer edge.
    return np.asarray((ARCFACE_TEMPLATE + 0.5) * (size / ARCFACE_SIZE) - 0.5, np.float64)


def alignment(
    points: NDArray[np.float32],
    size: int = ARCFACE_SIZE,
    rest_on: Rest = "five",
    template: Template | None = None,
) -> NDArray[np.float64]:
    """The matrix that carries a face onto a template.

    Args:
        points: (5, 2) key points in pixels of the picture.
        size: side of the crop in pixels.
        rest_on: ``five`` takes all points; ``eyes`` the two eyes alone, for faces whose lower half
            is covered and whose nose and mouth are guessed.
        template: (5, 2) where the points are to lie, in pixels of the crop; by default ArcFace's, scaled to the size.

    Returns:
        (2, 3) similarity from the picture to the crop.

    Raises:
        FacesInvalid: the points that it rests on fall together.
    """
    chosen = [RIGHT_EYE, LEFT_EYE] if rest_on == "eyes" else list(range(5))
    target = arcface_template(size) if template is None else np.asarray(template, np.float64)
    source = np.asarray(points, np.float64)[chosen]
    try:
        return similarity(source, target[chosen])
    except ValueError as error:
        which = "two eyes" if rest_on == "eyes" else "five key points"
        raise FacesInvalid(f"points: expected {which} apart from each other, got {source.tolist()}") from error


def align_faces(
    image: NDArray[np.uint8],
    faces: Faces,
    size: int = ARCFACE_SIZE,
    rest_on: Rest = "five",
    template: Template | None = None,
) -> NDArray[np.uint8]:
    """Cut out each face, upright on a template.

    The mesh gives the key points where it was fitted, else the detector.

    Args:
        image: (height, width, 3) uint8 RGB.
        faces: n faces of that picture.
        size: side of the crops in pixels.
        rest_on: see ``alignment``.
        template: see ``alignment``.

    Returns:
        (n, size, size, 3) uint8 RGB; black beyond the picture.

    Raises:
        FacesInvalid: the points of a face fall together.
    """
    points = faces.points if faces.landmarks is None else key_points(faces.landmarks)
    crops = [sample(image, alignment(five, size, rest_on, template), (size, size)) for five in points]
    return np.stack(crops) if crops else np.zeros((0, size, size, 3), np.uint8)


def landmarks_in_crops(
    faces: Faces, size: int = ARCFACE_SIZE, rest_on: Rest = "five", template: Template | None = None
) -> NDArray[np.float32]:
    """The dense landmarks of each face in the pixels of its aligned crop: (n, 468, 3), z in the same scale.

    Raises:
        FacesInvalid: the faces have no landmarks, or the points of one fall together.
    """
    if faces.landmarks is None:
        raise FacesInvalid("landmarks: expected some, got None", hint="use find_faces")
    moved = np.empty_like(faces.landmarks)
    for index, five in enumerate(key_points(faces.landmarks)):
        matrix = alignment(five, size, rest_on, template)
        moved[index, :, :2] = transform(matrix, faces.landmarks[index, :, :2])
        moved[index, :, 2] = faces.landmarks[index, :, 2] * np.sqrt(np.linalg.det(matrix[:, :2]))
    return moved
