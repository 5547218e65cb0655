"""One photo to one aligned face; runs in worker processes, which load no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import MasqueradeError, ModelError, SettingsInvalid
from masquerade.faces import Faces, alignment, assess, find_faces, key_points, landmarks_in_crops
from masquerade.faces.align import ARCFACE_SIZE
from masquerade.faces.finder import Effort
from masquerade.geometry import sample
from masquerade.image import read_image
from masquerade.masks.drawing import Choice, refusal

EFFORTS: tuple[Effort, ...] = ("frame", "photo")
"""How hard faces are looked for, the next one where the one before finds none: docs/training-recognition.md has why."""
ROOM = 8
"""Pixels around the crop of 112 that are kept on each side, so that views can be shifted and turned."""
STORED = ARCFACE_SIZE + 2 * ROOM
QUALITIES = (
    *("inter_eye_distance", "head_size", "sharpness", "luminance"),
    *("under_exposure_prevention", "over_exposure_prevention", "head_pose", "crop_of_face"),
)
DTYPE = np.dtype(
    [
        ("crop", np.uint8, (STORED, STORED, 3)),
        ("landmarks", np.float32, (468, 3)),
        ("box", np.float32, (4,)),
        ("quality", np.float32, (len(QUALITIES),)),
        ("drawable", np.bool_),
    ]
)
"""A face: RGB crop with room; landmarks in its pixels; box in the photo; fields of ``faces.Quality``; whether a mask
can be drawn on it."""

Answer = NDArray[Any] | tuple[str, str]
"""A face, or code and message of why there is none."""


def align_photo(path: Path) -> Answer:
    """Read a photo and align its face, the one that is large and near the middle.

    Raises:
        ModelError, SettingsInvalid: nothing can be done for any photo.
    """
    try:
        image = read_image(path)
        looks = (find_faces(image, effort) for effort in EFFORTS)
        faces = next((found for found in looks if len(found)), Faces.empty((image.shape[1], image.shape[0])))
        return align_face(image, middle(faces)) if len(faces) else ("no_face", "no face was found")
    except (ModelError, SettingsInvalid):
        raise
    except MasqueradeError as error:
        return error.code, str(error)


def middle(faces: Faces) -> Faces:
    """The face that a photo of one person is of: large, sure and near the middle.

    The longer side of its box times its score, less half of how far it is from the middle.
    """
    centres = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2
    astray = np.linalg.norm(centres - np.array(faces.size, np.float32) / 2, axis=1)
    return faces[int(np.argmax(faces.heights * faces.scores - astray / 2))]


def align_face(image: NDArray[np.uint8], face: Faces) -> NDArray[Any]:
    """One face of a picture as a row of ``DTYPE``, by the key points of its mesh.

    Raises:
        FacesInvalid: its points fall together.
    """
    assert face.landmarks is not None  # noqa: S101 - find_faces gives them
    matrix = alignment(key_points(face.landmarks)[0])
    matrix[:, 2] += ROOM
    landmarks = landmarks_in_crops(face)[0]
    landmarks[:, :2] += ROOM
    quality = assess(image, face)
    row = np.zeros((), DTYPE)
    row["crop"] = sample(image, matrix, (STORED, STORED))
    row["landmarks"] = landmarks
    row["box"] = face.boxes[0]
    row["quality"] = [getattr(quality, name)[0] for name in QUALITIES]
    row["drawable"] = refusal(face, 0, Choice()) is None
    return row
