"""Boxes, similarity transforms and sampling. Points are (x, y) in pixels, pixel centres on whole numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import FacesInvalid
from masquerade.settings import get_settings

Floats = NDArray[np.float32]

OPENCV_SIDE = 32_766
"""The longest side of a picture that every way through OpenCV's warpAffine takes: some count in 16 bits."""


@lru_cache(maxsize=1)
def opencv() -> Any:
    """Return OpenCV, loaded on first use; its pool of threads is as large as the setting ``threads``."""
    import cv2  # noqa: PLC0415 - the boxes above need no OpenCV, and start faster without

    cv2.setNumThreads(get_settings().threads)
    return cv2


def box_iou(boxes: NDArray[Any], others: NDArray[Any]) -> Floats:
    """Intersection over union of every box with every other.

    Args:
        boxes: (n, 4) xyxy.
        others: (m, 4) xyxy.

    Returns:
        (n, m) float32 in 0 to 1; 0 where both boxes are empty.
    """
    shared = box_intersection(boxes, others)
    areas, other_areas = box_area(boxes), box_area(others)
    union = areas[:, None] + other_areas[None] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0), np.float32)


def box_intersection(boxes: NDArray[Any], others: NDArray[Any]) -> Floats:
    """Shared area of every box (n, 4) with every other (m, 4), as (n, m) float32."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    sides = np.clip(high - low, 0, None)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def box_area(boxes: NDArray[Any]) -> Floats:
    """Area of each box (n, 4) xyxy; 0 for an inverted one."""
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def suppress(boxes: Floats, scores: Floats, iou: float, inside: float) -> NDArray[np.intp]:
    """Non-maximum suppression that knows of faces seen at several scales.

    A box is dropped when a better one overlaps it by ``iou``, or when the smaller of the two lies
    within the other by ``inside`` of its area (a nose taken for a face, half a face at a tile's edge).

    Args:
        boxes: (n, 4) xyxy.
        scores: (n,).
        iou: largest intersection over union that two kept boxes may have.
        inside: largest share of the smaller box that two kept boxes may have in common.

    Returns:
        Indices of the kept boxes, best score first.
    """
    left = np.argsort(-scores, kind="stable")
    # One row a number: the loop below runs along them, in memory that grows with the boxes, not their square.
    rows = np.stack([*boxes[left].T, box_area(boxes[left])])
    kept: list[int] = []
    while len(left):
        kept.append(int(left[0]))
        x0, y0, x1, y1, area = rows[:, 0]
        rows, left = rows[:, 1:], left[1:]
        beside = np.flatnonzero((rows[0] < x1) & (rows[2] > x0))  # all others share nothing
        u0, v0, u1, v1, areas = rows[:, beside]
        widths = np.maximum(np.minimum(u1, x1) - np.maximum(u0, x0), 0)
        heights = np.maximum(np.minimum(v1, y1) - np.maximum(v0, y0), 0)
        shared = widths * heights
        clash = (shared > iou * (areas + area - shared)) | (shared > inside * np.minimum(areas, area))
        if clash.any():
            rows, left = np.delete(rows, beside[clash], axis=1), np.delete(left, beside[clash])
    return np.array(kept, np.intp)


def square_around(boxes: NDArray[Any], margin: float) -> Floats:
    """Squares around the centres of boxes (n, 4): the longer side, widened by ``margin`` of it on each side."""
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    half = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True) * (0.5 + margin)
    return np.concatenate([centres - half, centres + half], axis=1).astype(np.float32)


def similarity(source: NDArray[Any], target: NDArray[Any]) -> NDArray[np.float64]:
    """Least-squares similarity transform (scale, rotation, shift) that carries points onto others.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns",
    IEEE TPAMI 13(4), 1991; in the plane it has this closed form with complex numbers.

    Args:
        source: (n, 2) points, n >= 2, not all equal.
        target: (n, 2) points.

    Returns:
        (2, 3) matrix that maps source to target.

    Raises:
        ValueError: the shapes differ, or all source points fall together.
    """
    if source.shape != target.shape or source.ndim != 2 or source.shape[1] != 2 or len(source) < 2:
        raise ValueError(f"expected two arrays of shape (n >= 2, 2), got {source.shape} and {target.shape}")
    a = source[:, 0].astype(np.float64) + 1j * source[:, 1]
    b = target[:, 0].astype(np.float64) + 1j * target[:, 1]
    spread = a - a.mean()
    norm = float((np.abs(spread) ** 2).sum())
    if norm <= 1e-12:
        raise ValueError("all source points fall together")
    turn = complex((spread.conj() * (b - b.mean())).sum()) / norm
    shift = complex(b.mean()) - turn * complex(a.mean())
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def transform(matrix: NDArray[Any], points: NDArray[Any]) -> NDArray[np.float64]:
    """Apply a (2, 3) affine matrix to points (..., 2)."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float64)


def invert(matrix: NDArray[Any]) -> NDArray[np.float64]:
    """Invert a (2, 3) affine matrix."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.concatenate([linear, -(linear @ matrix[:, 2:])], axis=1)


def box_to_square(box: NDArray[Any], size: int) -> NDArray[np.float64]:
    """The (2, 3) matrix that maps a box's area onto a picture of ``size`` x ``size`` pixels.

    Raises:
        FacesInvalid: the box has no area.
    """
    x0, y0, x1, y1 = (float(value) for value in box)
    if not (x0 < x1 and y0 < y1):
        raise FacesInvalid(f"boxes: expected x0 < x1 and y0 < y1, got {[x0, y0, x1, y1]}: nothing to cut out")
    sx, sy = size / (x1 - x0), size / (y1 - y0)
    # The box spans areas, pixel centres lie half a pixel inside.
    return np.array([[sx, 0, (0.5 - x0) * sx - 0.5], [0, sy, (0.5 - y0) * sy - 0.5]])


def sample(image: NDArray[np.uint8], matrix: NDArray[Any], size: tuple[int, int], border: int = 0) -> NDArray[np.uint8]:
    """Draw the part of a picture that an affine matrix maps onto a canvas.

    Where the matrix shrinks by more than half, the part is first averaged down, so that nothing aliases.
    Of a picture with a side beyond ``OPENCV_SIDE`` only the part that the canvas shows is passed on; a
    smaller one goes to OpenCV as it is, which reads no more of it than that either, and whose rounding of
    places would change with an offset.

    Args:
        image: (height, width, channels) uint8.
        matrix: (2, 3), from picture to canvas.
        size: (width, height) of the canvas.
        border: grey value outside the picture.

    Returns:
        (height, width, channels) uint8.
    """
    cv2 = opencv()
    matrix = np.asarray(matrix, np.float64)
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    steps = int(1 / scale) if scale > 0 else 1
    if steps >= 2:
        image, matrix = _averaged(image, matrix, size, steps)
    if max(image.shape[:2]) > OPENCV_SIDE:
        image, matrix = _cut_out(image, matrix, size)
    return np.asarray(
        cv2.warpAffine(
            image,
            matrix,
            size,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(border, border, border),
        ),
        np.uint8,
    )


def _window(
    image: NDArray[np.uint8], matrix: NDArray[np.float64], size: tuple[int, int], margin: int
) -> tuple[int, int, int, int]:
    """The part of the picture, as x0, y0, x1, y1, that the canvas shows, with a margin; may be empty."""
    width, height = size
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64)
    reach = transform(invert(matrix), corners)
    x0, y0 = (int(value) for value in np.clip(np.floor(reach.min(axis=0)) - margin, 0, None))
    x1, y1 = np.minimum(np.ceil(reach.max(axis=0)) + margin, [image.shape[1], image.shape[0]]).astype(int).tolist()
    return x0, y0, x1, y1


def _cut_out(
    image: NDArray[np.uint8], matrix: NDArray[np.float64], size: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Cut out what the canvas shows, with the pixels that interpolation mixes in; adapt the matrix.

    Where the canvas shows nothing of the picture, a corner of it stands for the picture: the matrix
    maps that corner to where it was, beyond the canvas.
    """
    x0, y0, x1, y1 = _window(image, matrix, size, margin=2)
    if x1 <= x0 or y1 <= y0:
        return image[:1, :1], matrix
    shift = matrix[:, :2] @ np.array([x0, y0], np.float64) + matrix[:, 2]
    return image[y0:y1, x0:x1], np.concatenate([matrix[:, :2], shift[:, None]], axis=1)


def _averaged(
    image: NDArray[np.uint8], matrix: NDArray[np.float64], size: tuple[int, int], steps: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Cut out what the canvas shows and average blocks of ``steps`` pixels; adapt the matrix.

    Where the last block reaches beyond the picture, the picture's last pixels fill it.
    """
    x0, y0, x1, y1 = _window(image, matrix, size, steps)
    if x1 <= x0 or y1 <= y0:
        return image, matrix
    columns, rows = -(-(x1 - x0) // steps), -(-(y1 - y0) // steps)
    part = image[y0 : y0 + rows * steps, x0 : x0 + columns * steps]
    below, beside = rows * steps - part.shape[0], columns * steps - part.shape[1]
    cv2 = opencv()
    if below or beside:
        part = cv2.copyMakeBorder(part, 0, below, 0, beside, cv2.BORDER_REPLICATE)
    small = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
    # Small pixel u covers big pixels x0 + steps * u + (steps - 1) / 2.
    offset = np.array([x0 + (steps - 1) / 2, y0 + (steps - 1) / 2])
    shift = matrix[:, :2] @ offset + matrix[:, 2]
    return np.asarray(small, np.uint8), np.concatenate([matrix[:, :2] * steps, shift[:, None]], axis=1)
