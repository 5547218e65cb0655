"""Which faces count as masked when people are told apart: those whose mouth is covered, by whatever."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masquerade.wearing.types import LABELS, PARTS, Wearing

MOUTH = PARTS.index("mouth")
BARE = LABELS.index("without_mask")


def mouth_covered(wearing: Wearing) -> NDArray[np.bool_]:
    """Tell it of n faces: (n,).

    By the model's own word on the mouth; where it has none, every label but ``without_mask`` counts as covered.
    """
    seen = wearing.visible[:, MOUTH]
    labelled = wearing.probabilities.argmax(axis=1) != BARE
    return np.asarray(np.where(np.isnan(seen), labelled, seen < 0.5), np.bool_)
