"""Bare faces to draw on: found once, cut out with room around them, kept with their landmarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.types import LABELS, LabelledPhoto
from masquerade.datasets.wearing_sets import data_root
from masquerade.evaluation.detection import match
from masquerade.faces import Faces, find_faces
from masquerade.geometry import box_to_square, sample, square_around, transform
from masquerade.image import PICTURE_SUFFIXES, read_image
from masquerade.settings import get_settings
from masquerade.training.arrays import load_arrays, save_arrays

SIDE = 240
ROOM = 0.6
"""The cut is a square of ``SIDE`` pixels, with so much room around the face's box on each side, as a share of it."""
MIN_SIDE = 32.0
BARE = LABELS.index("without_mask")


@dataclass(frozen=True, slots=True, eq=False)
class BareFaces:
    """n faces without masks.

    Attributes:
        images: (n, 240, 240, 3) uint8 RGB.
        boxes, points, landmarks, scores, pose: as in ``Faces``, in pixels of the cut.
        sides: (n,) float32, longer side of the face's box in its photo, pixels.
        sources: (n,) name of the set.
    """

    images: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    points: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    scores: NDArray[np.float32]
    pose: NDArray[np.float32]
    sides: NDArray[np.float32]
    sources: NDArray[np.str_]

    def __len__(self) -> int:
        """Count the faces."""
        return len(self.images)

    def face(self, index: int) -> Faces:
        """One face as the renderer takes it."""
        some = slice(index, index + 1)
        return Faces(
            size=(SIDE, SIDE),
            boxes=self.boxes[some],
            scores=self.scores[some],
            points=self.points[some],
            landmarks=self.landmarks[some],
            pose=self.pose[some],
        )

    def save(self, path: Path) -> None:
        """Write all arrays to an ``.npz`` file, whole or not at all."""
        save_arrays(self, path)

    @classmethod
    def load(cls, path: Path) -> BareFaces:
        """Read what ``save`` wrote."""
        return load_arrays(cls, path)


def celeba_photos(folder: str) -> list[LabelledPhoto]:
    """The photos of ``celeba-wild`` or ``celeba-aligned``: one bare face each, not labelled by a box."""
    paths = sorted(path for path in (data_root() / folder).rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    return [LabelledPhoto(folder, path, (BARE,)) for path in paths]


def find_bare_faces(photos: list[LabelledPhoto]) -> BareFaces:
    """Find the bare faces of labelled photos, on all cores that the settings allow.

    Of a photo with boxes the faces labelled bare, of one without the surest face.
    """
    with get_context("spawn").Pool(get_settings().threads) as pool:
        found = [face for faces in pool.imap(_faces_of, photos, chunksize=16) for face in faces]
    columns = list(zip(*found, strict=True))
    names = list(BareFaces.__dataclass_fields__)
    return BareFaces(**{name: np.array(column) for name, column in zip(names, columns, strict=True)})


Cut = tuple[Any, ...]
"""One row of ``BareFaces``, in the order of its fields."""


def _faces_of(photo: LabelledPhoto) -> list[Cut]:
    cv2.setNumThreads(1)
    return list(_cuts(photo))


def _cuts(photo: LabelledPhoto) -> Iterator[Cut]:
    if BARE not in photo.labels:
        return
    image = read_image(photo.path)
    faces = find_faces(image, "frame" if photo.source == "celeba-aligned" else "photo")
    if photo.boxes is None:
        chosen = np.argsort(-faces.scores, kind="stable")[:1]
    else:
        partners = match(photo.boxes, faces.boxes, 0.4)
        chosen = np.array([p for p, label in zip(partners, photo.labels, strict=True) if label == BARE and p >= 0], int)
    for index in chosen:
        side = float(faces.heights[index])
        if side < MIN_SIDE or faces.landmarks is None or faces.mesh_scores is None or faces.pose is None:
            continue
        if faces.mesh_scores[index] < 0.3:
            continue
        matrix = box_to_square(square_around(faces.boxes[index][None], ROOM)[0], SIDE)
        landmarks = faces.landmarks[index].copy()
        landmarks[:, :2] = transform(matrix, landmarks[:, :2])
        landmarks[:, 2] *= matrix[0, 0]
        yield (
            sample(image, matrix, (SIDE, SIDE), border=127),
            transform(matrix, faces.boxes[index].reshape(2, 2)).reshape(4).astype(np.float32),
            transform(matrix, faces.points[index]).astype(np.float32),
            landmarks,
            float(faces.scores[index]),
            faces.pose[index],
            side,
            photo.source,
        )
