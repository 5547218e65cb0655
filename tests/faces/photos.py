"""The sample photos, decoded once, and faces with known numbers."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from masquerade.faces import Faces, Search, find_faces
from masquerade.image import read_image

ROOT = Path(__file__).resolve().parents[2]
NAMES = tuple(sorted(path.stem for path in (ROOT / "samples").glob("*.jpg")))
SEARCH = Search()
"""The search of the package, whatever the settings of this machine."""


@lru_cache(maxsize=8)
def photo(name: str) -> NDArray[np.uint8]:
    """A sample photo, (height, width, 3) RGB."""
    image = read_image(ROOT / "samples" / f"{name}.jpg")
    image.flags.writeable = False
    return image


@lru_cache(maxsize=8)
def found(name: str) -> Faces:
    """What the finder sees in it."""
    return find_faces(photo(name), "photo", SEARCH)


def made_faces(count: int, seed: int = 0) -> Faces:
    """Faces of random numbers, in a picture of 200 x 100 pixels."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 80, (count, 2))
    return Faces(
        size=(200, 100),
        boxes=np.concatenate([corners, corners + rng.uniform(8, 20, (count, 2))], axis=1).astype(np.float32),
        scores=rng.uniform(0, 1, count).astype(np.float32),
        points=rng.uniform(0, 100, (count, 5, 2)).astype(np.float32),
        landmarks=rng.uniform(0, 100, (count, 468, 3)).astype(np.float32),
        mesh_scores=rng.uniform(0, 1, count).astype(np.float32),
        pose=rng.uniform(-40, 40, (count, 3)).astype(np.float32),
    )
