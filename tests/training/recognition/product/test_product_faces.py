"""Faces that the product's embedder learns from: who is kept apart, and what is cut out of a photo."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from masquerade.datasets.identities import read_identities
from masquerade.training.recognition.product import faces
from masquerade.training.recognition.product.export import some_people
from masquerade.training.recognition.product.faces import Job, ProductFaces, make_faces, read_row, set_aside

pytestmark = pytest.mark.train


def documented(identity: str) -> bool:
    """As docs and issue write it."""
    return int(hashlib.blake2b(f"celeba/{identity}".encode(), digest_size=4).hexdigest(), 16) % 5 == 0


def test_who_is_set_aside_is_the_documented_hash() -> None:
    names = [str(number) for number in range(1, 10178)]
    kept = [name for name in names if set_aside(name)]
    assert kept == [name for name in names if documented(name)]
    assert len(kept) / len(names) == pytest.approx(0.2, abs=0.01)


def people_in(root: Path, count: int = 30) -> Path:
    """Folders of people with one or two photos."""
    for number in range(count):
        folder = root / f"{number:04d}"
        folder.mkdir(parents=True)
        for photo in range(1 + number % 2):
            (folder / f"{photo}.jpg").write_bytes(b"")
    return root


def test_some_people(tmp_path: Path) -> None:
    everyone = read_identities(people_in(tmp_path / "set"))
    parts = [some_people(everyone, set_aside_too=wanted) for wanted in (True, False)]
    for part, wanted in zip(parts, (True, False), strict=True):
        assert part.names == tuple(name for name in everyone.names if documented(name) == wanted)
        assert [part.names[owner] for owner in part.owners] == [path.parent.name for path in part.photos]
    assert sorted(parts[0].photos + parts[1].photos) == sorted(everyone.photos)


def test_jobs_leave_out_those_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> None:
    for name in faces.SETS:
        people_in(tmp_path / name)
    monkeypatch.setenv("MASQUERADE_DATA", str(tmp_path))
    found = faces.jobs()
    assert [job.number for job in found] == list(range(len(found)))
    assert {job.identity for job in found} == {path.name for path in tmp_path.glob("*/*") if not documented(path.name)}
    assert all(job.identity == job.path.parent.name for job in found)
    assert {job.path.parents[1].name: job.effort for job in found} == {
        "celeba-wild": "photo",
        "celeba-aligned": "frame",
    }


def test_a_photo_gives_a_bare_crop_and_masked_ones(photos: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "VERSIONS", 3)
    for number, path in enumerate(photos[:2]):
        row = read_row(Job(number, path, "someone", "photo"))
        assert row is not None
        assert row.identity == "someone"
        assert len(row.masked) == 3
        for crop in (row.bare, *row.masked):
            assert crop.shape == (112, 112, 3)
            assert crop.dtype == np.uint8
        apart = np.abs(np.stack(row.masked).astype(np.float32) - row.bare).mean(axis=(0, 3))
        # The mask hides the lower half; the upper one is as it was, up to the mesh that was fitted anew.
        assert apart[70:100, 35:77].mean() > 3 * apart[20:50, 35:77].mean()
        assert len({crop.tobytes() for crop in row.masked}) == 3


def test_masks_follow_from_the_photos_number(photos: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "VERSIONS", 1)
    first, again, other = (read_row(Job(number, photos[0], "a", "photo")) for number in (4, 4, 5))
    assert first is not None
    assert again is not None
    assert other is not None
    np.testing.assert_array_equal(first.masked[0], again.masked[0])
    assert (first.masked[0] != other.masked[0]).any()
    np.testing.assert_array_equal(first.bare, other.bare)


def test_a_photo_without_a_face_gives_none(tmp_path: Path) -> None:
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), np.full((300, 300, 3), 128, np.uint8))
    assert read_row(Job(0, path, "nobody", "photo")) is None


@pytest.mark.slow
def test_photos_without_a_face_are_counted(
    photos: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grey = tmp_path / "grey.png"
    cv2.imwrite(str(grey), np.full((300, 300, 3), 128, np.uint8))
    jobs = [Job(at, path, f"person {at}", "photo") for at, path in enumerate((photos[0], grey, photos[1]))]
    made = make_faces(jobs)
    assert capsys.readouterr().out == "1 of 3 photos show no face and are left out\n"
    assert made.identities.tolist() == ["person 0", "person 2"]
    assert made.of.tolist() == [0] * faces.VERSIONS + [1] * faces.VERSIONS
    made.save(tmp_path / "faces.npz")
    read = ProductFaces.load(tmp_path / "faces.npz")
    for name in ("bare", "identities", "masked", "of"):
        np.testing.assert_array_equal(getattr(read, name), getattr(made, name))
