"""Views of aligned faces for a network: the plain one, and random ones, now and then with a mask drawn on.

What is drawn for a face follows from the numbers that name it (the run's seed, the epoch, its place in the epoch and
the photo), not from the batch that it is in, so that processes may share a batch and a killed run goes on alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from masquerade.faces.align import ARCFACE_SIZE
from masquerade.geometry import opencv
from masquerade.masks import masked_crops
from masquerade.masks.drawing import Choice
from masquerade.training.recognition.aligning import ROOM, STORED

Bytes = NDArray[np.uint8]
Rows = NDArray[np.void]
Seeds = Sequence[tuple[int, ...]]

ASTRAY_BARE = (1.0, 0.014, 0.6, 0.4)
ASTRAY_MASKED = (2.6, 0.065, 1.4, 2.2)
"""What is left of misalignment, of bare faces and under masks: standard deviations of turn in degrees, of the logarithm
of the size, and of shifts across and down in pixels. docs/training-recognition.md says how it was measured."""
MASK, VIEW = 1, 2
"""Streams of chance of a face: its mask; what is done to the picture."""


def plain_views(rows: Rows) -> Bytes:
    """The crops as the finished network is given them: (n, 112, 112, 3)."""
    return np.ascontiguousarray(rows["crop"][:, ROOM : ROOM + ARCFACE_SIZE, ROOM : ROOM + ARCFACE_SIZE])


def draw_masks(rows: Rows, seeds: Seeds, probability: float = 1.0) -> tuple[Rows, NDArray[np.bool_]]:
    """Draw masks on some of the faces.

    Args:
        rows: (n,) faces, as ``aligning.DTYPE``; not changed.
        seeds: numbers that name each draw.
        probability: of a mask on each face that can carry one.

    Returns:
        The faces, and (n,) bool: which have a mask now.
    """
    lots = np.array([np.random.default_rng((*seed, MASK)).random() for seed in seeds])
    chosen = rows["drawable"] & (lots < probability)
    if not chosen.any():
        return rows, chosen
    index = np.flatnonzero(chosen)
    crops, _ = masked_crops(
        np.ascontiguousarray(rows["crop"][index]),
        np.ascontiguousarray(rows["landmarks"][index]),
        [seeds[number] for number in index.tolist()],
        Choice(),
    )
    drawn = rows.copy()
    drawn["crop"][index] = crops
    return drawn, chosen


def random_views(rows: Rows, masked: NDArray[np.bool_], seeds: Seeds) -> Bytes:
    """Random views: shift, turn and scale as alignment leaves them, mirror, light, colour, small size, blur, JPEG.

    Args:
        rows: (n,) faces.
        masked: (n,) bool, whether a mask was drawn on each.
        seeds: numbers that name each draw.

    Returns:
        (n, 112, 112, 3) uint8 RGB.
    """
    views = np.empty((len(rows), ARCFACE_SIZE, ARCFACE_SIZE, 3), np.uint8)
    for index, seed in enumerate(seeds):
        rng = np.random.default_rng((*seed, VIEW))
        view = _moved(rows["crop"][index], rng, ASTRAY_MASKED if masked[index] else ASTRAY_BARE)
        views[index] = _degraded(_lit(view, rng), rng)
    return views


def _moved(crop: Bytes, rng: np.random.Generator, astray: tuple[float, float, float, float]) -> Bytes:
    cv2 = opencv()
    turn, growth, across, down = rng.normal(0, astray)
    middle = (STORED - 1) / 2
    matrix = cv2.getRotationMatrix2D((middle, middle), turn, float(np.exp(growth)))
    matrix[:, 2] += np.array([across, down]) - ROOM
    if rng.random() < 0.5:
        matrix[0] *= -1
        matrix[0, 2] += ARCFACE_SIZE - 1
    return np.asarray(cv2.warpAffine(crop, matrix, (ARCFACE_SIZE, ARCFACE_SIZE), flags=cv2.INTER_LINEAR), np.uint8)


def _lit(view: Bytes, rng: np.random.Generator) -> Bytes:
    contrast, brightness, grey = rng.uniform(0.75, 1.25), rng.uniform(-25, 25), rng.random() < 0.05
    gains = rng.uniform(0.92, 1.08, 3).astype(np.float32)
    if grey:
        view = opencv().cvtColor(opencv().cvtColor(view, opencv().COLOR_RGB2GRAY), opencv().COLOR_GRAY2RGB)
    values = view * (gains * np.float32(contrast))
    values += np.float32(brightness + (1 - contrast) * view.mean())
    return np.clip(values, 0, 255).astype(np.uint8)


def _degraded(view: Bytes, rng: np.random.Generator) -> Bytes:
    cv2 = opencv()
    small, blurred, coded = rng.random(3) < (0.25, 0.1, 0.2)
    side, width, quality = int(rng.uniform(36, ARCFACE_SIZE)), rng.uniform(0.4, 1.2), int(rng.uniform(35, 90))
    if small:
        low = cv2.resize(view, (side, side), interpolation=cv2.INTER_AREA)
        view = cv2.resize(low, (ARCFACE_SIZE, ARCFACE_SIZE), interpolation=cv2.INTER_LINEAR)
    if blurred:
        view = cv2.GaussianBlur(view, (0, 0), width)
    if coded:
        view = cv2.imdecode(cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)
    return np.asarray(view, np.uint8)
