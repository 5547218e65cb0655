"""The least that a face must offer before a person is told by it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masquerade.faces import Faces, Quality, assess
from masquerade.recognising.choosing import DOUBTED, SURE


@dataclass(frozen=True, slots=True)
class QualityFloor:
    """Limits of quality; see ``faces.Quality`` for the measures. They refuse what says little, not what is not pretty.

    A mask counts as part of the face: it may be white or black, and has less detail than a mouth. So a face whose mouth
    is covered is asked for half of the detail, and for light on a fifth of its pixels only. The mesh's own score says
    nothing of it: of 52 real masked faces it falls below 0.3 on 16.

    Attributes:
        inter_eye_distance: least, in pixels.
        sharpness: least, in grey levels.
        exposure: least share of the pixels that are not too dark, and of those that are not too bright.
        yaw, pitch: largest, in degrees; roll is turned back.
        crop_of_face: largest share of the box that lies outside of the picture.
        mesh_score: least probability of the mesh that this is a face, where the detector is not sure of it.
    """

    inter_eye_distance: float = 10.0
    sharpness: float = 2.0
    exposure: float = 0.35
    yaw: float = 65.0
    pitch: float = 45.0
    crop_of_face: float = 0.35
    mesh_score: float = DOUBTED

    def refusals(
        self, image: NDArray[np.uint8], faces: Faces, masked: NDArray[np.bool_]
    ) -> tuple[list[str | None], Quality]:
        """Tell why each face is below the floor.

        Args:
            image: (height, width, 3) uint8 RGB.
            faces: n faces of that picture, as ``find_faces`` gives them.
            masked: (n,) whose mouth is covered.

        Returns:
            For each face the measure, its value and the limit in words, or None where it may be used; the quality.

        Raises:
            FacesInvalid: the faces have no landmarks.
        """
        quality = assess(image, faces)
        return [self._refusal(faces, quality, index, bool(masked[index])) for index in range(len(faces))], quality

    def _refusal(self, faces: Faces, quality: Quality, index: int, masked: bool) -> str | None:
        yaw, pitch, _ = (0.0, 0.0, 0.0) if faces.pose is None else (abs(float(turn)) for turn in faces.pose[index])
        score = 1.0 if faces.mesh_scores is None else float(faces.mesh_scores[index])
        exposure = 0.2 if masked else self.exposure
        least = (
            ("mesh score", score, 0.0 if masked or faces.scores[index] >= SURE else self.mesh_score),
            ("inter-eye distance", float(quality.inter_eye_distance[index]), self.inter_eye_distance),
            ("sharpness", float(quality.sharpness[index]), self.sharpness / 2 if masked else self.sharpness),
            ("under-exposure prevention", float(quality.under_exposure_prevention[index]), exposure),
            ("over-exposure prevention", float(quality.over_exposure_prevention[index]), exposure),
        )
        most = (
            ("yaw", yaw, self.yaw),
            ("pitch", pitch, self.pitch),
            ("crop of face", float(quality.crop_of_face[index]), self.crop_of_face),
        )
        for name, value, limit in least:
            if value < limit:
                return f"{name} {value:.3g}, expected at least {limit:g}"
        for name, value, limit in most:
            if value > limit:
                return f"{name} {value:.3g}, expected at most {limit:g}"
        return None
