"""Which parts of a picture the detector looks at, and how large.

YuNet knows faces of 10 to 300 pixels that lie wholly in view. A pass is a window on the picture
and the size at which the detector sees it: the whole picture, the whole picture with room around
it (a portrait that fills its frame), and overlapping tiles enlarged (the back row of a group).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masquerade.faces.yunet import MULTIPLE, Detections, detect
from masquerade.geometry import opencv

ROOM = 0.5
"""Room around the picture in the padded pass, as a share of its longer side, on each side."""
TILE_OVERLAP = 0.3
BATCH = 4
"""Canvases that go through the network at once: more cost memory and gain nothing on a CPU."""


@dataclass(frozen=True, slots=True)
class Pass:
    """A window on the picture and the canvas that shows it.

    Attributes:
        x, y, width, height: the window in pixels; may reach beyond the picture, which shows as black.
        scale: canvas pixels for a picture pixel.
        canvas: (width, height) of the canvas, multiples of 32.
    """

    x: int
    y: int
    width: int
    height: int
    scale: float
    canvas: tuple[int, int]


def plan_pass(window: tuple[int, int, int, int], long_side: int) -> Pass:
    """Show a window (x, y, width, height) with its longer side at ``long_side`` canvas pixels."""
    x, y, width, height = window
    scale = long_side / max(width, height)
    canvas = tuple(MULTIPLE * max(1, math.ceil(round(side * scale) / MULTIPLE)) for side in (width, height))
    return Pass(x=x, y=y, width=width, height=height, scale=scale, canvas=(canvas[0], canvas[1]))


def whole(size: tuple[int, int], long_side: int) -> Pass:
    """The whole picture of (width, height)."""
    return plan_pass((0, 0, *size), long_side)


def padded(size: tuple[int, int], long_side: int) -> Pass:
    """The whole picture with room on every side."""
    width, height = size
    room = round(ROOM * max(size))
    return plan_pass((-room, -room, width + 2 * room, height + 2 * room), long_side)


def tiles(size: tuple[int, int], across: int, long_side: int) -> list[Pass]:
    """Overlapping tiles: ``across`` along the longer side, as many as it takes along the shorter."""
    side = max(size) / (across - (across - 1) * TILE_OVERLAP)
    counts = [max(1, math.ceil((length / side - TILE_OVERLAP) / (1 - TILE_OVERLAP) - 1e-6)) for length in size]
    extents = [min(max(1, round(side)), length) for length in size]
    starts = [
        [round(index * (length - extent) / max(1, count - 1)) for index in range(count)]
        for length, extent, count in zip(size, extents, counts, strict=True)
    ]
    return [plan_pass((x, y, extents[0], extents[1]), long_side) for y in starts[1] for x in starts[0]]


def draw(image: NDArray[np.uint8], view: Pass) -> NDArray[np.uint8]:
    """Draw the canvas of a pass: (height, width, 3) uint8 RGB, black beyond the picture."""
    cv2 = opencv()
    height, width = image.shape[:2]
    x0, y0 = max(view.x, 0), max(view.y, 0)
    x1, y1 = min(view.x + view.width, width), min(view.y + view.height, height)
    target = (max(1, round((x1 - x0) * view.scale)), max(1, round((y1 - y0) * view.scale)))
    part = image[y0:y1, x0:x1]
    if target != (x1 - x0, y1 - y0):
        part = cv2.resize(part, target, interpolation=cv2.INTER_AREA if view.scale < 0.7 else cv2.INTER_LINEAR)
    left, top = round((x0 - view.x) * view.scale), round((y0 - view.y) * view.scale)
    if (left, top) == (0, 0) and part.shape[:2] == view.canvas[::-1]:
        return np.asarray(part, np.uint8)
    canvas = np.zeros((view.canvas[1], view.canvas[0], 3), np.uint8)
    part = part[: view.canvas[1] - top, : view.canvas[0] - left]
    canvas[top : top + part.shape[0], left : left + part.shape[1]] = part
    return canvas


def run(image: NDArray[np.uint8], views: list[Pass], threshold: float) -> list[Detections]:
    """Run the detector over passes, those with canvases of one size together.

    Returns:
        Detections of each pass in pixels of the picture.
    """
    found: dict[int, Detections] = {}
    by_size: dict[tuple[int, int], list[int]] = {}
    for index, view in enumerate(views):
        by_size.setdefault(view.canvas, []).append(index)
    batches = [same[start : start + BATCH] for same in by_size.values() for start in range(0, len(same), BATCH)]
    for batch in batches:
        canvases = np.stack([draw(image, views[index]) for index in batch])
        for index, part in zip(batch, detect(canvases, threshold), strict=True):
            found[index] = part.moved(views[index].scale, (views[index].x, views[index].y))
    return [found[index] for index in range(len(views))]
