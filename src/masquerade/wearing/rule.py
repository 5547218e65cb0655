"""The rule by which the label follows from what is covered, and by what.

A face is in one of sixteen states: which of nose, mouth and chin are covered (eight ways), times whether a mask lies on
the face or not. The network gives a probability to each state, everything else is a sum over states:

- ``with_mask``: a mask, and nose, mouth and chin are covered;
- ``incorrect``: a mask, and at least one of the three can be seen;
- ``without_mask``: no mask, whatever else (a hand, a cup, a scarf, a veil) covers the face.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masquerade.wearing.types import KINDS, LABELS, PARTS

STATES = 2 ** (len(PARTS) + 1)
BARE = 0
MASKED = 2 ** len(PARTS)
"""States from this one on are those with a mask; the bits below say which of ``PARTS`` are covered, nose first."""
MASK_KINDS = KINDS[1:-1]
"""Kinds that are masks: the first of ``KINDS`` is no covering, the last a covering that is no mask."""


def state_of(covered: tuple[bool, bool, bool], mask: bool) -> int:
    """The state of a face of which nose, mouth, chin are covered or not, by a mask or not."""
    bits = sum(int(hidden) << part for part, hidden in enumerate(covered))
    return bits + (MASKED if mask else 0)


def covered_in_states() -> NDArray[np.bool_]:
    """Which parts are covered in each state: (16, 3)."""
    states = np.arange(STATES)[:, None]
    return np.asarray(states >> np.arange(len(PARTS)) & 1, np.bool_)


def label_of_states() -> NDArray[np.int64]:
    """The label of each state, (16,) index into ``LABELS``."""
    whole = covered_in_states().all(axis=1)
    masked = np.arange(STATES) >= MASKED
    names = np.where(masked, np.where(whole, "with_mask", "incorrect"), "without_mask")
    return np.array([LABELS.index(name) for name in names.tolist()], np.int64)


def kind_of_states() -> NDArray[np.int64]:
    """0 for the bare state, 2 for those covered by something else, 1 for those with a mask: (16,)."""
    states = np.arange(STATES)
    return np.where(states == BARE, 0, np.where(states < MASKED, 2, 1)).astype(np.int64)
