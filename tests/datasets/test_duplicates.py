"""Near-duplicates: which photos belong together, and which part of them is held out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from masquerade.datasets import group, hash_files, is_held_out
from masquerade.datasets.duplicates import PHOTO_DISTANCE, both_hashes, join, perceptual_hash
from masquerade.datasets.wearing_sets import HELD_OUT_SHARE
from masquerade.image import read_image

COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half as large": lambda photo: photo.resize((photo.width // 2, photo.height // 2)),
    "a thumbnail": lambda photo: photo.resize((64, 80)),
    "wider": lambda photo: photo.resize((photo.width * 3 // 2, photo.height)),
    "mirrored": lambda photo: photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "brighter": lambda photo: ImageEnhance.Brightness(photo).enhance(1.25),
    "less contrast": lambda photo: ImageEnhance.Contrast(photo).enhance(0.7),
    "grey": lambda photo: photo.convert("L").convert("RGB"),
    "cropped a little": lambda photo: photo.crop((4, 4, photo.width - 4, photo.height - 4)),
}


def test_copies_are_grouped_and_photos_are_not(photos: list[Path], tmp_path: Path) -> None:
    files, owners = [], []
    for owner, path in enumerate(photos):
        with Image.open(path) as opened:
            photo = opened.convert("RGB")
        for number, change in enumerate(COPIES.values()):
            files.append(tmp_path / f"{owner} {number}.png")
            change(photo).save(files[-1])
            owners.append(owner)
        files.append(tmp_path / f"{owner} poor.jpg")
        photo.save(files[-1], quality=10)
        owners.append(owner)
    groups = group(hash_files([*photos, *files]))
    assert groups[: len(photos)].tolist() == list(range(len(photos)))
    assert groups[len(photos) :].tolist() == owners


def test_a_hash_is_the_signs_of_low_frequencies() -> None:
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (32, 32), np.uint8)
    # The cosine transform by its definition, Ahmed and others, 1974.
    k, n = np.arange(8)[:, None], np.arange(32)[None]
    basis = np.cos(np.pi * (2 * n + 1) * k / 64) * np.where(k == 0, np.sqrt(1 / 32), np.sqrt(2 / 32))
    low = (basis @ grey.astype(float) @ basis.T).ravel()
    expected = low > np.median(low[1:])
    np.testing.assert_array_equal(perceptual_hash(np.repeat(grey[..., None], 3, axis=2)), expected)


def test_the_second_hash_is_the_mirror_images(photos: list[Path]) -> None:
    image = read_image(photos[0])
    one, other = both_hashes(image), both_hashes(np.ascontiguousarray(image[:, ::-1]))
    np.testing.assert_array_equal(one, other[::-1])
    assert both_hashes(image, 16).shape == (2, 256)


def test_no_files() -> None:
    assert hash_files([]).shape == (0, 2, 64)
    assert group(hash_files([])).shape == (0,)


def by_flooding(count: int, links: list[tuple[int, int]]) -> list[int]:
    """Groups the slow way: pass the smallest index on until nothing changes."""
    label = list(range(count))
    changed = True
    while changed:
        changed = False
        for one, other in links:
            low = min(label[one], label[other])
            changed |= label[one] != low or label[other] != low
            label[one] = label[other] = low
    return label


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))))
def test_links_are_joined(case: tuple[int, list[tuple[int, int]]]) -> None:
    count, links = case
    assert join(count, links).tolist() == by_flooding(count, links)


def random_hashes(seed: int, count: int) -> NDArray[np.bool_]:
    """Hashes around a few centres, so that some are near and chains come about."""
    rng = np.random.default_rng(seed)
    centres = rng.random((3, 2, 64)) < 0.5
    return np.asarray(centres[rng.integers(0, 3, count)] ^ (rng.random((count, 2, 64)) < 0.08), np.bool_)


@pytest.mark.parametrize("distance", [0, 5, PHOTO_DISTANCE, 20])
@pytest.mark.parametrize("seed", range(4))
def test_groups_are_those_of_all_pairs(seed: int, distance: int) -> None:
    hashes = random_hashes(seed, 25)
    hashes[7, 0] = hashes[3, 1]  # a mirrored pair
    near = [
        (i, j)
        for i in range(25)
        for j in range(i + 1, 25)
        # either side of one against the plain side of the other
        if min((hashes[j, 0] != hashes[i, side]).sum() for side in (0, 1)) <= distance
    ]
    assert group(hashes, distance).tolist() == by_flooding(25, near)


HELD = {
    # golden: a change here would move photos between training and test
    "ilc2021/images/0.jpg": True,
    "ilc2021/images/2.jpg": True,
    "ilc2021/images/12.jpg": True,
    "ilc2021/images/a.jpg": False,
    "ilc2021/images/b.jpg": False,
    "ilc2021/images/c.jpg": False,
    "mask-kinds/Cloth_mask/1.jpg": False,
    "rmfd/rmfd/0.jpg": False,
    "two-class/with_mask/7.png": False,
}


def test_what_is_held_out_stays_held_out() -> None:
    for key in HELD:
        share = int(hashlib.sha256(key.encode()).hexdigest()[:16], 16) / 16**16
        assert is_held_out(key) == (share < HELD_OUT_SHARE)
    assert {key: is_held_out(key) for key in HELD} == HELD


def test_about_a_quarter_is_held_out() -> None:
    keys = [f"ilc2021/images/{number}.jpg" for number in range(4000)]
    assert abs(np.mean([is_held_out(key) for key in keys]) - 0.25) < 0.02
    assert abs(np.mean([is_held_out(key, 0.6) for key in keys]) - 0.6) < 0.025
    assert not any(is_held_out(key, 0.0) for key in keys)
    assert all(is_held_out(key, 1.0) for key in keys)
    # a larger share holds out what a smaller one did
    assert all(is_held_out(key, 0.6) for key in keys if is_held_out(key, 0.25))
