"""Faces to learn from and to measure on, cut out once and kept in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

TRAIN, CHECK, TEST = "train", "check", "test"
"""Parts of the photos: to learn from, to judge epochs by, to measure on."""


@dataclass(frozen=True, slots=True, eq=False)
class StudyFaces:
    """n faces of several photos.

    Attributes:
        images: (n, side, side, 3) uint8 RGB: the plain view, with room around it where views are random.
        labels: (n,) int64, index into ``LABELS``.
        boxes: (n, 4) float32 xyxy in pixels of the photo.
        photos: (n,) index into ``keys`` and ``paths``.
        groups: (n,) int64, near-duplicate group of the photo.
        parts: (n,) ``train``, ``check`` or ``test``.
        keys: names of the photos, stable across machines.
        paths: files of the photos.
        split: rows of photo, group and part, for every photo that was read.
        counts: how many faces and photos there are and were left out, for the result.
        remarks: a line for each thing that was left out.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    boxes: NDArray[np.float32]
    photos: NDArray[np.int64]
    groups: NDArray[np.int64]
    parts: NDArray[np.str_]
    keys: tuple[str, ...]
    paths: tuple[str, ...]
    split: tuple[tuple[str, int, str], ...] = ()
    counts: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def of(self, part: str) -> NDArray[np.intp]:
        """Indices of the faces of a part."""
        return np.flatnonzero(self.parts == part)
