"""Which of the faces that were found are meant."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import NoFace, SeveralFaces
from masquerade.faces import Faces, key_points
from masquerade.faces.types import LEFT_EYE, RIGHT_EYE
from masquerade.geometry import box_area, box_intersection

Which = Literal["one", "largest", "all"]
WHICH: tuple[Which, ...] = get_args(Which)

DOUBTED, SURE = 0.3, 0.8
"""What the mesh takes for no face (below DOUBTED) is one all the same where the detector is SURE: masks, side views."""
SHARED, SURE_OF_TWO = 0.2, 0.85
"""Boxes that share this much are of one head, unless the detector is as sure as this of both."""


def credible(faces: Faces) -> NDArray[np.bool_]:
    """Tell of n faces whether they are faces at all, (n,), by the mesh's score and the detector's.

    The detector also frames hands, patterns and ears. Of 120 photos of ``celeba-wild`` twelve had such a thing as
    the largest frame.
    """
    sure = faces.scores >= SURE
    return np.asarray(sure if faces.mesh_scores is None else sure | (faces.mesh_scores >= DOUBTED), np.bool_)


def one_a_head(faces: Faces) -> Faces:
    """Leave out boxes that frame a part of a head whose face has a surer box: hair, eyes, beard.

    A box goes when the surer one covers a fifth of the smaller of the two, unless the detector is sure of both and
    their meshes lie on different places: two heads together. In 330 photos of ``lfw`` and CelebA that had more than
    one box (63), the boxes of two people shared 3 % at most, those of one head 20 % and more in all but one.
    """
    order = np.argsort(-faces.scores, kind="stable")
    area = np.maximum(box_area(faces.boxes), np.float32(1))
    shared = box_intersection(faces.boxes, faces.boxes) / np.minimum(area[:, None], area[None])
    points = faces.points if faces.landmarks is None else key_points(faces.landmarks)
    eyes = np.maximum(np.linalg.norm(points[:, LEFT_EYE] - points[:, RIGHT_EYE], axis=1), 1)
    kept: list[int] = []
    for index in order.tolist():
        beside = [other for other in kept if shared[index, other] >= SHARED]
        apart = [float(np.linalg.norm(points[index] - points[other], axis=1).mean()) for other in beside]
        two = faces.scores[index] >= SURE_OF_TWO and all(
            gap >= max(float(eyes[index]), float(eyes[other])) for gap, other in zip(apart, beside, strict=True)
        )
        if not beside or two:
            kept.append(index)
    return faces[sorted(kept)]


def believed(faces: Faces) -> Faces:
    """The faces that count: the credible ones, or all where none is, and of those one a head."""
    likely = credible(faces)
    return one_a_head(faces[likely] if likely.any() else faces)


def choose_faces(faces: Faces, which: Which, name: str = "") -> Faces:
    """Choose the faces of a photo that are meant; see ``believed``.

    Args:
        faces: all that were found, the largest first.
        which: ``one`` expects a single face; ``largest`` takes the largest, ``all`` every one.
        name: begins the message of an error.

    Raises:
        NoFace: there is none.
        SeveralFaces: one was expected.
        ValueError: ``which`` is none of the three.
    """
    check_which(which)
    if not len(faces):
        raise NoFace(f"{name}no face was found", hint="the face should be upright, and 16 pixels or more")
    faces = believed(faces)
    if len(faces) > 1 and which == "one":
        raise SeveralFaces(
            f"{name}{len(faces)} faces were found, expected one", hint="ask for the largest, if that is meant"
        )
    return faces if which == "all" else faces[:1]


def check_which(which: str) -> None:
    """Do nothing if ``which`` says what faces of a photo are meant.

    Raises:
        ValueError: it does not.
    """
    if which not in WHICH:
        raise ValueError(f"faces: expected one of {', '.join(WHICH)}, got {which!r}")
