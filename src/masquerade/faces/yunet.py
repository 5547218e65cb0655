"""YuNet: one pass of the detector over pictures, with its output decoded in numpy.

Wu and others, "YuNet: a tiny millisecond-level face detector", Machine Intelligence Research 20, 2023.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masquerade.models import get_session

Floats = NDArray[np.float32]
MODEL = "yunet"
MULTIPLE = 32


@dataclass(frozen=True, slots=True)
class Detections:
    """Raw boxes of one pass, before suppression.

    Attributes:
        boxes: (n, 4) float32 xyxy.
        scores: (n,) float32 in 0 to 1.
        points: (n, 5, 2) float32.
    """

    boxes: Floats
    scores: Floats
    points: Floats

    def moved(self, scale: float, shift: tuple[float, float]) -> Detections:
        """Return the same detections in other coordinates: ``position / scale + shift``."""
        offset = np.array(shift, np.float32)
        return Detections(
            boxes=self.boxes / np.float32(scale) + np.tile(offset, 2),
            scores=self.scores,
            points=self.points / np.float32(scale) + offset,
        )


def concatenate(parts: list[Detections]) -> Detections:
    """Join detections of several passes."""
    return Detections(
        boxes=np.concatenate([part.boxes for part in parts]),
        scores=np.concatenate([part.scores for part in parts]),
        points=np.concatenate([part.points for part in parts]),
    )


def decode(outputs: dict[str, Floats], index: int, size: tuple[int, int], threshold: float) -> Detections:
    """Turn the heads of one picture into boxes and points.

    Args:
        outputs: YuNet's twelve heads: ``cls``, ``obj``, ``bbox`` and ``kps`` at strides 8, 16 and 32.
        index: which picture of the batch.
        size: (width, height) that the network saw, multiples of 32.
        threshold: lowest score that is kept; a score is the geometric mean of class and objectness.
    """
    parts = []
    for stride in (8, 16, 32):
        columns = size[0] // stride
        cls, obj = outputs[f"cls_{stride}"][index, :, 0], outputs[f"obj_{stride}"][index, :, 0]
        scores = np.sqrt(np.clip(cls, 0, 1) * np.clip(obj, 0, 1))
        kept = np.flatnonzero(scores >= threshold)
        cells = np.stack([kept % columns, kept // columns], axis=1).astype(np.float32)
        box = outputs[f"bbox_{stride}"][index, kept]
        centres = (cells + box[:, :2]) * stride
        half = np.exp(np.minimum(box[:, 2:], 8)) * (stride / 2)
        points = (cells[:, None] + outputs[f"kps_{stride}"][index, kept].reshape(-1, 5, 2)) * stride
        parts.append(Detections(np.concatenate([centres - half, centres + half], axis=1), scores[kept], points))
    return concatenate(parts)


def detect(canvases: NDArray[np.uint8], threshold: float) -> list[Detections]:
    """Run the detector once on pictures of one size.

    Args:
        canvases: (n, height, width, 3) uint8 RGB; height and width multiples of 32.
        threshold: lowest score that is kept.

    Returns:
        For each picture its raw detections, in its own pixels.
    """
    batch = np.ascontiguousarray(canvases[..., ::-1].transpose(0, 3, 1, 2), np.float32)
    outputs = get_session(MODEL).run({"input": batch})
    size = (canvases.shape[2], canvases.shape[1])
    return [decode(outputs, index, size, threshold) for index in range(len(canvases))]
