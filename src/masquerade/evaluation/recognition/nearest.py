"""Identification: is the most alike of all other photos of the same person?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.intp]
Score = Callable[[Ints, Ints], NDArray[Any]]
"""Gives (k, m) scores of k probes against m photos of the gallery, all as indices."""

CHUNK = 1024
"""Probes that are compared at once."""


def nearest(score: Score, probes: Ints, gallery: Ints, chunk: int = CHUNK) -> Ints:
    """Find for each probe the most alike photo of the gallery, itself left out; the first of several that are.

    Args:
        score: compares photos.
        probes: (k,) indices.
        gallery: (m,) indices.
        chunk: probes that are compared at once, so that no k x m scores stand in memory.

    Returns:
        (k,) indices of photos; -1 where the gallery has no other photo.
    """
    found = np.full(len(probes), -1, np.intp)
    if not len(gallery):
        return found
    for start in range(0, len(probes), chunk):
        part = probes[start : start + chunk]
        scores = np.array(score(part, gallery), np.float64)
        scores[part[:, None] == gallery[None]] = -np.inf
        best = scores.argmax(axis=1)
        known = np.isfinite(scores[np.arange(len(part)), best])
        found[start : start + len(part)][known] = gallery[best[known]]
    return found


def has_another(owners: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell of each photo whether its person has another one: else it cannot be recognised, (n,)."""
    _, index, counts = np.unique(owners, return_inverse=True, return_counts=True)
    return np.asarray(counts[index] > 1, np.bool_)
