"""Hand-made faces, so that what is drawn and said can be foretold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from masquerade.faces import Faces
from masquerade.looking import Seen
from masquerade.wearing import Wearing

ROWS = {
    "with_mask": ([0.9, 0.06, 0.04], [0.1, 0.1, 0.1]),
    "without_mask": ([0.1, 0.7, 0.2], [0.9, 0.9, 0.9]),
    "incorrect": ([0.2, 0.2, 0.6], [0.9, 0.2, 0.1]),
    "undecided": ([0.4, 0.3, 0.3], [0.9, 0.2, 0.1]),
}


def seen_of(
    size: tuple[int, int], boxes: Sequence[tuple[float, float, float, float]], labels: Sequence[str], pose: bool = True
) -> Seen:
    """Faces with these boxes and labels in a picture of (width, height)."""
    corners = np.array(boxes, np.float32).reshape(-1, 4)
    count = len(corners)
    centres = (corners[:, :2] + corners[:, 2:]) / 2
    faces = Faces(
        size=size,
        boxes=corners,
        scores=np.linspace(0.9, 0.5, count).astype(np.float32),
        points=np.repeat(centres[:, None], 5, axis=1),
        pose=np.tile(np.array([10.04, -20.06, 0.0], np.float32), (count, 1)) if pose else None,
    )
    rows = [ROWS[label] for label in labels]
    probabilities, visible = (np.array([row[part] for row in rows], np.float32).reshape(-1, 3) for part in (0, 1))
    return Seen(faces, Wearing(probabilities, visible), confidence=0.5)
