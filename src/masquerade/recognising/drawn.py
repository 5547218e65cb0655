"""Masks drawn on bare faces, so that a masked face meets its like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import PlanInvalid
from masquerade.masks import KINDS, Choice, MaskPlan, mask_crops
from masquerade.masks.crops import plan_of
from masquerade.masks.types import Kind

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class DrawnMasks:
    """Which masks are drawn on a bare face; the same ones on every face.

    Attributes:
        count: how many versions of each face.
        kinds: their kinds, in turn.
        seed: of colours and fit.
    """

    count: int = 3
    kinds: tuple[Kind, ...] = ("surgical", "cloth", "n95")
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the words and the ranges."""
        if self.count < 1 or self.seed < 0:
            raise PlanInvalid(f"expected a count from 1 and a seed from 0 on, got {self.count} and {self.seed}")
        if not self.kinds or set(self.kinds) - set(KINDS):
            raise PlanInvalid(f"kinds: expected some of {', '.join(KINDS)}, got {self.kinds}")

    def plans(self) -> list[MaskPlan]:
        """The masks, worn correctly."""
        chosen = [self.kinds[index % len(self.kinds)] for index in range(self.count)]
        return [plan_of((self.seed, index), Choice(kinds=(kind,))) for index, kind in enumerate(chosen)]

    def draw(self, crops: Bytes, landmarks: NDArray[np.float32]) -> Bytes:
        """Draw all masks on all faces.

        Args:
            crops: (n, side, side, 3) uint8 RGB, aligned.
            landmarks: (n, 468, 3) float32 in pixels of each crop.

        Returns:
            (n, count, side, side, 3) uint8 RGB.
        """
        plans = self.plans()
        every = np.repeat(crops, self.count, axis=0), np.repeat(landmarks, self.count, axis=0)
        drawn, _ = mask_crops(*every, plans * len(crops))
        return drawn.reshape(len(crops), self.count, *crops.shape[1:])


STANDARD = DrawnMasks()
"""A surgical mask, a cloth one and an N95."""
