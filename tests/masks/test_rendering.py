"""One mask as triangles: hidden where the face lies before it, lit, shrunk."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.faces.pose import mean_face
from masquerade.masks import Effects, Nudge, Pattern
from masquerade.masks.applying import _sunk
from masquerade.masks.art import texture
from masquerade.masks.light import Light
from masquerade.masks.placing import EYE_TO_EYE, rig
from masquerade.masks.rendering import Layer, Surface, corners_of, draw_layer
from tests.masks.made import turned_face

SIZE = (300, 300)
FACE = turned_face(130)
UNIT = 130 / float(np.ptp(mean_face()[:, 0]))
"""Pixels to a unit of the mean face."""
EVEN = Light(np.ones(3, np.float32), np.array([1, 0, 0, 0], np.float32), 0.0, np.full(3, 0.5, np.float32))


def drawn(deeper: float = 0, light: Light | None = EVEN, finer: int = 1, hides: bool = True) -> Layer:
    """A white mask, pushed back by so many units of the mean face."""
    ready = rig("n95", "correctly")
    corners = corners_of(ready, FACE, Nudge(), Effects()) + np.array([0, 0, deeper * UNIT], np.float32)
    cloth = ready.sheet.triangles[: ready.sheet.loops[0]]
    picture = texture("n95", False, "#ffffff", Pattern(), 1.0, 256)
    layer = draw_layer(Surface(ready, corners, cloth, picture, light), _sunk(FACE) if hides else None, SIZE, finer)
    assert layer is not None
    return layer


def at(layer: Layer, landmark: int) -> NDArray[np.float32]:
    """Red, green, blue and alpha at a landmark."""
    x, y = FACE[landmark, :2].round().astype(int) - layer.corner
    return np.asarray(layer.rgba[y, x], np.float32)


@pytest.mark.parametrize("landmark", [205, 425, 13, 199])
def test_the_face_hides_what_lies_behind_it(landmark: int) -> None:
    """With some give: nothing that sits well on a face is hidden, nothing that lies 0.6 deeper seen."""
    assert at(drawn(), landmark)[3] == 255
    assert at(drawn(0.05), landmark)[3] == 255
    assert at(drawn(0.6), landmark)[3] == 0
    assert at(drawn(0.6, hides=False), landmark)[3] == 255


def test_the_unit_of_the_mean_face() -> None:
    face = mean_face()
    assert np.linalg.norm(face[263] - face[33]) == pytest.approx(EYE_TO_EYE, abs=0.01)
    assert np.ptp(face[:, 0]) == pytest.approx(2.2, abs=0.15)


def test_light_from_the_left() -> None:
    """The left of the picture is brighter; what faces the viewer has the brightness of white."""
    slope = np.array([0.5, -0.5, 0, -0.5], np.float32)
    layer = drawn(light=Light(np.full(3, 0.8, np.float32), slope, 0.0, EVEN.skin))
    assert at(layer, 205)[0] > at(layer, 425)[0] + 20
    even = drawn(light=Light(np.full(3, 0.8, np.float32), EVEN.slope, 0.0, EVEN.skin))
    np.testing.assert_allclose(at(even, 14)[:3], at(drawn(), 14)[:3] * 0.8, atol=2)
    np.testing.assert_array_equal(drawn(light=None).rgba, drawn().rgba)


def test_a_veil_lifts_black_and_leaves_white() -> None:
    clear, hazy = (drawn(light=Light(np.full(3, level, np.float32), EVEN.slope, 0.1, EVEN.skin)) for level in (1, 0))
    assert at(hazy, 14)[0] == pytest.approx(25.5, abs=1)
    expected = at(drawn(), 14)[0] * 0.9 + 25.5
    assert at(clear, 14)[0] == pytest.approx(expected, abs=1)


def test_drawn_finer_it_is_the_same_with_softer_edges() -> None:
    once, twice = drawn(), drawn(finer=2)
    assert once.corner == twice.corner and once.rgba.shape == twice.rgba.shape
    assert np.abs(once.alpha - twice.alpha).mean() < 0.01
    solid = (once.alpha == 1) & (twice.alpha == 1)
    assert np.abs(once.rgba - twice.rgba)[solid].mean() < 3
    partly = [int(((layer.alpha > 0.02) & (layer.alpha < 0.98)).sum()) for layer in (once, twice)]
    assert partly[1] > partly[0]


def test_nothing_to_see_outside() -> None:
    ready = rig("n95", "correctly")
    corners = corners_of(ready, FACE, Nudge(), Effects()) + np.array([0, 400, 0], np.float32)
    picture = texture("n95", False, "#ffffff", Pattern(), 1.0, 64)
    assert draw_layer(Surface(ready, corners, ready.sheet.triangles, picture, None), None, SIZE, 1) is None
