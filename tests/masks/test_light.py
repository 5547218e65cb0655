"""The light on a face: on pictures of the mean face lit by Lambert's law from known sides."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.faces.pose import mean_face
from masquerade.faces.topology import mesh_triangles, vertex_normals
from masquerade.masks.light import FRONT, LUMA, Light, read_light, read_lights, shades
from tests.masks.made import drawn_face, turned_face

LIGHT_SKIN, DARK_SKIN = (224, 172, 150), (96, 62, 48)
NORMALS = vertex_normals(mean_face(), mesh_triangles())


def lit(
    towards: tuple[float, float, float] = (0, 0, -1),
    skin: tuple[int, int, int] = LIGHT_SKIN,
    around: int = 150,
    power: float = 0.6,
) -> NDArray[np.uint8]:
    """The mean face under a lamp in some direction, and half as much light from everywhere."""
    direction = np.array(towards) / np.linalg.norm(towards)
    brightness = power * (0.35 + 0.65 * np.clip(NORMALS @ direction, 0, None))
    return drawn_face(turned_face(190), brightness.astype(np.float32), skin, around)


def read(image: NDArray[np.uint8], every: int = 1) -> Light:
    return (
        read_light(image, turned_face(190))
        if every == 1
        else read_lights(image[None], turned_face(190)[None], every)[0]
    )


SIDES = {
    # where the lamp stands, the axis of the slope that tells, its sign
    "left": ((-1, 0, -0.7), 1, -1),
    "right": ((1, 0, -0.7), 1, 1),
    "above": ((0, -1, -0.7), 2, -1),
    "below": ((0, 1, -0.7), 2, 1),
}


@pytest.mark.parametrize("every", [1, 6])
@pytest.mark.parametrize(("towards", "axis", "sign"), SIDES.values(), ids=SIDES)
def test_the_side_of_the_light(towards: tuple[float, float, float], axis: int, sign: int, every: int) -> None:
    slope = read(lit(towards), every).slope
    other = 3 - axis
    assert slope[axis] * sign > 0.2
    assert abs(slope[axis]) > 2 * abs(slope[other])


def test_the_shades_are_those_of_the_lamp() -> None:
    """What was laid on the face is found again: display values relative to the front, within 8 %."""
    towards = np.array([-0.6, -0.3, -0.74])
    light = read(lit(tuple(towards)))
    front = NORMALS[:, 2] < -0.5
    normals = np.concatenate([np.ones((468, 1)), NORMALS], axis=1).astype(np.float32)
    brightness = 0.35 + 0.65 * np.clip(NORMALS @ (towards / np.linalg.norm(towards)), 0, None)
    facing = 0.35 + 0.65 * 0.74 / np.linalg.norm(towards)
    expected = (brightness / facing) ** (1 / 2.2)
    error = np.abs(shades(light, normals) - expected)[front]
    assert np.median(error) < 0.04
    assert np.quantile(error, 0.9) < 0.1


def test_even_light_is_even() -> None:
    light = read(drawn_face(turned_face(190), np.full(468, 0.5, np.float32), LIGHT_SKIN, 150))
    np.testing.assert_allclose(light.slope, [1, 0, 0, 0], atol=0.06)
    expected = np.array(LIGHT_SKIN) / 255 * 0.5 ** (1 / 2.2)
    np.testing.assert_allclose(light.skin, expected, atol=0.01)
    assert shades(light, FRONT[None])[0] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("skin", [LIGHT_SKIN, DARK_SKIN])
def test_white_rises_with_the_light(skin: tuple[int, int, int]) -> None:
    whites = [read(lit(power=power, skin=skin, around=round(200 * power))).white.mean() for power in (0.1, 0.3, 0.9)]
    assert whites[0] + 0.1 < whites[1] < whites[2] - 0.1
    assert whites[2] <= 1


def test_surroundings_tell_of_the_light_on_dark_skin() -> None:
    bright, dark = (float(read(lit(skin=DARK_SKIN, around=around)).white[1]) for around in (235, 40))
    assert bright > dark + 0.1


@pytest.mark.parametrize("skin", [LIGHT_SKIN, DARK_SKIN])
@pytest.mark.parametrize("around", [20, 120, 250])
def test_white_cloth_is_brighter_than_skin(skin: tuple[int, int, int], around: int) -> None:
    light = read(lit(skin=skin, around=around))
    assert light.white @ LUMA > light.skin @ LUMA


def test_the_cast_of_the_light() -> None:
    """Under a blue lamp white cloth is bluish, under a warm one yellowish."""
    image = lit().astype(np.float32)
    blue = read((image * [0.75, 0.9, 1.0]).astype(np.uint8)).white
    warm = read((image * [1.0, 0.85, 0.6]).astype(np.uint8)).white
    assert blue[2] / blue[0] > warm[2] / warm[0] + 0.1
    even = read(image.astype(np.uint8)).white
    assert 0.8 < even[2] / even[0] < 1.25


@pytest.mark.parametrize("yaw", [40.0, -40.0])
def test_the_far_half_is_not_asked(yaw: float) -> None:
    """A face that looks to the right shows its left half (in the picture): the other one may be hair."""
    image = lit((0.5, 0, -0.7))
    hidden = image.copy()
    middle = 150 + round(12 * np.sign(yaw))
    if yaw > 0:
        hidden[:, middle + 20 :] = 0
    else:
        hidden[:, : middle - 20] = 0
    asked, blind = (read_light(part, turned_face(190), yaw) for part in (image, hidden))
    np.testing.assert_allclose(blind.white, asked.white, atol=0.06)
    np.testing.assert_allclose(blind.slope, asked.slope, atol=0.02)


@pytest.mark.parametrize("value", [0, 255])
def test_pictures_of_one_colour(value: int) -> None:
    light = read(np.full((300, 300, 3), value, np.uint8))
    for numbers in (light.white, light.slope, light.skin):
        assert np.isfinite(numbers).all()
    assert 0 <= light.veil <= 0.12
    assert (shades(light, FRONT[None]) > 0).all()


def test_landmarks_beyond_the_picture() -> None:
    light = read_light(lit(), turned_face(190) + np.array([200, 0, 0], np.float32))
    assert np.isfinite(light.white).all()


def test_a_veil_over_dark_places() -> None:
    hazy = np.clip(lit(around=120).astype(int) * 0.6 + 90, 0, 255).astype(np.uint8)
    assert read(hazy).veil > read(lit(around=5)).veil
