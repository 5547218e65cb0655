"""Aligned faces and their cache: as the product aligns, kept, mended, redone when a photo changes."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from masquerade.errors import ExtraMissing
from masquerade.faces import Faces, align_faces, find_faces, landmarks_in_crops
from masquerade.image import read_image
from masquerade.recognising import in_processes
from masquerade.training.recognition import aligned as module
from masquerade.training.recognition.aligned import align_photos
from masquerade.training.recognition.aligning import DTYPE, ROOM, align_photo, middle
from masquerade.training.recognition.people import Photo
from masquerade.training.recognition.views import plain_views
from masquerade.training.study.progress import quiet


def listed(folder: Path) -> list[Photo]:
    return [Photo(path.name, path) for path in sorted(folder.iterdir())]


@pytest.fixture
def photos(people: Path, tmp_path: Path) -> Path:
    """Three photos with a face, one without, one that is none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        shutil.copy(people / f"person_{number:02}" / "0.jpg", folder / f"{number}.jpg")
    Image.new("RGB", (64, 64), (90, 120, 90)).save(folder / "8.png")
    (folder / "9.jpg").write_bytes(b"no picture")
    return folder


def test_faces_are_as_the_product_aligns_them(photos: Path, tmp_path: Path) -> None:
    faces = align_photos(listed(photos), tmp_path / "cache", quiet)
    assert [photo.key for photo in faces.photos] == ["0.jpg", "1.jpg", "2.jpg"]
    codes = {key: code for key, (code, _) in faces.failed.items()}
    assert codes == {"8.png": "no_face", "9.jpg": "image_format_unknown"}
    rows = faces.rows(np.array([2, 0]))
    for row, name in zip(rows, ("2.jpg", "0.jpg"), strict=True):
        image = read_image(photos / name)
        found = middle(find_faces(image, "frame"))
        apart = np.abs(plain_views(row[None]).astype(int) - align_faces(image, found))
        assert apart.max() <= 1 and (apart > 0).mean() < 1e-3  # the room shifts how OpenCV rounds places
        np.testing.assert_allclose(row["landmarks"][:, :2], landmarks_in_crops(found)[0, :, :2] + ROOM, atol=1e-3)
        assert row["drawable"] and row["quality"][0] > 20
    np.testing.assert_array_equal(faces.column("box")[[2, 0]], rows["box"])


def test_what_is_known_is_not_done_again(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    first = align_photos(listed(photos), cache, quiet)
    done: list[Path] = []

    def fake(path: Path) -> np.ndarray:
        done.append(path)
        return np.zeros((), DTYPE)

    monkeypatch.setattr(module, "align_photo", fake)
    lasting = [photo for photo in listed(photos) if photo.key != "9.jpg"]
    again = align_photos(lasting, cache, quiet)
    assert not done and again.failed == {"8.png": first.failed["8.png"]}
    np.testing.assert_array_equal(again.rows(np.arange(3)), first.rows(np.arange(3)))
    os.utime(photos / "1.jpg", ns=(0, 10**18))
    changed = align_photos(lasting, cache, quiet)
    assert done == [photos / "1.jpg"]
    assert changed.rows(np.array([1]))["crop"].max() == 0


def test_a_failure_that_may_pass_is_not_kept(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "align_photo", lambda _: (ExtraMissing.code, "no reader of this format"))
    assert len(align_photos(listed(photos)[:2], tmp_path / "cache", quiet).failed) == 2
    monkeypatch.setattr(module, "align_photo", align_photo)  # the extra is installed now
    faces = align_photos(listed(photos)[:2], tmp_path / "cache", quiet)
    assert len(faces) == 2 and not faces.failed


@pytest.mark.parametrize("harm", ["byte", "gone", "json"])
def test_a_damaged_shard_is_made_again(photos: Path, tmp_path: Path, harm: str) -> None:
    cache = tmp_path / "cache"
    first = align_photos(listed(photos), cache, quiet).rows(np.arange(3))
    (shard,) = cache.rglob("*.npy")
    if harm == "byte":
        content = bytearray(shard.read_bytes())
        content[-1000] ^= 1
        shard.write_bytes(content)
    elif harm == "gone":
        shard.unlink()
    else:
        shard.with_suffix(".json").write_text(json.dumps({"rows": 3}))
    np.testing.assert_array_equal(align_photos(listed(photos), cache, quiet).rows(np.arange(3)), first)
    assert list(cache.rglob("*.npy")) == [shard]


def test_several_processes_give_the_same(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = align_photos(listed(photos), tmp_path / "one", quiet)
    monkeypatch.setattr(module, "in_processes", lambda work, tasks, _: in_processes(work, tasks, 2))
    together = align_photos(listed(photos), tmp_path / "two", quiet)
    assert together.failed == alone.failed
    np.testing.assert_array_equal(together.rows(np.arange(3)), alone.rows(np.arange(3)))


@pytest.mark.parametrize(
    ("boxes", "scores", "chosen"),
    [
        ([(0, 20, 90, 110), (110, 60, 140, 90)], (0.9, 0.9), 0),  # large, though at the side
        ([(0, 0, 40, 40), (110, 60, 145, 95)], (0.9, 0.9), 1),  # hardly larger, and far off
        ([(60, 20, 150, 110), (100, 30, 187, 117)], (0.57, 0.95), 1),  # a reflection, of which the detector is not sure
    ],
)
def test_the_face_that_a_photo_is_of(boxes: list[tuple[int, ...]], scores: tuple[float, ...], chosen: int) -> None:
    count = len(boxes)
    faces = Faces(
        (256, 160), np.array(boxes, np.float32), np.array(scores, np.float32), np.zeros((count, 5, 2), np.float32)
    )
    assert middle(faces).boxes[0].tolist() == list(boxes[chosen])
