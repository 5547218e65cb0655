"""Which mask of a library suits a face: one whose face was turned alike, drawn by chance among the near ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.masks.library.types import Entry
from masquerade.masks.types import KINDS, Kind

Floats = NDArray[np.float64]

TOLERANCE = np.array([8.0, 10.0, 25.0])
"""Degrees of yaw, pitch and roll that count as one step away.

Yaw and pitch decide which part of a mask the photo shows at all, and how its light lies. Roll is undone when the
mask is placed, since that turns with the face; what is left of it is the direction of the light.
"""
ENOUGH = 6
"""Entries among which it is drawn at least, as far as there are any within ``FARTHEST``."""
FARTHEST = 4.0
"""Steps beyond which no entry is taken."""
MIRRORED = np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, -1.0]])
"""A mirrored face is turned and tilted the other way."""


@dataclass(frozen=True, slots=True, eq=False)
class Poses:
    """The poses of a library's entries.

    Attributes:
        degrees: (n, 2, 3): yaw, pitch, roll, as they are and mirrored.
        kinds: (n,) index of the kind in ``KINDS``.
    """

    degrees: Floats
    kinds: NDArray[np.intp]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Poses:
        """Collect them."""
        degrees = np.array([entry.pose_numbers() for entry in entries]).reshape(-1, 3)
        kinds = np.array([KINDS.index(entry.kind) for entry in entries], np.intp)
        return cls(degrees[:, None] * MIRRORED, kinds)


def candidates(poses: Poses, pose: NDArray[Any], kinds: tuple[Kind, ...]) -> tuple[NDArray[np.intp], Floats]:
    """The near entries and their weights.

    All within one step are near; where those are fewer than ``ENOUGH``, the circle is widened until it holds so
    many different entries. The weight falls with the square of the distance, to 0.14 on the circle.

    Args:
        poses: of the library.
        pose: (3,) of the face, in degrees.
        kinds: which kinds of mask.

    Returns:
        (m, 2) index of the entry, and 0 as it is or 1 mirrored; (m,) weights that sum to 1.
    """
    steps = np.linalg.norm((poses.degrees - np.asarray(pose, np.float64)) / TOLERANCE, axis=2)
    wanted = np.isin(poses.kinds, [KINDS.index(kind) for kind in kinds])
    steps[~wanted | ~np.isfinite(steps).all(axis=1)] = np.inf
    nearest = np.sort(steps.min(axis=1, initial=np.inf))[:ENOUGH]
    reach = min(FARTHEST, max(1.0, float(nearest[-1]))) if len(nearest) else FARTHEST
    chosen = np.argwhere(steps <= reach)
    weights = np.exp(-2 * (steps[chosen[:, 0], chosen[:, 1]] / reach) ** 2)
    return chosen, weights / weights.sum() if len(chosen) else weights


def match(
    poses: Poses, rng: np.random.Generator, pose: NDArray[Any], kinds: tuple[Kind, ...]
) -> tuple[int, bool] | None:
    """Draw one of the near entries: its index, and whether it is mirrored; None when there is none.

    Takes one number of ``rng`` whatever comes out, so that plans of the other faces stay alike.
    """
    chance = rng.random()
    chosen, weights = candidates(poses, pose, kinds)
    if not len(chosen):
        return None
    index, mirrored = chosen[min(int(np.searchsorted(np.cumsum(weights), chance, side="right")), len(chosen) - 1)]
    return int(index), bool(mirrored)
