"""A library is checked when it is read, its pictures when they are drawn."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from masquerade.errors import LibraryInvalid, PlanInvalid
from masquerade.masks import MaskPlan, Plan, apply, draw
from masquerade.masks.drawing import Choice
from masquerade.masks.library import Built, load_library
from masquerade.masks.library.types import Entry
from tests.faces.photos import found, photo
from tests.masks.library.made import entry, written


def plain(**changes: Any) -> dict[str, Any]:
    return {**entry().to_dict(), **changes}


@pytest.fixture
def copied(built: Built, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built.folder, tmp_path / "library"))


def test_what_was_written_is_read(built: Built) -> None:
    library = load_library(built.folder)
    assert library.entries == built.entries
    assert load_library(built.folder / "library.json").id == library.id
    assert len(library.id) == 16


@pytest.mark.parametrize(
    ("version", "message"), [(2, "expected version 1, found 2"), ("1", "expected version 1, found '1'")]
)
def test_another_version(tmp_path: Path, version: Any, message: str) -> None:
    with pytest.raises(LibraryInvalid, match=message):
        load_library(written(tmp_path, [plain()], version))


WRONG = [
    # a field, and what it cannot hold
    {"kind": "veil"},
    {"id": ""},
    {"png": "../masks/a.png"},
    {"png": "/masks/a.png"},
    {"png": "masks/a.exe"},
    {"sha256": "abc"},
    {"size": [0, 8]},
    {"size": [10]},
    {"size": [12000, 12000]},
    {"outline": float("inf")},
    {"png": "masks/a\0.png"},
    {"points": [[0, 0]] * 3},
    {"vertices": [[0, 0]] * 4},
    {"vertices": [[0, 0, float("nan")]] * 4},
    {"triangles": [[0, 1, 4]]},
    {"triangles": []},
    {"triangles": [[0, 1]]},
    {"outline": 9},
    {"pose": {"yaw": 0, "pitch": 0}},
    {"pose": None},
    {"mean_colour": "blue"},
    {"source": {"file": "a.jpg"}},
    {"extra": 1},
]


@pytest.mark.parametrize("changes", WRONG, ids=str)
def test_a_wrong_entry(changes: dict[str, Any]) -> None:
    with pytest.raises(LibraryInvalid, match="entry"):
        Entry.from_dict(plain(**changes))


CONTENTS = [
    # no JSON; JSON of something else; nothing in it
    ("{", "no JSON"),
    ("[" * 100_000, "no JSON"),
    ("[]", "no library"),
    ('{"version": 1}', "list of entries"),
    ('{"version": 1, "entries": []}', "list of entries"),
    ('{"version": 1, "entries": [3]}', "entry None"),
]


@pytest.mark.parametrize(("content", "message"), CONTENTS, ids=lambda value: str(value)[:20])
def test_a_damaged_file(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "library.json").write_text(content)
    with pytest.raises(LibraryInvalid, match=message):
        load_library(tmp_path)


def test_no_library_there(tmp_path: Path) -> None:
    with pytest.raises(LibraryInvalid, match="library build"):
        load_library(tmp_path)


def test_two_entries_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(LibraryInvalid, match="same id"):
        load_library(written(tmp_path, [plain(), plain()]))


def test_a_picture_that_is_gone(copied: Path) -> None:
    library = load_library(copied)
    first = library.entries[0]
    (copied / first.png).unlink()
    with pytest.raises(LibraryInvalid, match="No such file"):
        library.sheet(first.id, False)


def test_a_picture_that_was_changed(copied: Path) -> None:
    library = load_library(copied)
    first, second = library.entries[:2]
    shutil.copy(copied / second.png, copied / first.png)
    with pytest.raises(LibraryInvalid, match="expected SHA-256"):
        library.sheet(first.id, False)
    library.sheet(second.id, False)  # the others can still be drawn


def test_a_picture_of_another_size(copied: Path) -> None:
    import hashlib
    import json

    values = json.loads((copied / "library.json").read_text())
    first = values["entries"][0]
    Image.new("RGBA", (3, 3)).save(copied / first["png"])
    first["sha256"] = hashlib.sha256((copied / first["png"]).read_bytes()).hexdigest()
    library = load_library(written(copied, values["entries"]))
    with pytest.raises(LibraryInvalid, match="expected a PNG of"):
        library.sheet(first["id"], False)


def test_an_entry_that_is_not_there(built: Built) -> None:
    with pytest.raises(LibraryInvalid, match="no entry 'x'"):
        load_library(built.folder).sheet("x", False)


def test_the_surface_and_its_texture(built: Built) -> None:
    library = load_library(built.folder)
    for one in library.entries:
        sheet, texture = library.sheet(one.id, False)
        assert texture.shape == (one.size[1], one.size[0], 4)
        assert (texture[..., :3] <= texture[..., 3:]).all()  # colours times alpha
        assert sheet.vertices.shape == (len(one.vertices), 3)
        assert sheet.uv.min() >= 0
        assert sheet.uv.max() <= 1
        assert sheet.triangles.dtype == np.int32
        assert np.linalg.norm(sheet.normals, axis=1) == pytest.approx(1)
        assert (sheet.normals[:, 2] < 0).mean() > 0.9  # towards the viewer
        assert library.sheet(one.id, False)[0] is sheet
        # Alpha has fallen away where the corners of the edge lie.
        x, y = np.round(np.array(one.points[: one.outline])).astype(int).T
        inside = (x >= 0) & (y >= 0) & (x < one.size[0]) & (y < one.size[1])
        assert np.median(texture[y[inside], x[inside], 3]) < 64


def test_mirrored_it_is_the_mirror_image(built: Built) -> None:
    library = load_library(built.folder)
    name = library.entries[0].id
    (plain_sheet, texture), (mirrored, same) = library.sheet(name, False), library.sheet(name, True)
    np.testing.assert_array_equal(texture, same)
    np.testing.assert_array_equal(plain_sheet.uv, mirrored.uv)
    np.testing.assert_allclose(plain_sheet.vertices * [-1, 1, 1], mirrored.vertices)
    np.testing.assert_allclose(plain_sheet.normals * [-1, 1, 1], mirrored.normals, atol=1e-9)
    np.testing.assert_array_equal(np.sort(plain_sheet.triangles, axis=1), np.sort(mirrored.triangles, axis=1))
    assert mirrored.outline.tolist() == plain_sheet.outline[::-1].tolist()


def test_a_plan_takes_the_entry(built: Built) -> None:
    library = load_library(built.folder)
    one = library.entries[0]
    plan = library.adapt(MaskPlan(face=3, kind="gas", worn="nose_out", seed=5), one.id, True)
    assert (plan.entry, plan.mirrored, plan.kind, plan.worn) == (one.id, True, one.kind, "correctly")
    assert (plan.face, plan.seed) == (3, 5)
    assert library.skin_colour(one.id) == tuple(int(one.skin_colour[at : at + 2], 16) for at in (1, 3, 5))


def test_its_masks_are_drawn(built: Built) -> None:
    library = load_library(built.folder)
    image, faces = photo("impostor_2"), found("impostor_2")[0]
    plan = draw(np.random.default_rng(3), faces, Choice(kinds=("surgical",)), library)
    assert plan.masks[0].entry in {one.id for one in library.entries}
    again = Plan.from_dict(plan.to_dict())
    masked = apply(image, faces, plan, library)
    np.testing.assert_array_equal(masked.image, apply(image, faces, again, pickle.loads(pickle.dumps(library))).image)  # noqa: S301
    assert masked.masks[0].covered[[1, 13, 14, 152]].all()
    drawn = masked.binary
    blue = masked.image[..., 2].astype(int) - masked.image[..., 0]
    before = image[..., 2].astype(int) - image[..., 0]
    assert blue[drawn].mean() > before[drawn].mean() + 20


def test_none_of_the_wanted_kind(built: Built) -> None:
    plan = draw(np.random.default_rng(0), found("impostor_2")[0], Choice(kinds=("gas",)), load_library(built.folder))
    assert [skip.code for skip in plan.skipped] == ["no_entry"]


def test_its_masks_are_worn_correctly_alone(built: Built) -> None:
    with pytest.raises(PlanInvalid, match="worn correctly"):
        draw(np.random.default_rng(0), found("impostor_2")[0], Choice(worn=("nose_out",)), load_library(built.folder))
