"""Views of faces, a batch at once: against formulas written otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from masquerade.training.study.views import Draws, apply, draw, normalised, plain, random_views, room  # noqa: E402

pytestmark = pytest.mark.train

SIZE, STORED = 40, 50


@pytest.fixture
def images() -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (6, STORED, STORED, 3), np.uint8)


def nothing(count: int) -> Draws:
    """Draws that change nothing."""
    still = np.tile(np.array([[SIZE / STORED, 0, 0], [0, SIZE / STORED, 0]], np.float32), (count, 1, 1))
    return Draws(
        matrices=still,
        gains=np.ones((count, 3), np.float32),
        contrasts=np.ones(count, np.float32),
        offsets=np.zeros(count, np.float32),
        grey=np.zeros(count, np.bool_),
        sides=np.full(count, SIZE, np.int64),
        noise=np.zeros(count, np.float32),
        spots=np.zeros((count, 4), np.float32),
    )


NO_NOISE = np.zeros((0, 3, SIZE, SIZE), np.float32)


def applied(images: NDArray[np.uint8], unit: NDArray[np.float32] = NO_NOISE, **changes: object) -> NDArray[np.float32]:
    draws = replace(nothing(len(images)), **changes)  # type: ignore[arg-type]
    return np.asarray(apply(images, SIZE, draws, unit).permute(0, 2, 3, 1).numpy())


def test_the_plain_view_is_the_middle(images: NDArray[np.uint8]) -> None:
    middle = images[:, 5:45, 5:45].astype(np.float32)
    np.testing.assert_array_equal(plain(images, SIZE).permute(0, 2, 3, 1).numpy(), middle)
    np.testing.assert_allclose(applied(images), middle, atol=1e-2)
    assert room(112) == 11


def test_mirror_shift_and_scale(images: NDArray[np.uint8]) -> None:
    middle = images[:, 5:45, 5:45].astype(np.float32)
    still = nothing(6).matrices
    mirrored = still * np.array([[-1, 1, 1], [1, 1, 1]], np.float32)
    np.testing.assert_allclose(applied(images, matrices=mirrored), middle[:, :, ::-1], atol=1e-2)
    shifted = still.copy()
    shifted[:, 0, 2] = 2 * 3 / STORED  # three pixels to the left; -1 to 1 spans the stored picture
    np.testing.assert_allclose(applied(images, matrices=shifted), images[:, 5:45, 8:48], atol=1e-2)
    far = still.copy()
    far[:, 0, 2] = 2.0
    assert np.abs(applied(images, matrices=far)[:, :, 10:] - 127).max() < 1e-3  # grey beyond the picture


def test_light_and_colour(images: NDArray[np.uint8]) -> None:
    smooth = np.clip(images, 90, 160)
    middle = smooth[:, 5:45, 5:45].astype(np.float64)
    gains = np.array([0.9, 1.0, 1.1])
    tinted = middle * gains
    mean = tinted.mean(axis=(1, 2, 3), keepdims=True)
    found = applied(
        smooth,
        gains=np.tile(gains, (6, 1)).astype(np.float32),
        contrasts=np.full(6, 1.2, np.float32),
        offsets=np.full(6, -7, np.float32),
    )
    np.testing.assert_allclose(found, (tinted - mean) * 1.2 + mean - 7, atol=2e-2)
    found = applied(smooth, grey=np.arange(6) < 3)
    np.testing.assert_allclose(found[:3], np.repeat(middle[:3].mean(axis=3, keepdims=True), 3, axis=3), atol=2e-2)
    np.testing.assert_allclose(found[3:], middle[3:], atol=2e-2)


def test_noise_small_sides_and_spots_touch_only_their_own(images: NDArray[np.uint8]) -> None:
    flat = np.full_like(images, 100)
    unit = np.ones((2, 3, SIZE, SIZE), np.float32)
    found = applied(flat, unit, noise=np.array([0, 5, 0, 0, 2, 0], np.float32))
    np.testing.assert_allclose(found[:, 0, 0, 0], [100, 105, 100, 100, 102, 100], atol=1e-3)
    plainly = applied(images)
    found = applied(images, sides=np.array([SIZE, 20, SIZE, 24, SIZE, SIZE]))
    for index in range(6):
        rough = found[index].std() / plainly[index].std()
        assert rough == pytest.approx(1) if index not in {1, 3} else rough < 0.7
    spots = np.zeros((6, 4), np.float32)
    spots[2] = (0.5, 0.1, 0.25, 0.2)
    found = applied(images, spots=spots)
    changed = np.abs(found - plainly).max(axis=3) > 0.5
    assert changed[2, 4:12, 20:30].mean() > 0.9
    changed[2, 4:12, 20:30] = False
    assert not changed.any()


def test_draws_repeat_and_lie_in_their_ranges() -> None:
    draws = draw(np.random.default_rng(0), 4000, STORED, SIZE)
    again = draw(np.random.default_rng(0), 4000, STORED, SIZE)
    for name in Draws.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(draws, name), getattr(again, name))
    lengths = np.hypot(draws.matrices[:, 0, 0], draws.matrices[:, 1, 0]) * STORED / SIZE
    assert np.exp(-0.16) - 1e-3 <= lengths.min() and lengths.max() <= np.exp(0.18) + 1e-3
    turned = np.degrees(np.arctan2(-draws.matrices[:, 0, 1], draws.matrices[:, 1, 1]))
    assert turned.std() == pytest.approx(8, abs=0.4)
    assert 0.45 < (draws.matrices[:, 0, 0] < 0).mean() < 0.55
    assert 0.17 < (draws.spots[:, 2] > 0).mean() < 0.23
    bottom = (draws.spots[:, 1] + draws.spots[:, 3])[draws.spots[:, 2] > 0]
    assert bottom.max() < 0.6  # nose, mouth and chin stay


def test_random_views_repeat_by_seed(images: NDArray[np.uint8]) -> None:
    before = images.copy()
    one, other = (random_views(images, SIZE, np.random.default_rng(3)) for _ in range(2))
    assert torch.equal(one, other)
    assert not torch.equal(one, random_views(images, SIZE, np.random.default_rng(4)))
    assert tuple(one.shape) == (6, 3, SIZE, SIZE)
    assert one.min() >= 0 and one.max() <= 255
    np.testing.assert_array_equal(images, before)


def test_normalisation() -> None:
    pixels = torch.tensor([0.0, 127.5, 255.0]).view(1, 3, 1, 1)
    found = normalised(pixels, (0.1, 0.5, 0.2), (0.5, 0.25, 2.0)).flatten().tolist()
    assert found == pytest.approx([(0 - 0.1) / 0.5, (0.5 - 0.5) / 0.25, (1 - 0.2) / 2.0], abs=1e-6)
