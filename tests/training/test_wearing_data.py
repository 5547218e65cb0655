"""Crops to train on: their groups, their targets, their file; views of them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.datasets.types import LABELS
from masquerade.faces import find_faces
from masquerade.image import read_image
from masquerade.training.wearing_data import CROP, MARGIN, Crops, merge_groups, part_target, read_part_labels
from masquerade.wearing.crops import face_crops
from tests.training.made import made_crops

NAN = float("nan")


@pytest.mark.parametrize(
    ("label", "by_eye", "expected"),
    [
        # a mask worn right covers all, a bare face shows all, whatever was noted
        ("with_mask", [1, 1, 1], [0, 0, 0]),
        ("without_mask", None, [1, 1, 1]),
        ("incorrect", [1, 0, 0], [1, 0, 0]),
        # not labelled by eye: unknown
        ("incorrect", None, [NAN, NAN, NAN]),
    ],
)
def test_which_parts_show(label: str, by_eye: list[float] | None, expected: list[float]) -> None:
    noted = None if by_eye is None else np.array(by_eye, np.float32)
    np.testing.assert_array_equal(part_target(LABELS.index(label), noted), np.array(expected, np.float32))


def test_labels_by_eye() -> None:
    table = read_part_labels()
    assert len(table) > 200
    for (key, face), shown in table.items():
        assert key.split("/")[0] in {"ilc2021", "mask-kinds"}
        assert face >= 0
        assert set(shown.tolist()) <= {0.0, 1.0}
    # A mask worn wrongly leaves something to see; where nothing shows, the label is doubtful.
    assert np.mean([shown.any() for shown in table.values()]) > 0.97


def hashes(rng: np.random.Generator, count: int, bits: int) -> NDArray[np.bool_]:
    return np.asarray(rng.random((count, 2, bits)) < 0.5, np.bool_)


def test_photos_are_joined_by_their_look_and_by_their_faces() -> None:
    rng = np.random.default_rng(0)
    photos, faces = hashes(rng, 6, 64), hashes(rng, 5, 256)
    photos[4] = photos[1]  # the same photo again
    faces[3] = faces[0]  # the same face on photos 0 and 5
    owners = [0, 1, 2, 5, 5]
    groups = merge_groups(photos, list(zip(owners, faces, strict=True)))
    assert groups.tolist() == [0, 1, 2, 3, 1, 0]
    faces[4] = faces[1]  # photo 5 shows the face of photo 1, too: all four belong together
    assert merge_groups(photos, list(zip(owners, faces, strict=True))).tolist() == [0, 0, 2, 3, 0, 0]


def test_crops_are_chosen_saved_and_loaded(tmp_path: Path) -> None:
    crops = made_crops(6)
    some = crops.where(crops.labels == 1)
    assert some.faces.tolist() == [1, 4]
    assert len(some.keys) == 6  # photos keep their numbers
    some.save(tmp_path / "deep" / "crops.npz")
    loaded = Crops.load(tmp_path / "deep" / "crops.npz")
    for name in Crops.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(loaded, name), getattr(some, name))


def test_stored_crops_hold_what_the_network_sees(photos: list[Path]) -> None:
    augment = pytest.importorskip("masquerade.training.augment")
    for path in photos:
        image = read_image(path)
        boxes = find_faces(image).boxes
        stored = face_crops(image, boxes, CROP, MARGIN)[0]
        network = face_crops(image, boxes, 96)[0]
        seen = augment.view(stored, 96)
        assert (seen.shape, seen.dtype) == (network.shape, network.dtype)
        # The two are averaged down differently: compare them without the finest detail.
        smooth = [cv2.GaussianBlur(picture, (0, 0), 1.5).astype(float) for picture in (seen, network)]
        error = np.abs(smooth[0] - smooth[1])
        assert error.mean() < 1.0
        assert np.percentile(error, 99) < 6.0
        # One pixel aside is worse by far, so the two lie upon each other.
        for aside in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            moved = np.roll(smooth[1], aside, axis=(0, 1))
            assert np.abs(smooth[0] - moved)[2:-2, 2:-2].mean() > 2 * error[2:-2, 2:-2].mean()


def test_random_views_repeat_by_seed() -> None:
    augment = pytest.importorskip("masquerade.training.augment")
    crop = made_crops(1).images[0]
    before = crop.copy()
    views = [augment.random_view(crop, 96, np.random.default_rng(seed)) for seed in range(60)]
    again = [augment.random_view(crop, 96, np.random.default_rng(seed)) for seed in range(60)]
    for one, other in zip(views, again, strict=True):
        assert (one.shape, one.dtype) == ((96, 96, 3), np.uint8)
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(crop, before)
    assert len({view.tobytes() for view in views}) == 60
    # one generator goes on from view to view
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(augment.random_view(crop, 96, rng), views[0])
    assert not np.array_equal(augment.random_view(crop, 96, rng), views[0])


def test_views_of_other_sizes() -> None:
    augment = pytest.importorskip("masquerade.training.augment")
    crop = made_crops(1).images[0]
    for size in (32, 112):
        assert augment.random_view(crop, size, np.random.default_rng(0)).shape == (size, size, 3)
        assert augment.view(crop, size).shape == (size, size, 3)
