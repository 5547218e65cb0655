"""Photos with labelled faces, as every reader gives them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from masquerade.wearing.types import LABELS

__all__ = ["LABELS", "LabelledPhoto"]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPhoto:
    """One photo and its labelled faces.

    Attributes:
        source: name of the data set.
        path: the file.
        labels: for each face an index into ``LABELS``.
        boxes: (n, 4) float32 xyxy in pixels, or None when the photo as a whole carries one label.
    """

    source: str
    path: Path
    labels: tuple[int, ...]
    boxes: NDArray[np.float32] | None = None

    @property
    def key(self) -> str:
        """A name that is stable across machines: source, folder and file."""
        return f"{self.source}/{self.path.parent.name}/{self.path.name}"

    def boxes_or_raise(self) -> NDArray[np.float32]:
        """The boxes, where the set has them.

        Raises:
            ValueError: the photo carries one label and no box.
        """
        if self.boxes is None:
            raise ValueError(f"{self.key} has no boxes")
        return self.boxes
