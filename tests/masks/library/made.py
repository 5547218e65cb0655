"""Masks painted onto the sample photos, and libraries of made-up entries."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from masquerade.faces import Faces, Pose
from masquerade.masks import MaskPlan, Plan, apply
from masquerade.masks.library import Entry, Source
from masquerade.masks.types import Kind
from tests.faces.photos import found, photo

COLOUR = "#7fb0d8"
SIDE = 420
"""Width of the painted photos."""


@lru_cache(maxsize=8)
def painted(name: str, kind: Kind = "surgical") -> tuple[NDArray[np.uint8], NDArray[np.bool_], Faces]:
    """A sample photo with a mask drawn by this package, where the mask is, and the faces before it was drawn."""
    image, faces = photo(name), found(name)[0]
    masked = apply(image, faces, Plan((MaskPlan(face=0, kind=kind, colour=COLOUR),)))
    return masked.image, masked.binary, faces


def save_painted(folder: Path, *names: str) -> list[Path]:
    """Write painted photos into a folder, as PNG, small."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in names:
        image = Image.fromarray(painted(name)[0])
        path = folder / f"{name}.png"
        image.resize((SIDE, round(SIDE * image.height / image.width))).save(path)
        paths.append(path)
    return paths


def save_bare(folder: Path, name: str) -> Path:
    """Write a photo of a bare face into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(photo(name))
    path = folder / f"bare_{name}.png"
    image.resize((SIDE, round(SIDE * image.height / image.width))).save(path)
    return path


def entry(name: str = "a", yaw: float = 0, pitch: float = 0, roll: float = 0, kind: Kind = "surgical") -> Entry:
    """An entry with a square of two triangles and no picture."""
    return Entry(
        id=name,
        kind=kind,
        pose=Pose(yaw, pitch, roll),
        points=((0, 0), (9, 0), (9, 7), (0, 7)),
        vertices=((-0.6, 0.1, 0.2), (0.7, 0.1, 0.2), (0.5, 0.9, 0.2), (-0.5, 0.9, 0.2)),
        triangles=((0, 1, 2), (0, 2, 3)),
        outline=4,
        mean_colour="#8090a0",
        skin_colour="#c09080",
        png=f"masks/{name}.png",
        sha256="0" * 64,
        size=(10, 8),
        source=Source("photo.jpg", "1" * 64),
    )


def written(folder: Path, entries: list[dict[str, Any]], version: Any = 1) -> Path:
    """Write a ``library.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "library.json").write_text(json.dumps({"version": version, "entries": entries}))
    return folder
