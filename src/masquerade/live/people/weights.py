"""How much a look at a face counts, from its quality."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.faces import Faces, Quality

SIDE = (16.0, 48.0)
"""Longer side of the face in pixels: nothing at the first, all from the second on; so for the others."""
SCORE = (0.3, 0.7)
SHARPNESS = (0.8, 5.0)
TURN = (75.0, 30.0)
"""Degrees of the largest of yaw, pitch and roll."""
CROPPED = (0.5, 0.1)
"""Share of the box beyond the picture's edge."""


def weigh(faces: Faces, quality: Quality) -> NDArray[np.float64]:
    """How much a look at each face counts: (n,) in 0 to 1.

    Small, faint, blurred, far turned and cut off faces count less, those beyond a limit nothing: somebody who is seen
    no better stays undecided.
    """
    return np.asarray(
        _between(faces.heights, SIDE)
        * _between(faces.scores, SCORE)
        * _between(quality.sharpness, SHARPNESS)
        * _between(quality.head_pose, TURN)
        * _between(quality.crop_of_face, CROPPED),
        np.float64,
    )


def _between(values: NDArray[Any], limits: tuple[float, float]) -> NDArray[np.float64]:
    return np.asarray(np.clip((values - limits[0]) / (limits[1] - limits[0]), 0, 1), np.float64)
