"""The built-in masks' fabrics: dyed as asked, printed as asked, without fringes."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from masquerade.errors import ImageNotFound
from masquerade.masks import KINDS, PATTERNS, Pattern
from masquerade.masks.art import texture
from masquerade.masks.art.patterns import printed
from masquerade.masks.art.textures import SIDES
from masquerade.masks.sheets import FABRIC_V
from masquerade.masks.types import Kind, PatternName

PLAIN = Pattern()
DYED = tuple(kind for kind in KINDS if kind not in ("gas", "n95"))


def cloth(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The middle of the fabric, as a list of colours."""
    side = len(picture)
    return picture[side // 8 : int(FABRIC_V * side * 0.9), side // 8 : -side // 8, :3].reshape(-1, 3).astype(float)


@pytest.mark.parametrize(("kind", "gathered", "side"), list(product(KINDS, [False, True], [64, 256])))
def test_textures_are_sound(kind: Kind, gathered: bool, side: int) -> None:
    picture = texture(kind, gathered, "#d03020", PLAIN, 1.0, side)
    assert picture.shape == (side, side, 4) and picture.dtype == np.uint8
    assert not picture.flags.writeable
    assert (picture[..., :3] <= picture[..., 3:]).all()  # multiplied by alpha
    assert (picture[side // 4, side // 4 : -side // 4, 3] == 255).all()  # no holes in the fabric
    assert picture is texture(kind, gathered, "#d03020", PLAIN, 1.0, side)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("colour", [(208, 48, 32), (20, 20, 24), (245, 245, 240)])
def test_colours(kind: Kind, colour: tuple[int, int, int]) -> None:
    """Light and folds change the brightness of a colour, not its hue; black stays black."""
    seen = np.median(cloth(texture(kind, False, "#{:02x}{:02x}{:02x}".format(*colour), PLAIN, 1.0, 256)), axis=0)
    np.testing.assert_allclose(seen, colour, rtol=0.25, atol=14)


@pytest.mark.parametrize("kind", KINDS)
def test_intensity(kind: Kind) -> None:
    """0 leaves the fabric's own colour whatever is asked; half of it lies between."""
    none, half, full = (texture(kind, False, "#c01010", PLAIN, amount, 128) for amount in (0.0, 0.5, 1.0))
    np.testing.assert_array_equal(none, texture(kind, False, "#10c010", PLAIN, 0.0, 128))
    greens = [cloth(picture)[:, 1].mean() for picture in (none, half, full)]
    assert greens[0] > greens[1] > greens[2]


@pytest.mark.parametrize("name", ["stripes", "dots", "checks", "floral"])
@pytest.mark.parametrize("scale", [0.6, 1.1])
def test_prints(name: PatternName, scale: float) -> None:
    """They cover some of the fabric, not all of it."""
    ink = printed(Pattern(name, scale=scale))
    assert ink.min() >= 0 and ink.max() <= 1
    assert 0.05 < ink.mean() < 0.6
    assert np.mean((ink > 0.02) & (ink < 0.98)) < 0.6
    blue = cloth(texture("cloth", False, "#f0f0f0", Pattern(name, "#1010f0", scale), 1.0, 256))
    assert (blue[:, 2] - blue[:, 0]).max() > 80
    assert (blue[:, 2] - blue[:, 0]).min() < 20


def test_stripes_turn() -> None:
    upright, level = (printed(Pattern("stripes", angle=angle)) for angle in (90.0, 0.0))
    assert upright.std(axis=0).max() < 0.01 < level.std(axis=0).max()
    assert level.std(axis=1).max() < 0.01 < upright.std(axis=1).max()


def test_plain_has_no_ink() -> None:
    assert not printed(PLAIN).any()


def test_pictures_as_textures(tmp_path: Path) -> None:
    path = tmp_path / "wood.png"
    Image.fromarray(np.full((30, 50, 3), (150, 90, 30), np.uint8)).save(path)
    seen = np.median(cloth(texture("cloth", False, "#ffffff", Pattern("texture", texture=str(path)), 1.0, 256)), axis=0)
    np.testing.assert_allclose(seen, (150, 90, 30), rtol=0.25)
    with pytest.raises(ImageNotFound):
        texture("cloth", False, "#ffffff", Pattern("texture", texture=str(tmp_path / "none.png")), 1.0, 256)


def test_every_pattern_and_side_is_known() -> None:
    assert set(PATTERNS) == {"plain", "stripes", "dots", "checks", "floral", "window", "texture"}
    for side in SIDES:
        assert texture("kn95", False, "#ffffff", PLAIN, 1.0, side).shape[0] == side
