"""The triangulation against its definition: no point lies within the circle through the corners of a triangle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from masquerade.masks.library.delaunay import triangulate


def area(points: NDArray[np.float64], triangles: NDArray[np.int32]) -> NDArray[np.float64]:
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    return np.asarray(((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2, np.float64)


@given(st.integers(0, 10_000), st.integers(3, 40))
def test_no_point_within_the_circle_of_a_triangle(seed: int, count: int) -> None:
    points = np.random.default_rng(seed).uniform(0, 300, (count, 2))
    triangles = triangulate(points)
    assert (area(points, triangles) > 0).all()
    for corners in points[triangles]:
        # The circle's determinant, in coordinates around each point.
        rest = corners[None] - points[:, None]
        rows = np.concatenate([rest, (rest**2).sum(axis=2, keepdims=True)], axis=2)
        assert (np.linalg.det(rows) <= 1e-3 * 300**2).all()


def test_a_grid_is_filled_without_gaps() -> None:
    points = np.stack(np.meshgrid(np.arange(12.0), np.arange(9.0)), axis=-1).reshape(-1, 2)
    triangles = triangulate(points)
    assert len(triangles) == 2 * 11 * 8
    assert area(points, triangles).sum() == pytest.approx(11 * 8)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_points_give_none(count: int) -> None:
    assert triangulate(np.zeros((count, 2))).shape == (0, 3)
