"""Masks painted onto sample photos are found and cut out; bare faces are refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from masquerade.errors import DestinationUnusable, LibraryInvalid
from masquerade.faces import find_faces
from masquerade.geometry import opencv
from masquerade.image import find_pictures, read_image
from masquerade.masks.library import Built, build_library, load_library
from masquerade.masks.library.photo import Unusable, cut_mask, part_of
from tests.faces.photos import NAMES, found, photo
from tests.masks.library.made import painted, save_bare, save_painted


@pytest.mark.parametrize("name", ["impostor_1", "person_a_2", "person_b_1"])
def test_what_is_cut_out_is_what_was_painted(name: str) -> None:
    image, drawn, faces = painted(name)
    cut = cut_mask(image, faces, 0)
    part = part_of(image, faces.boxes[0], np.asarray(faces.landmarks)[0])
    side = part.image.shape[0]
    truth = opencv().warpAffine(drawn.astype(np.uint8), part.matrix, (side, side)) > 0
    x, y = np.round(part.landmarks[0, :2] - cut.landmarks[0, :2]).astype(int)
    height, width = cut.texture.shape[:2]
    mask = np.zeros_like(truth)
    mask[y : y + height, x : x + width] = cut.texture[..., 3] > 127
    assert (mask & truth).sum() / (mask | truth).sum() > 0.85
    # Its own blue, and the white of its hem, up to the edge: no skin in it, which is far redder than blue.
    blue = cut.texture[..., 2].astype(int) - cut.texture[..., 0]
    assert (blue[cut.texture[..., 3] > 10] > -12).mean() > 0.97


def test_triangles_fill_the_outline() -> None:
    image, _, faces = painted("impostor_1")
    cut = cut_mask(image, faces, 0)
    a, b, c = (cut.points[cut.triangles[:, corner]] for corner in range(3))
    areas = ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / -2
    assert (areas > 0).all()
    whole = opencv().contourArea(cut.points[: cut.outline].astype(np.float32))
    assert areas.sum() == pytest.approx(whole, rel=0.03)


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_face_is_refused(name: str) -> None:
    with pytest.raises(Unusable) as caught:
        cut_mask(photo(name), found(name), 0)
    assert caught.value.code in {"mask_like_skin", "mask_incomplete", "mask_not_found", "mask_cut_off"}


def test_a_mask_below_the_nose_is_refused() -> None:
    from masquerade.masks import MaskPlan, Plan, apply

    faces = found("impostor_1")[0]
    plan = Plan((MaskPlan(face=0, kind="surgical", worn="mouth_and_nose_out", colour="#7fb0d8"),))
    with pytest.raises(Unusable):
        cut_mask(apply(photo("impostor_1"), faces, plan).image, faces, 0)


def test_the_files(built: Built) -> None:
    assert len(built.entries) == 3
    content = json.loads((built.folder / "library.json").read_text())
    assert content["version"] == 1
    assert [entry["id"] for entry in content["entries"]] == [entry.id for entry in built.entries]
    for entry in built.entries:
        png = built.folder / entry.png
        assert hashlib.sha256(png.read_bytes()).hexdigest() == entry.sha256
        with Image.open(png) as picture:
            assert picture.mode == "RGBA"
            assert picture.size == entry.size
        assert entry.kind == "surgical"
        assert entry.source.file.endswith(".png")
        red, blue = int(entry.mean_colour[1:3], 16), int(entry.mean_colour[5:7], 16)
        assert blue > red + 20
        assert int(entry.skin_colour[1:3], 16) > int(entry.skin_colour[5:7], 16)
    lines = [json.loads(line) for line in (built.folder / "failures.jsonl").read_text().splitlines()]
    assert [line["code"] for line in lines if "broken" in line["photo"]] == ["image_format_unknown"]
    assert {line["face"] for line in lines if "bare" in line["photo"]} == {0}
    assert not list(built.folder.parent.glob(".*partial*"))


def test_the_same_photos_give_the_same_bytes(tmp_path: Path) -> None:
    photos = save_painted(tmp_path / "photos", "impostor_1")
    first, second = (build_library(photos, tmp_path / name).folder for name in ("one", "two"))
    assert (first / "library.json").read_bytes() == (second / "library.json").read_bytes()


def test_a_folder_named_after_a_kind_says_the_kind(tmp_path: Path) -> None:
    photos = save_painted(tmp_path / "KN95", "impostor_1")
    assert build_library(photos, tmp_path / "one").entries[0].kind == "kn95"
    assert build_library(photos, tmp_path / "two", kind="cloth").entries[0].kind == "cloth"


def test_the_same_file_twice_counts_once(tmp_path: Path) -> None:
    first = save_painted(tmp_path / "a", "impostor_1")[0]
    second = tmp_path / "again.png"
    second.write_bytes(first.read_bytes())
    built = build_library([first, second], tmp_path / "out")
    assert len(built.entries) == 1
    assert [one.code for one in built.refused] == ["duplicate"]


def test_no_mask_at_all(tmp_path: Path) -> None:
    bare = save_bare(tmp_path / "photos", "impostor_2")
    with pytest.raises(LibraryInvalid, match="none of 1 photos gave a mask"):
        build_library([bare], tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos"]


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out" / "masks").mkdir(parents=True)
    (tmp_path / "out" / "masks" / "letter.txt").write_text("dear")
    with pytest.raises(DestinationUnusable, match="something else"):
        build_library([], tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(DestinationUnusable):
        build_library([], tmp_path / "file")


def test_a_library_is_replaced_and_kept_when_nothing_comes_of_it(tmp_path: Path) -> None:
    photos = save_painted(tmp_path / "photos", "impostor_1", "person_b_1")
    folder = tmp_path / "out"
    build_library(photos[:1], folder)
    build_library(photos, folder)
    assert len(load_library(folder)) == 2
    assert len(list((folder / "masks").iterdir())) == 2
    with pytest.raises(LibraryInvalid):
        build_library([save_bare(tmp_path / "bare", "impostor_2")], folder)
    assert len(load_library(folder)) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bare", "out", "photos"]


@pytest.mark.data
@pytest.mark.slow
def test_photos_of_people_in_masks(data_root: Path, tmp_path: Path) -> None:
    photos = find_pictures(data_root / "masked-photos" / "stock")[:30]
    built = build_library(photos, tmp_path / "out")
    assert len(built.entries) >= 18
    assert len(load_library(built.folder)) == len(built.entries)


@pytest.mark.data
@pytest.mark.slow
def test_people_without_masks(data_root: Path) -> None:
    accepted = []
    photos = find_pictures(data_root / "lfw")[::120]
    for path in photos:
        image = read_image(path)
        faces = find_faces(image, "frame")
        if len(faces):
            try:
                cut_mask(image, faces, 0)
            except Unusable:
                continue
            accepted.append(path)
    assert len(accepted) <= 0.04 * len(photos)


def test_an_interrupted_build_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = save_painted(tmp_path / "photos", "impostor_1", "person_b_1")
    before = (build_library(photos[:1], tmp_path / "out").folder / "library.json").read_bytes()

    def stop(_: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_library(photos, tmp_path / "out", done=stop)
    assert (tmp_path / "out" / "library.json").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "photos"]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = save_painted(tmp_path / "photos", "impostor_1")
    build_library(photos, tmp_path / "out")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(DestinationUnusable, match="No space left"):
            build_library(photos, tmp_path / "out")
    assert len(load_library(tmp_path / "out")) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "photos"]
