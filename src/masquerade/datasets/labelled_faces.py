"""All labelled faces of photos as arrays; where a photo has no boxes, its surest face is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.types import LabelledPhoto
from masquerade.faces import find_faces
from masquerade.image import read_image


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFaces:
    """Labelled faces, n in all, in the order of their photos.

    Attributes:
        photos: (n,) index of the photo.
        boxes: (n, 4) float32 xyxy in pixels.
        labels: (n,) index into ``LABELS``.
        sides: (n,) float32, longer side of the box in pixels.
        missed: indices of the photos without boxes in which no face was found.
    """

    photos: NDArray[np.int64]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    sides: NDArray[np.float32]
    missed: tuple[int, ...] = ()

    def __len__(self) -> int:
        """Count the faces."""
        return len(self.labels)


def labelled_faces(photos: Sequence[LabelledPhoto], progress: Callable[[], object] | None = None) -> LabelledFaces:
    """Collect the faces of photos.

    Args:
        photos: with boxes, or with one label each; those are read, and the surest face found carries the label.
        progress: called after each photo.

    Raises:
        ImageError: a photo without boxes cannot be read.
    """
    owners: list[int] = []
    labels: list[int] = []
    boxes: list[NDArray[np.float32]] = [np.zeros((0, 4), np.float32)]
    missed = []
    for index, photo in enumerate(photos):
        found = photo.boxes if photo.boxes is not None else surest_box(read_image(photo.path))
        if photo.boxes is None and not len(found):
            missed.append(index)
        else:
            boxes.append(found)
            owners += [index] * len(found)
            labels += photo.labels
        if progress is not None:
            progress()
    every = np.concatenate(boxes).astype(np.float32)
    sides = np.asarray((every[:, 2:] - every[:, :2]).max(axis=1, initial=0), np.float32)
    return LabelledFaces(np.array(owners, np.int64), every, np.array(labels, np.int64), sides, tuple(missed))


def surest_box(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The box with the highest score in a picture (height, width, 3), (1, 4), or none, (0, 4)."""
    return find_faces(image, "photo").surest.boxes
