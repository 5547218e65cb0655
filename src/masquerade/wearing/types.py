"""Whether and how a mask is worn, for each face of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import FacesInvalid

LABELS = ("with_mask", "without_mask", "incorrect")
"""How a mask is worn. The order is that of every array of probabilities."""
PARTS = ("nose", "mouth", "chin")
"""Parts of the face that a mask worn right covers."""


@dataclass(frozen=True, slots=True, eq=False)
class Wearing:
    """How masks are worn, as arrays over n faces.

    Attributes:
        probabilities: (n, 3) float32 in 0 to 1, rows sum to 1, in the order of ``LABELS``.
        visible: (n, 3) float32 in 0 to 1, probability that nose, mouth and chin can be seen.
    """

    probabilities: NDArray[np.float32]
    visible: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Check that the arrays fit together."""
        for name in ("probabilities", "visible"):
            values = getattr(self, name)
            if values.ndim != 2 or values.shape[1] != 3 or len(values) != len(self.probabilities):
                raise FacesInvalid(f"{name}: expected shape (n, 3), got {values.shape}")

    def __len__(self) -> int:
        """Count the faces."""
        return len(self.probabilities)

    def __getitem__(self, index: slice | NDArray[Any] | list[int]) -> Wearing:
        """Return some of the faces."""
        return Wearing(self.probabilities[index], self.visible[index])

    @property
    def labels(self) -> list[str]:
        """The likeliest label of each face."""
        return [LABELS[index] for index in self.probabilities.argmax(axis=1)]

    @property
    def visible_parts(self) -> list[tuple[str, ...]]:
        """For each face the parts that show, in the order of ``PARTS``; agrees with its label.

        A mask worn right leaves nothing to see and a bare face everything. On a face whose mask is
        worn wrongly at least one part shows.
        """
        return [_parts(label, seen) for label, seen in zip(self.labels, self.visible, strict=True)]


def _parts(label: str, seen: NDArray[np.float32]) -> tuple[str, ...]:
    if label == "with_mask":
        return ()
    if label == "without_mask":
        return PARTS
    likely = seen >= min(0.5, float(seen.max()))
    return tuple(part for part, shows in zip(PARTS, likely, strict=True) if shows)
