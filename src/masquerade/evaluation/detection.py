"""Detection against labelled boxes: recall by label, precision at a threshold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.types import LABELS
from masquerade.geometry import box_iou

HIT = 0.3
"""Smallest intersection over union of a found face with a labelled one."""


def match(labelled: NDArray[np.float32], found: NDArray[np.float32], iou: float = HIT) -> NDArray[np.intp]:
    """Pair labelled boxes with found ones, best overlap first, each used once.

    Args:
        labelled: (n, 4) xyxy.
        found: (m, 4) xyxy.
        iou: smallest overlap of a pair.

    Returns:
        (n,) index into ``found`` for each labelled box, -1 where it was missed.
    """
    overlaps = box_iou(labelled, found)
    partner = np.full(len(labelled), -1, np.intp)
    used: set[int] = set()
    order = np.argsort(-overlaps, axis=None, kind="stable")
    for flat in order:
        row, column = divmod(int(flat), max(1, len(found)))
        if overlaps[row, column] < iou:
            break
        if partner[row] < 0 and column not in used:
            partner[row] = column
            used.add(column)
    return partner


@dataclass(slots=True)
class DetectionCount:
    """Counts over photos.

    Attributes:
        min_side: labelled faces whose longer side is smaller (pixels) do not count for recall.
        labelled, hit: by label, faces that count and those of them that were found.
        found, matched: boxes that were found, and those that match any labelled face.
    """

    min_side: float = 48.0
    labelled: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(LABELS), np.int64))
    hit: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(LABELS), np.int64))
    found: int = 0
    matched: int = 0

    def add(self, boxes: NDArray[np.float32], labels: Iterable[int], found: NDArray[np.float32]) -> NDArray[np.intp]:
        """Count one photo; return the pairing of ``match``."""
        partner = match(boxes, found)
        classes = np.fromiter(labels, np.intp)
        counts = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0) >= self.min_side
        np.add.at(self.labelled, classes[counts], 1)
        np.add.at(self.hit, classes[counts & (partner >= 0)], 1)
        self.found += len(found)
        self.matched += int((partner >= 0).sum())
        return partner

    @property
    def recall(self) -> NDArray[np.float64]:
        """Recall by label, in the order of ``LABELS``."""
        return self.hit / np.maximum(self.labelled, 1)

    @property
    def precision(self) -> float:
        """Share of found boxes that match a labelled face; unlabelled people count against it."""
        return self.matched / max(self.found, 1)
