"""Which of the faces that were found are meant."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import NoFace, SeveralFaces
from masquerade.faces import Faces

Which = Literal["one", "largest", "all"]
WHICH: tuple[Which, ...] = get_args(Which)

DOUBTED, SURE = 0.3, 0.75
"""What the mesh takes for no face (below DOUBTED) is one all the same where the detector is SURE: masks, side views."""


def credible(faces: Faces) -> NDArray[np.bool_]:
    """Tell of n faces whether they are faces at all, (n,), by the mesh's score and the detector's.

    The detector also frames hands, patterns and ears. Of 120 photos of ``celeba-wild`` twelve had such a thing as
    the largest frame.
    """
    sure = faces.scores >= SURE
    return np.asarray(sure if faces.mesh_scores is None else sure | (faces.mesh_scores >= DOUBTED), np.bool_)


def choose_faces(faces: Faces, which: Which, name: str = "") -> Faces:
    """Choose the faces of a photo that are meant; what is hardly a face counts only where there is nothing else.

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
    faces = faces[credible(faces)] if credible(faces).any() else faces
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
