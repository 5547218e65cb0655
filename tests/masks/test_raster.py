"""The rasteriser against barycentric coordinates worked out pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.masks.raster import rasterise

Floats = NDArray[np.float64]
WIDTH, HEIGHT = 48, 36


def barycentric(corners: Floats, x: Floats, y: Floats) -> Floats:
    """Weights (..., 3) of the corners (3, 2) at places; all positive inside."""
    (x0, y0), (x1, y1), (x2, y2) = corners
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    second = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / area
    third = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / area
    return np.stack([1 - second - third, second, third], axis=-1)


def by_hand(screen: Floats, values: Floats, triangles: NDArray[np.int32]) -> tuple[Floats, NDArray[np.bool_]]:
    """The nearest triangle's values, and which pixels are too near an edge to say."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    nearest = np.full((HEIGHT, WIDTH), np.inf)
    result = np.zeros((HEIGHT, WIDTH, 3))
    doubtful = np.zeros((HEIGHT, WIDTH), np.bool_)
    for corners in triangles:
        weights = barycentric(screen[corners, :2], x, y)
        inside = (weights >= 0).all(axis=-1)
        doubtful |= (np.abs(weights).min(axis=-1) < 0.03) & (weights > -0.03).all(axis=-1)
        depth = weights @ screen[corners, 2]
        doubtful |= inside & np.isfinite(nearest) & (np.abs(depth - nearest) < 0.3)
        seen = inside & (depth < nearest)
        result[seen] = (weights @ values[corners])[seen]
        nearest[seen] = depth[seen]
    return result, np.asarray(doubtful, np.bool_)


@pytest.mark.parametrize("seed", range(12))
def test_triangles_against_barycentric_coordinates(seed: int) -> None:
    """Overlapping and crossing ones, both ways round, some beyond the canvas."""
    rng = np.random.default_rng(seed)
    count = 4
    screen = rng.uniform([-10, -10, -30], [WIDTH + 10, HEIGHT + 10, 30], (3 * count, 3))
    values = rng.uniform(0, 1, (3 * count, 3))
    triangles = np.arange(3 * count, dtype=np.int32).reshape(count, 3)
    expected, doubtful = by_hand(screen, values, triangles)
    found, drawn = rasterise(screen, values, triangles, (WIDTH, HEIGHT))
    sure = np.logical_not(doubtful)
    assert sure.mean() > 0.5
    np.testing.assert_array_equal(drawn[sure], (expected.max(axis=-1) > 0)[sure])
    np.testing.assert_allclose(found[sure], expected[sure], atol=0.02)


SQUARE = np.array([[10, 8, 0], [30, 8, 0], [30, 24, 0], [10, 24, 0]], np.float32)


@pytest.mark.parametrize("triangles", [[[0, 1, 2], [0, 2, 3]], [[2, 1, 0], [3, 2, 0]], [[0, 1, 2], [3, 2, 0]]])
def test_both_sides_are_drawn(triangles: list[list[int]]) -> None:
    drawn = rasterise(SQUARE, np.ones((4, 3)), np.array(triangles, np.int32), (WIDTH, HEIGHT))[1]
    assert drawn[9:24, 11:30].all()


def test_centres_lie_on_whole_numbers() -> None:
    """A square from 10 to 30 spreads its values so that pixel 20 has the middle one."""
    values = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], np.float32)
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    found, _ = rasterise(SQUARE, values, triangles, (WIDTH, HEIGHT))
    np.testing.assert_allclose(found[16, 12:29, 0], (np.arange(12, 29) - 10) / 20, atol=2e-3)
    np.testing.assert_allclose(found[10:23, 20, 1], (np.arange(10, 23) - 8) / 16, atol=2e-3)


def test_the_nearer_hides_the_farther_whatever_their_order() -> None:
    near, far = np.add(SQUARE, (0, 0, -5)), np.add(SQUARE, (6, 6, 5))
    values = np.repeat([[0.2, 0, 0], [0.8, 0, 0]], 4, axis=0)
    triangles = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]], np.int32)
    for order in (triangles, triangles[::-1].copy()):
        found, _ = rasterise(np.concatenate([near, far]), values, order, (WIDTH, HEIGHT))
        assert found[16, 20, 0] == pytest.approx(0.2, abs=1e-3)
        assert found[28, 34, 0] == pytest.approx(0.8, abs=1e-3)


def test_outside_nothing_is_drawn() -> None:
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    found, drawn = rasterise(SQUARE, np.ones((4, 3)), triangles, (WIDTH, HEIGHT))
    beyond = np.ones((HEIGHT, WIDTH), np.bool_)
    beyond[8:25, 10:31] = False
    assert not drawn[beyond].any()
    assert not found[~drawn].any()


def test_nothing_to_draw() -> None:
    found, drawn = rasterise(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 3), np.int32), (5, 4))
    assert found.shape == (4, 5, 3)
    assert not found.any() and not drawn.any()


def test_a_large_canvas_is_as_exact() -> None:
    """To a tenth of a pixel at 2,400 by 1,600, with depth."""
    width, height = 2400, 1600
    screen = np.array([[0, 0, -200], [width, 0, 300], [width, height, 100], [0, height, -400]], np.float32)
    values = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], np.float32)
    found, drawn = rasterise(screen, values, np.array([[0, 1, 2], [0, 2, 3]], np.int32), (width, height))
    assert drawn[1:-1, 1:-1].all()
    x, y = np.array([5, 700, 1200, 1801, 2395]), np.array([3, 600, 900, 1500, 1597])
    seen = found[y[:, None], x[None]]
    # The camera stands far away, not infinitely far: 1 part in 200 of the depth.
    np.testing.assert_allclose(seen[..., 0] * width, np.broadcast_to(x, (5, 5)), atol=2.5)
    np.testing.assert_allclose(seen[..., 1] * height, np.broadcast_to(y[:, None], (5, 5)), atol=2.5)
