"""The mean head unrolled: the skin where the landmarks are, threads drawn tight against a search over all chords."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from masquerade.faces.pose import mean_face
from masquerade.masks import head

Floats = NDArray[np.float64]
BUSY = settings(deadline=None, max_examples=60)
RADII = st.lists(st.floats(0.2, 3), min_size=2, max_size=12)


def test_the_map_agrees_with_the_landmarks() -> None:
    """Exactly at smooth places; where the skin folds (nostrils, lips) the map knows but one layer."""
    face = mean_face()
    face = face[face[:, 1] > head.TOP]
    expected = np.hypot(face[:, 0], head.AXIS_Z - face[:, 2])
    error = np.abs(head.look_up(head.skin(), head.angles_of(face), face[:, 1]) - expected)
    assert np.median(error) < 0.006
    assert np.quantile(error, 0.95) < 0.04
    assert error.max() < 0.08


def test_the_map_is_symmetric_and_whole() -> None:
    skin = head.skin()
    assert skin.shape == (head.ROWS, head.COLUMNS)
    assert np.isfinite(skin).all()
    assert skin.min() > 0.3
    assert np.abs(skin - skin[:, ::-1]).max() < 0.05


def test_places_and_space_are_each_others_inverse() -> None:
    rng = np.random.default_rng(0)
    angles, heights, radii = rng.uniform(-3, 3, 50), rng.uniform(-1, 2, 50), rng.uniform(0.1, 2, 50)
    points = head.to_space(angles, heights, radii)
    np.testing.assert_allclose(head.angles_of(points), angles)
    np.testing.assert_allclose(points[:, 1], heights)
    np.testing.assert_allclose(np.hypot(points[:, 0], points[:, 2] - head.AXIS_Z), radii)
    assert head.to_space(np.array(0.0), np.array(0.0), np.array(1.0))[2] < head.AXIS_Z  # 0 looks to the viewer
    assert head.to_space(np.array(0.5), np.array(0.0), np.array(1.0))[0] > 0  # positive to the right


@BUSY
@given(RADII, st.integers(0, 2**32 - 1))
def test_a_thread_over_heights(values: list[float], seed: int) -> None:
    """It touches at each place the highest chord between any two points."""
    y = np.array(values)
    x = np.cumsum(np.random.default_rng(seed).uniform(0.1, 2, len(y)))
    expected = y.copy()
    for a in range(len(x)):
        for b in range(a + 1, len(x)):
            for k in range(a, b + 1):
                expected[k] = max(expected[k], y[a] + (y[b] - y[a]) * (x[k] - x[a]) / (x[b] - x[a]))
    np.testing.assert_allclose(head.upper_envelope(x, y), expected, atol=1e-9)


@BUSY
@given(RADII)
def test_a_thread_around_the_axis(values: list[float]) -> None:
    """It runs at each angle along the farthest chord between any two points."""
    radii = np.array(values)
    angles = np.linspace(-1.5, 1.5, len(radii))
    expected = radii.copy()
    for a in range(len(radii)):
        for b in range(a + 1, len(radii)):
            for k in range(a + 1, b):
                across = np.sin(angles[b] - angles[a]) * radii[a] * radii[b]
                near = radii[a] * np.sin(angles[k] - angles[a]) + radii[b] * np.sin(angles[b] - angles[k])
                expected[k] = max(expected[k], across / near)
    np.testing.assert_allclose(head._hull_radii(angles, radii), expected, atol=1e-9)


def test_tight_cloth_lies_on_or_before_the_skin() -> None:
    skin = head.skin()
    reach = np.radians(98)
    cloth = head.tight(skin, -0.4, 1.4, reach)
    assert (cloth >= skin - 1e-9).all()
    inside = (head.grid_heights()[:, None] >= -0.4) & (head.grid_heights()[:, None] <= 1.4)
    inside = inside & (np.abs(head.grid_angles())[None] <= reach)
    np.testing.assert_array_equal(cloth[~inside], skin[~inside])
    nose_side = head.look_up(cloth - skin, np.radians([25.0]), np.array([0.1]))[0]
    assert nose_side > 0.03  # it spans the hollow beside the nose
    nose_tip = head.look_up(cloth - skin, np.array([0.0]), mean_face()[[4], 1])[0]
    assert abs(nose_tip) < 0.01  # and rests on the tip


def test_reading_the_map_beyond_its_edge() -> None:
    skin = head.skin()
    far = head.look_up(skin, np.array([-9.0, 9.0]), np.array([-9.0, 9.0]))
    np.testing.assert_allclose(far, [skin[0, 0], skin[-1, -1]], atol=0.01)
