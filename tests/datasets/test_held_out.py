"""The list of held-out photos that comes with the package."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from masquerade.datasets import hash_files, is_held_out
from masquerade.datasets.duplicates import PHOTO_DISTANCE
from masquerade.datasets.wearing_sets import (
    HELD_OUT_SHARE,
    read_held_out,
    read_ilc2021,
    read_mask_kinds,
    read_rmfd,
    read_two_class,
)


def test_the_list_names_photos_of_all_sets() -> None:
    counts = Counter(key.split("/")[0] for key in read_held_out())
    assert set(counts) == {"ilc2021", "mask-kinds", "two-class", "rmfd"}
    assert all(key.count("/") == 2 for key in read_held_out())


@pytest.mark.data
def test_the_list_is_what_the_rule_gives(data_root: object) -> None:
    photos = [*read_ilc2021(), *read_mask_kinds(), *read_two_class(), *read_rmfd()]
    held = read_held_out()
    keys = {photo.key for photo in photos}
    assert set(held) <= keys
    # A group bears the number of its first photo, whose name decides.
    for key, group in held.items():
        assert is_held_out(photos[group].key), key
        assert photos[group].key in held
    for index, photo in enumerate(photos):
        if photo.key not in held and is_held_out(photo.key):
            assert index not in held.values()  # it belongs to a group that another photo leads
    assert abs(len(held) / len(keys) - HELD_OUT_SHARE) < 0.08


@pytest.mark.data
@pytest.mark.slow
def test_no_near_duplicate_stands_on_both_sides(data_root: object) -> None:
    photos, held = read_ilc2021(), read_held_out()
    sides = np.array([photo.key in held for photo in photos])
    hashes = hash_files([photo.path for photo in photos])
    signs = np.where(hashes, 1, -1).astype(np.float32)
    for side in (0, 1):  # as it is, and mirrored
        differing = (64 - signs[sides, 0] @ signs[~sides, side].T) / 2
        assert differing.min() > PHOTO_DISTANCE
