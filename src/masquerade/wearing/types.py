"""Whether and how a mask is worn, for each face of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import FacesInvalid

LABELS = ("with_mask", "without_mask", "incorrect")
"""How a mask is worn. The order is that of every array of probabilities."""
UNDECIDED = "undecided"
"""Stands for a label where no probability reaches the confidence that is asked for."""
PARTS = ("nose", "mouth", "chin")
"""Parts of the face that a mask worn right covers."""
KINDS = ("none", "surgical", "respirator", "cloth", "gas", "other")
"""What covers the face; ``other`` is no mask: a hand, a cup, a scarf, a veil."""


@dataclass(frozen=True, slots=True, eq=False)
class Wearing:
    """How masks are worn, as arrays over n faces.

    Attributes:
        probabilities: (n, 3) float32 in 0 to 1, rows sum to 1, in the order of ``LABELS``.
        visible: (n, 3) float32 in 0 to 1, probability that nose, mouth and chin can be seen; nan where the model
            does not say.
        kinds: (n, 6) float32 in 0 to 1, rows sum to 1, in the order of ``KINDS``; nan where the model does not say.
    """

    probabilities: NDArray[np.float32]
    visible: NDArray[np.float32]
    kinds: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        """Check that the arrays fit together."""
        count = len(self.probabilities)
        if self.kinds is None:
            object.__setattr__(self, "kinds", np.full((count, len(KINDS)), np.nan, np.float32))
        widths = {"probabilities": len(LABELS), "visible": len(PARTS), "kinds": len(KINDS)}
        for name, width in widths.items():
            values = getattr(self, name)
            if values.ndim != 2 or values.shape[1] != width or len(values) != count:
                raise FacesInvalid(f"{name}: expected shape (n, {width}), got {values.shape}")

    def __len__(self) -> int:
        """Count the faces."""
        return len(self.probabilities)

    def __getitem__(self, index: slice | NDArray[Any] | list[int]) -> Wearing:
        """Return some of the faces."""
        kinds = None if self.kinds is None else self.kinds[index]
        return Wearing(self.probabilities[index], self.visible[index], kinds)

    @property
    def _kinds(self) -> NDArray[np.float32]:
        assert self.kinds is not None  # noqa: S101 - filled when it was made
        return self.kinds

    @property
    def labels(self) -> list[str]:
        """The likeliest label of each face."""
        return [LABELS[index] for index in self.probabilities.argmax(axis=1)]

    def labels_from(self, confidence: float) -> list[str]:
        """The likeliest label of each face, ``undecided`` where its probability is below ``confidence``."""
        sure = self.probabilities.max(axis=1, initial=0) >= confidence
        return [label if enough else UNDECIDED for label, enough in zip(self.labels, sure, strict=True)]

    @property
    def likeliest_kinds(self) -> list[str | None]:
        """What covers each face: the likeliest kind that agrees with its label, None where the model does not say.

        Of a face with a mask the likeliest kind of mask, of one without the likelier of ``none`` and ``other``.
        """
        return [_kind(label, row) for label, row in zip(self.labels, self._kinds, strict=True)]

    @property
    def visible_parts(self) -> list[tuple[str, ...]]:
        """For each face the parts that show, in the order of ``PARTS``; agrees with its label.

        A mask worn right leaves nothing to see. On a face whose mask is worn wrongly at least one part shows.
        On a face without a mask all show but those that something else covers.
        """
        return [_parts(label, seen) for label, seen in zip(self.labels, self.visible, strict=True)]


def _kind(label: str, chances: NDArray[np.float32]) -> str | None:
    if np.isnan(chances).any():
        return None
    allowed = (0, len(KINDS) - 1) if label == "without_mask" else range(1, len(KINDS) - 1)
    return KINDS[max(allowed, key=lambda kind: float(chances[kind]))]


def _parts(label: str, seen: NDArray[np.float32]) -> tuple[str, ...]:
    if label == "with_mask":
        return ()
    if np.isnan(seen).any():
        return PARTS if label == "without_mask" else ()
    likely = seen >= (0.5 if label == "without_mask" else min(0.5, float(seen.max())))
    return tuple(part for part, shows in zip(PARTS, likely, strict=True) if shows)
