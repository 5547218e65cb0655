"""Which landmarks a mask covers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from masquerade.faces.pose import mean_face
from masquerade.geometry import opencv
from masquerade.masks.placing import Rig, rig
from masquerade.masks.rendering import nudge_matrix
from masquerade.masks.types import Kind, Nudge, Worn


@lru_cache(maxsize=4096)
def covered(kind: Kind, worn: Worn, nudge: Nudge) -> NDArray[np.bool_]:
    """The landmarks (468,) that lie under a built-in mask, seen from the front. Read-only."""
    return covered_by(rig(kind, worn), nudge)


def covered_by(rig: Rig, nudge: Nudge) -> NDArray[np.bool_]:
    """The landmarks (468,) of the mean face within the outline of a mask, seen from the front. Read-only."""
    cv2 = opencv()
    moved = rig.vertices @ nudge_matrix(nudge)
    outline = np.ascontiguousarray(moved[rig.sheet.outline, :2], np.float32)
    inside = [cv2.pointPolygonTest(outline, (float(x), float(y)), False) >= 0 for x, y in mean_face()[:, :2]]
    result = np.array(inside, np.bool_)
    result.flags.writeable = False
    return result
