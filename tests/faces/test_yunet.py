"""Decoding of the detector's heads, against OpenCV's own decoder on the same file."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.faces.yunet import Detections, concatenate, decode, detect
from masquerade.models import get_model
from tests.faces.photos import NAMES, photo

Floats = NDArray[np.float32]


def opencvs(canvas: NDArray[np.uint8], threshold: float) -> NDArray[np.float32]:
    """All detections of OpenCV's FaceDetectorYN, without suppression: x, y, w, h, ten coordinates, score."""
    height, width = canvas.shape[:2]
    detector = cv2.FaceDetectorYN.create(
        str(get_model("yunet").path), "", (width, height), threshold, nms_threshold=1.0, top_k=5000
    )
    rows = detector.detect(np.ascontiguousarray(canvas[..., ::-1]))[1]
    return np.zeros((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)


def by_place(detections: Detections) -> NDArray[np.float32]:
    """In OpenCV's columns, ordered by place, so that equal detections stand in the same row."""
    sides = detections.boxes[:, 2:] - detections.boxes[:, :2]
    rows = np.concatenate(
        [detections.boxes[:, :2], sides, detections.points.reshape(-1, 10), detections.scores[:, None]], axis=1
    )
    return rows[np.lexsort(rows[:, :4].round(1).T)]


SIZES = [
    # the usual one, wide, tall, small, and one where every stride has an odd number of cells
    (640, 640),
    (640, 320),
    (320, 640),
    (96, 160),
    (352, 288),
]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_detections_are_opencvs(name: str, size: tuple[int, int]) -> None:
    canvas = np.asarray(cv2.resize(photo(name), size, interpolation=cv2.INTER_AREA), np.uint8)
    ours = by_place(detect(canvas[None], 0.3)[0])
    theirs = opencvs(canvas, 0.3)
    theirs = theirs[np.lexsort(theirs[:, :4].round(1).T)]
    assert len(ours) == len(theirs) > 0
    for row in ours:
        nearest = theirs[np.abs(theirs - row).max(axis=1).argmin()]
        np.testing.assert_allclose(row[:14], nearest[:14], atol=0.05)  # pixels
        assert row[14] == pytest.approx(nearest[14], abs=1e-3)


def slowly_decoded(heads: dict[str, Floats], index: int, size: tuple[int, int], threshold: float) -> list[list[float]]:
    """One cell after the other, as the paper's code writes it."""
    rows = []
    for stride in (8, 16, 32):
        cell = 0
        for row in range(size[1] // stride):
            for column in range(size[0] // stride):
                score = float(np.sqrt(heads[f"cls_{stride}"][index, cell, 0] * heads[f"obj_{stride}"][index, cell, 0]))
                dx, dy, w, h = heads[f"bbox_{stride}"][index, cell]
                x, y = (column + dx) * stride, (row + dy) * stride
                w, h = np.exp(w) * stride, np.exp(h) * stride
                points = heads[f"kps_{stride}"][index, cell].reshape(5, 2)
                flat = [float(value) for px, py in points for value in ((px + column) * stride, (py + row) * stride)]
                if score >= threshold:
                    rows.append([x - w / 2, y - h / 2, x + w / 2, y + h / 2, *flat, score])
                cell += 1
    return rows


@pytest.mark.parametrize("size", [(64, 32), (32, 96), (96, 96)])
def test_decode_against_a_slow_one(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    heads: dict[str, Floats] = {}
    for stride in (8, 16, 32):
        cells = (size[0] // stride) * (size[1] // stride)
        for head, width in (("cls", 1), ("obj", 1)):
            heads[f"{head}_{stride}"] = rng.uniform(0, 1, (2, cells, width)).astype(np.float32)
        for head, width in (("bbox", 4), ("kps", 10)):
            heads[f"{head}_{stride}"] = rng.normal(0, 1, (2, cells, width)).astype(np.float32)
    for index in range(2):
        ours = decode(heads, index, size, 0.5)
        slow = np.array(slowly_decoded(heads, index, size, 0.5))
        assert len(slow) > 2
        np.testing.assert_allclose(ours.boxes, slow[:, :4], rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(ours.points.reshape(-1, 10), slow[:, 4:14], rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(ours.scores, slow[:, 14], rtol=1e-5)


def test_a_box_of_absurd_size_stays_finite() -> None:
    heads = {
        f"{head}_{stride}": np.zeros((1, (32 // stride) ** 2, width), np.float32)
        for stride in (8, 16, 32)
        for head, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
    }
    heads["cls_32"][:] = heads["obj_32"][:] = 1.5  # a probability a little out of range
    heads["bbox_32"][:] = 1000
    found = decode(heads, 0, (32, 32), 0.5)
    assert found.scores.tolist() == [1.0]
    assert np.isfinite(found.boxes).all()


def test_a_batch_gives_what_each_picture_gives() -> None:
    canvases = np.stack([cv2.resize(photo(name), (256, 256)) for name in NAMES[:3]]).astype(np.uint8)
    together = detect(canvases, 0.3)
    for canvas, part in zip(canvases, together, strict=True):
        alone = detect(canvas[None], 0.3)[0]
        np.testing.assert_allclose(part.boxes, alone.boxes, atol=0.01)
        np.testing.assert_allclose(part.scores, alone.scores, atol=1e-4)


def test_moved_and_concatenated() -> None:
    part = Detections(
        boxes=np.array([[10, 20, 30, 40]], np.float32),
        scores=np.array([0.5], np.float32),
        points=np.arange(10, dtype=np.float32).reshape(1, 5, 2),
    )
    moved = part.moved(0.5, (100, -7))
    assert moved.boxes.tolist() == [[120, 33, 160, 73]]
    assert moved.points[0, 1].tolist() == [104, -1]
    both = concatenate([part, moved])
    assert both.boxes.tolist() == [[10, 20, 30, 40], [120, 33, 160, 73]]
    assert both.scores.tolist() == [0.5, 0.5]
    assert both.points.shape == (2, 5, 2)
