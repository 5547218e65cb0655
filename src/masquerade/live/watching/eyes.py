"""What the watch sees with: the detector, the mesh, the quality of a face and the wearing network."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import FacesInvalid
from masquerade.faces import Faces, assess, detect_in_passes, fit_mesh
from masquerade.faces.finder import default_search
from masquerade.faces.passes import Pass
from masquerade.live.people import weigh
from masquerade.wearing import Wearing, read_wearing


class Eyes(Protocol):
    """Finds faces in parts of a frame, and reads how they wear a mask."""

    def find(self, image: NDArray[np.uint8], views: list[Pass]) -> Faces:
        """Find the faces that the passes show, the faint ones among them."""

    def read(self, image: NDArray[np.uint8], faces: Faces) -> tuple[Wearing, NDArray[np.float64]]:
        """Tell how each of n faces wears a mask, and how much the look counts, (n,) in 0 to 1."""


class Networks:
    """The eyes of the package: its own networks."""

    def __init__(self, faintest: float) -> None:
        """Take the lowest detector score of a face that is told of."""
        self._search = replace(default_search(), threshold=faintest)

    def find(self, image: NDArray[np.uint8], views: list[Pass]) -> Faces:
        """Run the detector over the passes."""
        return detect_in_passes(image, views, self._search)

    def read(self, image: NDArray[np.uint8], faces: Faces) -> tuple[Wearing, NDArray[np.float64]]:
        """Fit the mesh, measure the quality, run the wearing network."""
        landmarks, _ = fit_mesh(image, faces.boxes, faces.points)
        weights = [_weight(image, faces[index], landmarks[[index]]) for index in range(len(faces))]
        return read_wearing(image, faces), np.array(weights, np.float64)


def _weight(image: NDArray[np.uint8], face: Faces, landmarks: NDArray[np.float32]) -> float:
    """How much a look at one face counts; nothing where the mesh has collapsed, as it may on what is no face."""
    try:
        fitted = replace(face, landmarks=landmarks)
        return float(weigh(fitted, assess(image, fitted))[0])
    except FacesInvalid:
        return 0.0
