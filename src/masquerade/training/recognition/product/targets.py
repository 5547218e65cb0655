"""What a masked face should be mapped to: its person, as plain SFace knows that person from bare faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masquerade.identity.embedder import unit

Floats = NDArray[np.float32]

STRANGE = 0.3
"""A photo less alike than this to the mean of its person's others is labelled wrongly, as one in twenty of CelebA is."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Targets of n bare faces.

    Attributes:
        own: (n, d) float32 of unit length, the template of each face itself.
        centres: (c, d) float32 of unit length, the mean template of each person.
        labels: (n,) int64, the person of each face.
        strange: how many faces were taken for persons of their own, since their label is wrong.
    """

    own: Floats
    centres: Floats
    labels: NDArray[np.int64]
    strange: int


def make_targets(templates: Floats, identities: NDArray[np.str_]) -> Targets:
    """Make them of the templates (n, d) of bare faces and the identities (n,) that their labels tell."""
    names, labels = np.unique(identities, return_inverse=True)
    sums = np.zeros((len(names), templates.shape[1]), np.float32)
    np.add.at(sums, labels, templates)
    others = sums[labels] - templates
    alike = (unit(others) * templates).sum(axis=1)
    alone = np.bincount(labels)[labels] < 2
    odd = np.flatnonzero(~alone & (alike <= STRANGE))
    kept = np.setdiff1d(np.arange(len(labels)), odd)
    centres = np.zeros_like(sums)
    np.add.at(centres, labels[kept], templates[kept])
    labels = labels.astype(np.int64)
    labels[odd] = len(names) + np.arange(len(odd))
    # A person of whom every photo is odd keeps a centre that no face has.
    empty = ~centres.any(axis=1)
    centres[empty] = sums[empty]
    return Targets(templates, np.concatenate([unit(centres), templates[odd]]), labels, len(odd))
