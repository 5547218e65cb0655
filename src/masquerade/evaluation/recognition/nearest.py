"""Nearest neighbours among templates: rank-1 identification, and report 2's leave-one-out measure."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import Floats

Distance = Literal["cosine", "euclidean"]
CHUNK = 512
"""Probes that are compared at once: report 2's code held all distances of 11,482 photos at once, 1 GB."""


def nearest(
    probes: Floats, gallery: Floats, own: NDArray[np.intp] | None = None, distance: Distance = "cosine"
) -> NDArray[np.intp]:
    """Find the nearest template of a gallery to each probe.

    Args:
        probes: (n, d) float32.
        gallery: (m, d) float32, m >= 1; m >= 2 with ``own``.
        own: (n,) index in the gallery of the photo that the probe itself is made of, which does not count; or None.
        distance: ``cosine`` of the angle, whatever the lengths; ``euclidean`` as report 2 has it, of templates as
            they are.

    Returns:
        (n,) indices into the gallery; the first one among equals.
    """
    if distance == "cosine":
        probes, gallery = unit(probes), unit(gallery)
    squares = np.zeros(len(gallery), np.float32) if distance == "cosine" else (gallery**2).sum(axis=1)
    found = np.zeros(len(probes), np.intp)
    for start in range(0, len(probes), CHUNK):
        rows = slice(start, start + CHUNK)
        apart = squares - 2 * (probes[rows] @ gallery.T)
        if own is not None:
            apart[np.arange(len(apart)), own[rows]] = np.inf
        found[rows] = apart.argmin(axis=1)
    return found


def leave_one_out(
    templates: Floats, labels: NDArray[np.int64], distance: Distance = "cosine", probes: Floats | None = None
) -> NDArray[np.bool_]:
    """Tell of each photo whether its nearest neighbour among all others is of the same person.

    The mean is report 2's accuracy (``test_embedding_net``): closed-set rank-1 identification, each photo against all
    others. A photo whose person has no other one is always wrong there; ``has_mate`` tells which have.

    Args:
        templates: (n, d) float32 of n >= 2 photos.
        labels: (n,) number of each photo's person.
        distance: see ``nearest``.
        probes: (n, d) float32, other templates of the same photos, which ask instead: of the faces with masks on.

    Returns:
        (n,) bool.
    """
    asking = templates if probes is None else probes
    found = nearest(asking, templates, np.arange(len(templates)), distance)
    return np.asarray(labels[found] == labels, np.bool_)


def has_mate(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell of each photo (n,) whether another one shows the same person."""
    _, numbers, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return np.asarray(counts[numbers] > 1, np.bool_)


def unit(templates: Floats) -> Floats:
    """Templates (n, d) at unit length; one of length 0 stays."""
    lengths = np.linalg.norm(templates, axis=1, keepdims=True)
    return np.asarray(templates / np.where(lengths > 0, lengths, 1), np.float32)
