"""Splits: groups stay whole, shares are kept for each label, the seed decides."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from masquerade.datasets import LABELS, LabelledPhoto, Split, read_set, split_photos
from masquerade.datasets.duplicates import PHOTO_DISTANCE, hash_files
from masquerade.datasets.splits import deal
from masquerade.errors import DataMissing, ImageNotFound, LabelInvalid
from tests.datasets import made


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledPhoto]:
    """40 photos, every fourth one also mirrored, made smaller and saved worse."""
    folder = tmp_path_factory.mktemp("photos")
    found = []
    for number in range(40):
        path = made.save_picture(folder / f"{number}.jpg", number)
        found.append(LabelledPhoto("made", path, (0,) * (1 + number % 3) if number % 8 else (2,)))
        if number % 4 == 0:
            with Image.open(path) as image:
                changed = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((90, 72))
                changed.save(folder / f"{number}-again.jpg", quality=60)
            found.append(LabelledPhoto("made", folder / f"{number}-again.jpg", (1,)))
    return found


def test_groups_stay_whole(photos: list[LabelledPhoto]) -> None:
    done: list[int] = []
    split = split_photos(photos, 1, progress=lambda: done.append(1))
    assert len(done) == len(photos) == len(split.parts) == 50
    for photo in photos:
        if photo.path.stem.endswith("-again"):
            key = photo.key.replace("-again", "")
            assert split.groups[photo.key] == split.groups[key]
            assert split.parts[photo.key] == split.parts[key]
    assert len(set(split.groups.values())) == 40
    counts = Counter(split.parts.values())
    assert counts["test"] in {12, 13}
    # Five photos are labelled incorrect: the rare label is in both parts.
    rare = Counter(split.parts[photo.key] for photo in photos if photo.labels == (2,))
    assert rare["test"] in {1, 2}


def test_the_seed_decides_and_the_order_does_not(photos: list[LabelledPhoto]) -> None:
    split = split_photos(photos, 7)
    assert split_photos(list(reversed(photos)), 7) == split
    assert any(split_photos(photos, seed).parts != split.parts for seed in (8, 9))


def test_three_parts(photos: list[LabelledPhoto]) -> None:
    split = split_photos(photos, 3, {"train": 0.6, "check": 0.2, "test": 0.2})
    counts = Counter(split.parts.values())
    assert abs(counts["train"] - 30) <= 2
    assert abs(counts["check"] - 10) <= 2
    chosen = split.chosen(photos, "check")
    assert [photo.key for photo in chosen] == [photo.key for photo in photos if split.parts[photo.key] == "check"]


def test_saved_and_loaded(photos: list[LabelledPhoto], tmp_path: Path) -> None:
    split = split_photos(photos, 7)
    path = tmp_path / "new" / "split.csv"
    split.save(path)
    assert Split.load(path) == split
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["photo", "group", "part"]
    assert str(photos[0].path.parent.parent) not in path.read_text()
    assert [row["photo"] for row in rows] == sorted(photo.key for photo in photos)


BROKEN = [
    ("", ":1: expected the columns photo,group,part"),
    ("photo,part\n", ":1: expected the columns"),
    ("photo,group,part\na,1,train\nb,x,test\n", ":3: expected a photo"),
    (f"photo,group,part\na,{'9' * 5000},train\n", ":2: expected a photo"),
    ("photo,group,part\na,1,train\na,1,train\n", ":3: photo a stands twice"),
    ("photo,group,part\na,1,train\nb,1,test\n", ":3: group 1 stands in train and in test"),
    ("photo,group,part\na,1\n", ":2: expected a photo"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_broken_splits(text: str, message: str, tmp_path: Path) -> None:
    path = made.write(tmp_path / "split.csv", text)
    with pytest.raises(LabelInvalid, match=message) as error:
        Split.load(path)
    assert str(path) in str(error.value)


def test_refused(photos: list[LabelledPhoto], tmp_path: Path) -> None:
    with pytest.raises(DataMissing):
        Split.load(tmp_path / "none.csv")
    for shares in ({}, {"train": 0.5, "test": 0.4}, {"train": 1.5, "test": -0.5}):
        with pytest.raises(ValueError, match="shares: expected positive numbers that sum to 1"):
            split_photos(photos, 1, shares)
    with pytest.raises(LabelInvalid, match=r"have the same key made/.*/0\.jpg"):
        split_photos([*photos, photos[0]], 1)
    with pytest.raises(LabelInvalid, match="1 groups of near-duplicates cannot be split into 2 parts"):
        split_photos(photos[:1], 1)
    with pytest.raises(ImageNotFound):
        split_photos([*photos, LabelledPhoto("made", tmp_path / "none.jpg", ())], 1)
    split = split_photos(photos[:20], 1)
    with pytest.raises(LabelInvalid, match="is not in the split"):
        split.chosen(photos, "train")
    with pytest.raises(LabelInvalid, match="no part 'check'; there are test, train"):
        split.chosen(photos, "check")


@pytest.mark.parametrize("seed", range(20))
def test_shares_are_kept_for_every_column(seed: int) -> None:
    # Many small groups and a few large ones; the last column is rare.
    rng = np.random.default_rng(seed)
    sizes = np.concatenate([np.ones(900), rng.integers(2, 30, 60)]).astype(np.int64)
    counts = np.stack([sizes, rng.poisson(sizes * 1.6), rng.poisson(sizes), rng.poisson(sizes * 0.05)], axis=1)
    dealt = deal(counts, [0.75, 0.25], seed)
    shares = counts[dealt == 1].sum(axis=0) / counts.sum(axis=0)
    np.testing.assert_allclose(shares, 0.25, atol=0.02)


def test_a_large_group_may_come_into_any_part() -> None:
    counts = np.array([[50, 50]] + [[1, 1]] * 150)
    where = {int(deal(counts, [0.5, 0.5], seed)[0]) for seed in range(20)}
    assert where == {0, 1}


@pytest.mark.data
@pytest.mark.slow
def test_the_web_photos(data_root: Path) -> None:
    photos = read_set(data_root / "ilc2021").photos
    split = split_photos(photos, 1)
    sides = np.array([split.parts[photo.key] == "test" for photo in photos])
    signs = np.where(hash_files([photo.path for photo in photos]), 1, -1).astype(np.float32)
    for side in (0, 1):  # as it is, and mirrored
        assert ((64 - signs[sides, 0] @ signs[~sides, side].T) / 2).min() > PHOTO_DISTANCE
    every = np.bincount([label for photo in photos for label in photo.labels], minlength=len(LABELS))
    test = np.bincount([label for photo in split.chosen(photos, "test") for label in photo.labels], minlength=3)
    np.testing.assert_allclose(test / every, 0.25, atol=0.01)
