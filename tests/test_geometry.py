"""Boxes, similarity transforms and sampling, each against another way to compute the same."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from masquerade.errors import FacesInvalid
from masquerade.geometry import (
    OPENCV_SIDE,
    box_area,
    box_intersection,
    box_iou,
    box_to_square,
    invert,
    sample,
    similarity,
    square_around,
    suppress,
    transform,
)

BUSY = settings(deadline=None)  # the machine may be busy
COORDINATES = st.floats(-1000, 1000, allow_nan=False, width=32)
POINTS = hnp.arrays(np.float64, st.tuples(st.integers(2, 8), st.just(2)), elements=COORDINATES)
WHOLE_BOXES = hnp.arrays(
    np.int64, st.tuples(st.integers(0, 5), st.just(4)), elements=st.integers(0, 15)
)  # some of them inverted or empty


def similarity_matrix(scale: float, degrees: float, shift: tuple[float, float]) -> NDArray[np.float64]:
    turn = np.radians(degrees)
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.column_stack([linear, shift])


@BUSY
@given(POINTS, st.floats(0.01, 100), st.floats(-180, 180), st.tuples(COORDINATES, COORDINATES))
def test_similarity_recovers_what_was_done(
    source: NDArray[np.float64], scale: float, degrees: float, shift: tuple[float, float]
) -> None:
    assume(np.ptp(source, axis=0).max() > 1)
    known = similarity_matrix(scale, degrees, shift)
    target = source @ known[:, :2].T + known[:, 2]
    found = similarity(source, target)
    np.testing.assert_allclose(found[:, :2], known[:, :2], atol=1e-9 * scale * 1e3)
    np.testing.assert_allclose(transform(found, source), target, atol=1e-6 * max(scale, 1))


@BUSY
@given(POINTS, st.integers(0, 2**32 - 1))
def test_similarity_is_the_least_squares_solution(source: NDArray[np.float64], seed: int) -> None:
    assume(np.ptp(source, axis=0).max() > 1)
    target = source + np.random.default_rng(seed).normal(0, 20, source.shape)
    # x' = a x - b y + c and y' = b x + a y + d, as one system of linear equations in a, b, c, d.
    x, y, one, zero = source[:, 0], source[:, 1], np.ones(len(source)), np.zeros(len(source))
    system = np.concatenate([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)])
    a, b, c, d = np.linalg.lstsq(system, target.T.ravel(), rcond=None)[0]
    np.testing.assert_allclose(similarity(source, target), [[a, -b, c], [b, a, d]], rtol=1e-6, atol=1e-6)


def test_similarity_is_opencvs() -> None:
    rng = np.random.default_rng(5)
    source = rng.uniform(0, 200, (5, 2))
    target = transform(similarity_matrix(0.4, 25, (10, -20)), source) + rng.normal(0, 0.3, (5, 2))
    theirs, inliers = cv2.estimateAffinePartial2D(source, target, ransacReprojThreshold=100)
    assert inliers.all()
    np.testing.assert_allclose(similarity(source, target), theirs, rtol=1e-4, atol=1e-3)


def test_similarity_never_mirrors() -> None:
    source = np.array([[0, 0], [1, 0], [0, 1]])
    found = similarity(source, source * [-1, 1])
    assert np.linalg.det(found[:, :2]) >= 0


UNUSABLE = [
    # one point does not tell a turn
    (np.zeros((1, 2)), np.zeros((1, 2)), "n >= 2"),
    # as many points on both sides
    (np.zeros((3, 2)), np.zeros((4, 2)), "two arrays"),
    # points in the plane
    (np.zeros((3, 3)), np.zeros((3, 3)), "two arrays"),
    (np.zeros(4), np.zeros(4), "two arrays"),
    # all in one place
    (np.full((5, 2), 7.0), np.zeros((5, 2)), "fall together"),
]


@pytest.mark.parametrize(("source", "target", "message"), UNUSABLE)
def test_similarity_of_unusable_points(source: NDArray[Any], target: NDArray[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        similarity(source, target)


@BUSY
@given(st.floats(0.01, 100), st.floats(-180, 180), st.tuples(COORDINATES, COORDINATES), POINTS)
def test_invert(scale: float, degrees: float, shift: tuple[float, float], points: NDArray[np.float64]) -> None:
    matrix = similarity_matrix(scale, degrees, shift)
    np.testing.assert_allclose(transform(invert(matrix), transform(matrix, points)), points, atol=1e-6)


def counted(box: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The unit squares that a box with whole corners covers."""
    grid = np.zeros((16, 16), np.bool_)
    grid[box[1] : max(box[3], box[1]), box[0] : max(box[2], box[0])] = True
    return grid


@BUSY
@given(WHOLE_BOXES, WHOLE_BOXES)
def test_boxes_against_counted_squares(boxes: NDArray[np.int64], others: NDArray[np.int64]) -> None:
    iou, shared = box_iou(boxes, others), box_intersection(boxes, others)
    assert iou.shape == shared.shape == (len(boxes), len(others))
    assert iou.dtype == np.float32
    np.testing.assert_array_equal(box_area(boxes), [counted(box).sum() for box in boxes])
    for row, box in enumerate(boxes):
        for column, other in enumerate(others):
            a, b = counted(box), counted(other)
            assert shared[row, column] == (a & b).sum()
            assert iou[row, column] == pytest.approx((a & b).sum() / max(1, (a | b).sum()), abs=1e-6)


def slow_suppress(boxes: NDArray[np.float32], scores: NDArray[np.float32], iou: float, inside: float) -> list[int]:
    kept: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda item: -scores[item]):
        x0, y0, x1, y1 = (float(value) for value in boxes[index])
        good = True
        for other in kept:
            u0, v0, u1, v1 = (float(value) for value in boxes[other])
            shared = max(0.0, min(x1, u1) - max(x0, u0)) * max(0.0, min(y1, v1) - max(y0, v0))
            area, other_area = (x1 - x0) * (y1 - y0), (u1 - u0) * (v1 - v0)
            good &= not (shared > iou * (area + other_area - shared) or shared > inside * min(area, other_area))
        if good:
            kept.append(index)
    return kept


@pytest.mark.parametrize("seed", range(8))
def test_suppress_against_a_slow_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = rng.uniform(0, 60, (80, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(5, 40, (80, 2))], axis=1).astype(np.float32)
    scores = rng.permutation(np.linspace(0.1, 0.9, 80)).astype(np.float32)
    found = suppress(boxes, scores, iou=0.4, inside=0.7)
    assert found.tolist() == slow_suppress(boxes, scores, 0.4, 0.7)
    assert 1 < len(found) < 80


SUPPRESSED = [
    # side by side: both stay
    ([[0, 0, 10, 10], [10, 0, 20, 10]], [0.9, 0.8], [0, 1]),
    # the same twice: the better one
    ([[0, 0, 10, 10], [0, 0, 10, 10]], [0.8, 0.9], [1]),
    # equal scores: the first
    ([[0, 0, 10, 10], [0, 0, 10, 10]], [0.9, 0.9], [0]),
    # a nose taken for a face, within the face: low overlap, yet dropped
    ([[0, 0, 100, 100], [40, 40, 60, 60]], [0.9, 0.8], [0]),
    # the small one scored better: the large one goes, only one of them is the face
    ([[0, 0, 100, 100], [40, 40, 60, 60]], [0.8, 0.9], [1]),
    # half of the small box inside the large one: two people
    ([[0, 0, 100, 100], [90, 40, 110, 60]], [0.9, 0.8], [0, 1]),
    # a dropped box drops nobody: the third overlaps only the second
    ([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]], [0.9, 0.8, 0.7], [0, 2]),
    # none
    (np.zeros((0, 4)), [], []),
]


@pytest.mark.parametrize(("boxes", "scores", "kept"), SUPPRESSED)
def test_suppress(boxes: list[list[float]], scores: list[float], kept: list[int]) -> None:
    found = suppress(np.array(boxes, np.float32), np.array(scores, np.float32), iou=0.4, inside=0.7)
    assert found.tolist() == kept


def test_suppress_of_a_crowd_takes_little_memory_and_time() -> None:
    """Nothing overlaps: the most work. All pairs at once would take gigabytes."""
    y, x = np.mgrid[0:100, 0:200]
    corners = np.stack([x, y], axis=-1).reshape(-1, 2) * 50
    boxes = np.concatenate([corners, corners + 40], axis=1).astype(np.float32)
    scores = np.random.default_rng(0).uniform(0.3, 1, len(boxes)).astype(np.float32)
    start = time.process_time()
    tracemalloc.start()
    try:
        kept = suppress(boxes, scores, iou=0.4, inside=0.7)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.process_time() - start < 20  # many times what it takes, for tracemalloc and busy machines
    assert peak < 10 * 2**20
    np.testing.assert_array_equal(kept, np.argsort(-scores, kind="stable"))


def test_square_around() -> None:
    squares = square_around(np.array([[10, 20, 30, 60], [0, 0, 8, 4]], np.float32), margin=0.25)
    # the longer side is 40: 60 with the margins, around (20, 40)
    assert squares.tolist() == [[-10, 10, 50, 70], [-2, -4, 10, 8]]


@BUSY
@given(
    st.tuples(COORDINATES, COORDINATES),
    st.tuples(st.floats(1, 500), st.floats(1, 500)),
    st.integers(1, 300),
)
def test_box_to_square_maps_areas(corner: tuple[float, float], sides: tuple[float, float], size: int) -> None:
    box = np.array([*corner, corner[0] + sides[0], corner[1] + sides[1]])
    matrix = box_to_square(box, size)
    # The outer edges of a canvas lie half a pixel beyond the centres of its outermost pixels.
    edges = box.reshape(2, 2) - 0.5
    canvas = np.array([[-0.5, -0.5], [size - 0.5, size - 0.5]])
    np.testing.assert_allclose(transform(matrix, edges), canvas, atol=1e-6)
    np.testing.assert_allclose(transform(invert(matrix), canvas), edges, atol=1e-6)


@pytest.mark.parametrize("box", [[5, 5, 5, 5], [0, 0, 0, 9], [0, 9, 9, 9], [5, 0, 4, 9]])
def test_box_to_square_of_no_area(box: list[float]) -> None:
    with pytest.raises(FacesInvalid, match="boxes: expected x0 < x1 and y0 < y1, got"):
        box_to_square(np.array(box, np.float32), 16)


def noise(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_sample_identity() -> None:
    picture = noise(31, 47)
    found = sample(picture, np.eye(3)[:2], (47, 31))
    assert np.array_equal(found, picture)


def test_sample_of_a_box_is_the_slice() -> None:
    picture = noise(60, 60)
    found = sample(picture, box_to_square(np.array([11, 22, 41, 52]), 30), (30, 30))
    assert np.array_equal(found, picture[22:52, 11:41])


@pytest.mark.parametrize("steps", [2, 3, 4, 7])
def test_sample_down_by_whole_steps_is_the_mean_of_blocks(steps: int) -> None:
    picture = noise(20 * steps, 20 * steps)
    found = sample(picture, box_to_square(np.array([0, 0, 20 * steps, 20 * steps]), 20), (20, 20))
    blocks = picture.reshape(20, steps, 20, steps, 3).mean(axis=(1, 3))
    assert np.abs(found - blocks).max() <= 0.51


def test_sample_half_a_pixel_aside_is_the_mean_of_two() -> None:
    picture = noise(8, 9)
    found = sample(picture, np.array([[1.0, 0, -0.5], [0, 1, 0]]), (8, 8))
    assert np.abs(found - (picture[:, :-1].astype(float) + picture[:, 1:]) / 2).max() <= 0.51


RAMPS = [
    # larger
    (1.7, 0.0),
    # a little smaller
    (0.8, 0.0),
    # averaged first, by 2 and by 5
    (0.45, 0.0),
    (0.17, 0.0),
    # averaged first, and turned
    (0.3, 33.0),
    (0.21, -140.0),
]


@pytest.mark.parametrize(("scale", "degrees"), RAMPS)
def test_sample_keeps_places(scale: float, degrees: float) -> None:
    """On a picture whose value is its place, each canvas pixel tells where it was taken from."""
    y, x = np.mgrid[0:250, 0:250]
    picture = np.dstack([x, y, np.zeros_like(x)]).astype(np.uint8)
    matrix = similarity_matrix(scale, degrees, (0, 0))
    matrix[:, 2] = 20 - matrix[:, :2] @ [125, 125]  # the middle goes to the canvas's middle
    # Halves are rounded up, on the way down in the picture and its negative alike.
    rising, falling = (sample(part, matrix, (41, 41)).astype(float) for part in (picture, 249 - picture))
    found = (rising + 249 - falling) / 2
    v, u = np.mgrid[0:41, 0:41]
    origin = transform(invert(matrix), np.dstack([u, v]))
    reach = 2 / scale
    within = ((origin > reach) & (origin < 249 - reach)).all(axis=2)
    assert within.sum() > 500
    assert np.abs(found[..., :2] - origin)[within].max() <= 0.51


SHRUNK = [0.5, 0.4, 0.27, 0.1, 0.05]


@pytest.mark.parametrize("scale", SHRUNK)
def test_sample_does_not_alias(scale: float) -> None:
    """A checkerboard of single pixels, shrunk, is grey all over."""
    y, x = np.mgrid[0:400, 0:400]
    board = np.repeat((255 * ((x + y) % 2)).astype(np.uint8)[..., None], 3, axis=2)
    side = int(400 * scale)
    found = sample(board, similarity_matrix(scale, 0, ((scale - 1) / 2, (scale - 1) / 2)), (side, side))
    inner = found[2:-2, 2:-2].astype(float)
    assert abs(inner.mean() - 127.5) < 2
    # blocks of an odd number of pixels hold one more of one colour
    assert inner.std() < 255 / (2 * int(1 / scale) ** 2) + 1


def test_sample_border() -> None:
    white = np.full((10, 10, 3), 255, np.uint8)
    found = sample(white, np.array([[1.0, 0, 5], [0, 1, 5]]), (20, 20), border=127)
    assert (found[5:15, 5:15] == 255).all()
    found[5:15, 5:15] = 127
    assert (found == 127).all()


SIDES = [
    # whole blocks, blocks that do not fill the last column, a picture narrower than a block
    (100, 100),
    (103, 102),
    (119, 83),
    (300, 3),
]


@pytest.mark.parametrize(("width", "height"), SIDES)
def test_sample_down_keeps_the_picture_to_its_edge(width: int, height: int) -> None:
    """A white picture stays white where canvas pixels lie wholly inside it."""
    white = np.full((height, width, 3), 255, np.uint8)
    scale = 25 / 103
    canvas = (40, 40)
    found = sample(white, similarity_matrix(scale, 0, ((scale - 1) / 2, (scale - 1) / 2)), canvas)
    covered = found[: int(height * scale), : int(width * scale)]
    assert (covered[:, 1:-1] == 255).all()
    assert covered.size == 0 or covered.min() > 127
    assert not found[int(height * scale) + 2 :].any()
    assert not found[:, int(width * scale) + 2 :].any()


def test_sample_of_what_lies_outside_is_border() -> None:
    for scale in (1.0, 0.2):
        found = sample(noise(50, 50), similarity_matrix(scale, 10, (500, 500)), (16, 16), border=9)
        assert (found == 9).all()


@pytest.mark.parametrize("upright", [True, False])
@pytest.mark.parametrize(("scale", "degrees"), [(1.0, 0.0), (0.7, 0.0), (1.6, -25.0), (0.6, 140.0), (0.3, 20.0)])
def test_sample_of_a_picture_longer_than_opencv_takes(scale: float, degrees: float, *, upright: bool) -> None:
    long = noise(200, 40_000)
    short = np.ascontiguousarray(long[:, 39_000:])
    matrix = similarity_matrix(scale, degrees, (0, 0))
    shift = np.array([39_000.0, 0])
    if upright:
        long, short, shift = long.transpose(1, 0, 2), short.transpose(1, 0, 2), shift[::-1]
    # Once in the midst, once over the picture's end.
    for place in ((500, 100), (980, 150)):
        onto = [30, 30] - matrix[:, :2] @ np.array(place[::-1] if upright else place)
        near = sample(np.ascontiguousarray(short), np.column_stack([matrix[:, :2], onto]), (60, 60), border=99)
        far_matrix = np.column_stack([matrix[:, :2], onto - matrix[:, :2] @ shift])
        far = sample(np.ascontiguousarray(long), far_matrix, (60, 60), border=99)
        if scale < 0.5:  # blocks begin elsewhere
            assert np.abs(far.astype(float) - near).mean() < 30
        else:
            assert np.abs(far.astype(int) - near).max() <= 1


def test_sample_beyond_a_picture_longer_than_opencv_takes_is_border() -> None:
    long = noise(20, 40_000)
    for scale in (1.0, 0.2):
        for shift in ((500, 500), (-90_000, 0), (0, -500)):
            found = sample(long, similarity_matrix(scale, 0, shift), (16, 16), border=9)
            assert (found == 9).all()


def test_sample_on_both_sides_of_opencvs_limit() -> None:
    """Up to there pictures go to OpenCV whole."""
    last = np.array([[1.0, 0, 8 - OPENCV_SIDE], [0, 1, 0]])
    picture = noise(8, OPENCV_SIDE + 1)
    assert np.array_equal(sample(picture[:, :-1].copy(), last, (8, 8)), picture[:, -9:-1])
    last[0, 2] -= 1
    assert np.array_equal(sample(picture, last, (8, 8)), picture[:, -8:])


def test_geometry_loads_no_opencv_before_it_must() -> None:
    code = "import sys, masquerade.geometry; sys.exit('cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
