"""Traces of the camera: found again where they were put, and put only where a mask lies."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.masks.finish import Finish, grain, read_finish
from masquerade.masks.rendering import Layer, composed, finished, grained, hardened, shadow_of, texture_side
from tests.faces.photos import photo
from tests.masks.made import NAMES


def noisy(sigma: float, level: int = 120) -> NDArray[np.uint8]:
    """Grey with the same noise in all colours."""
    noise = np.random.default_rng(0).normal(level, sigma, (120, 160, 1))
    return np.repeat(np.clip(noise.round(), 0, 255), 3, axis=2).astype(np.uint8)


@pytest.mark.parametrize("sigma", [1.5, 3, 6, 10])
def test_noise(sigma: float) -> None:
    assert read_finish(noisy(sigma)).noise == pytest.approx(sigma, rel=0.25)


def test_no_noise() -> None:
    assert read_finish(np.full((100, 100, 3), 90, np.uint8)).noise < 0.1


def edges() -> NDArray[np.float32]:
    """Blocks of random grey, with sharp edges, at four times the size."""
    blocks = np.random.default_rng(1).uniform(20, 230, (24, 24)).astype(np.float32)
    return np.asarray(cv2.resize(blocks, (960, 960), interpolation=cv2.INTER_NEAREST), np.float32)


def blurred(sigma: float) -> NDArray[np.uint8]:
    """Those blocks as a camera with this blur takes them."""
    soft = cv2.GaussianBlur(edges(), (0, 0), 4 * sigma)
    grey = cv2.resize(soft, (240, 240), interpolation=cv2.INTER_AREA)
    return np.repeat(grey[..., None], 3, axis=2).round().astype(np.uint8)


def test_blur() -> None:
    """It grows with the blur of the picture, and is about as large."""
    sigmas = np.array([0.4, 0.8, 1.2, 1.6, 2.2])
    found = np.array([read_finish(blurred(sigma)).blur for sigma in sigmas])
    assert (np.diff(found) > 0.1).all()
    np.testing.assert_allclose(found[1:], sigmas[1:], rtol=0.25, atol=0.1)


def as_jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    code = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]


@pytest.mark.parametrize("name", NAMES)
def test_jpeg(name: str) -> None:
    """Worse quality is called worse; blocks are found wherever the part was cut out."""
    image = np.asarray(cv2.resize(photo(name), (320, 400), interpolation=cv2.INTER_AREA), np.uint8)
    found = []
    for quality in (30, 60, 90):
        whole = as_jpeg(image, quality)
        here, there = (read_finish(whole[y : y + 160, x : x + 160], (x, y)).quality for x, y in ((80, 96), (83, 101)))
        assert abs(here - there) < 15
        found.append(here)
    assert found[0] < found[1] < found[2]
    assert found[0] <= 70
    assert found[2] >= 85


def test_parts_too_small_to_tell() -> None:
    assert read_finish(np.zeros((9, 200, 3), np.uint8)) == Finish(0, 0, 100)
    assert read_finish(noisy(3)[:16, :16], (1, 1)).quality >= 30


def test_grain_lies_on_the_blocks_of_the_whole() -> None:
    """A part, compressed by itself, is what it is in the whole picture, compressed."""
    image = photo("impostor_1")
    whole = as_jpeg(image, 40)
    part = grain(image[173:300, 219:380], 40, (219, 173))
    # Blocks that the part cuts off are filled up otherwise.
    error = np.abs(part[11:-17, 13:-17].astype(int) - whole[184:283, 232:363])
    assert error.mean() < 0.1
    assert grain(image, 100, (0, 0)) is image


def layer(alpha: NDArray[np.float32], grey: float = 80) -> Layer:
    return Layer(np.dstack([alpha * grey] * 3 + [alpha * 255]).astype(np.float32), (3, 5))


def test_grain_leaves_what_no_mask_covers() -> None:
    below = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    alpha = np.zeros((40, 50), np.float32)
    alpha[10:20, 10:30] = 1
    squeezed = grained(below, layer(alpha), 30)
    np.testing.assert_array_equal(squeezed[alpha == 0], below[alpha == 0])
    assert (squeezed[alpha > 0] != below[alpha > 0]).any()
    assert grained(below, layer(alpha), 100) is below


def test_noise_lies_on_the_mask_alone() -> None:
    """With the standard deviation asked for, the same for the same seed."""
    alpha = np.zeros((120, 100), np.float32)
    alpha[20:100] = 1
    first, again, other = (finished(layer(alpha), Finish(0, 5, 100), seed).rgba for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert first[20:100, :, 0].std() == pytest.approx(5, rel=0.1)
    assert first[20:100, :, 0].mean() == pytest.approx(80, abs=0.5)
    assert not first[:20].any() and not first[100:].any()
    np.testing.assert_array_equal(first[..., 3], alpha * 255)


def test_blur_softens_edges_without_a_fringe() -> None:
    """Colours are blurred with their alpha: the edge of a grey mask on grey of the same value cannot be seen."""
    alpha = np.zeros((40, 40), np.float32)
    alpha[10:30, 10:30] = 1
    soft = finished(layer(alpha), Finish(1.5, 0, 100), 0)
    below = np.full((40, 40, 3), 80, np.uint8)
    assert np.abs(composed(below, soft, None).astype(int) - 80).max() <= 1
    assert 0.2 < soft.alpha[10, 20] < 0.8
    hard = hardened(soft)
    assert set(np.unique(hard.alpha.round(4))) == {0, 1}
    assert np.abs(composed(below, hard, None).astype(int) - 80).max() <= 1


def test_shadow_is_darkest_beside_the_mask() -> None:
    alpha = np.zeros((60, 60), np.float32)
    alpha[20:40, 20:40] = 1
    shadow = shadow_of(alpha, 3)
    assert not shadow[alpha == 1].any()
    above, below = shadow[:20, 30][::-1], shadow[40:, 30]
    assert (np.diff(above) <= 1e-6).all()
    assert 0.05 < above[0] < 0.4 and 0.05 < shadow.max() < 0.4
    assert above[12:].max() < 1e-3 and below[12:].max() < 1e-3


@pytest.mark.parametrize(
    ("width", "side"), [(10, 64), (49, 64), (50, 128), (98, 128), (99, 256), (196, 256), (300, 512), (5000, 512)]
)
def test_textures_are_a_little_finer_than_the_mask(width: float, side: int) -> None:
    assert texture_side(width) == side
