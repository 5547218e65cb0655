"""Files, folders and patterns become lists of pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from masquerade.errors import ImageNotFound, NoImages
from masquerade.image import find_pictures, read_image

FILES = [
    "b.jpg",
    "a.PNG",
    "notes.txt",
    ".hidden.jpg",
    "deep/c.webp",
    "deep/er/d.heic",
    "deep/er/e.tif",
    ".cache/f.jpg",
    "empty/readme.md",
    "odd [1].jpg",
]


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in FILES:
        file = tmp_path / "top" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    monkeypatch.chdir(tmp_path / "top")
    return tmp_path / "top"


ALL = ["a.PNG", "b.jpg", "deep/c.webp", "deep/er/d.heic", "deep/er/e.tif", "odd [1].jpg"]
LISTS: list[tuple[Any, list[str]]] = [
    # a folder: below it too, sorted, without hidden files and folders
    (".", ALL),
    ([Path()], ALL),
    # a file, whatever its suffix
    (["notes.txt"], ["notes.txt"]),
    # in the order named, each once
    (["deep", "b.jpg", "deep/c.webp", "./b.jpg"], ["deep/c.webp", "deep/er/d.heic", "deep/er/e.tif", "b.jpg"]),
    # patterns: one folder
    ("*.jpg", ["b.jpg", "odd [1].jpg"]),
    ("?.*", ["a.PNG", "b.jpg"]),
    ("[ab].*", ["a.PNG", "b.jpg"]),
    # other files and folders that match are left out
    ("*", ["a.PNG", "b.jpg", "odd [1].jpg"]),
    # any depth
    ("**/*.jpg", ["b.jpg", "odd [1].jpg"]),
    ("deep/**/*.*", ["deep/c.webp", "deep/er/d.heic", "deep/er/e.tif"]),
    ("**/er/*", ["deep/er/d.heic", "deep/er/e.tif"]),
    ("**", ALL),
    # a hidden folder that is named
    (".cache", [".cache/f.jpg"]),
    # a file that looks like a pattern is a file
    ("odd [1].jpg", ["odd [1].jpg"]),
    # what does not exist stays in the list
    (["missing.jpg", "b.jpg"], ["missing.jpg", "b.jpg"]),
    # nothing to look up, nothing raised
    (["a\0b.jpg"], ["a\0b.jpg"]),
]


@pytest.mark.parametrize(("named", "expected"), LISTS)
def test_lists(top: Path, named: Any, expected: list[str]) -> None:
    assert find_pictures(named) == [Path(name) for name in expected]


def test_absolute_patterns(top: Path) -> None:
    assert find_pictures(f"{top}/**/*.webp") == [top / "deep/c.webp"]
    assert find_pictures(f"{top}/*.PNG") == [top / "a.PNG"]


NONE = [
    # a folder without pictures, patterns without, nothing named
    ("empty", r"the folder empty gives no picture .*\.jpg"),
    ("*.txt", r"the pattern \*\.txt gives no picture"),
    ("nowhere/**/*.jpg", "gives no picture"),
    ([], "no files were named"),
    ("", "an empty path"),
]


@pytest.mark.parametrize(("named", "message"), NONE)
def test_no_images(top: Path, named: Any, message: str) -> None:
    with pytest.raises(NoImages, match=message):
        find_pictures(named)


def test_what_does_not_exist_is_told_when_read(top: Path) -> None:
    (path,) = find_pictures("missing.jpg")
    with pytest.raises(ImageNotFound, match=r"missing\.jpg"):
        read_image(path)


def test_loops_of_links(top: Path) -> None:
    (top / "deep/up").symlink_to(top)
    (top / "deep/er/self").symlink_to(".")
    assert len(find_pictures(".")) == len(ALL)
    assert {path.name for path in find_pictures("**/*.tif")} == {"e.tif"}


def test_folders_behind_links_are_followed(top: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/g.jpg").touch()
    (top / "linked").symlink_to(tmp_path / "other")
    assert Path("linked/g.jpg") in find_pictures(".")


def test_folders_that_may_not_be_looked_into(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def refuse(folder: str) -> Any:
        if str(folder).endswith("er"):
            raise PermissionError(13, "Permission denied", folder)
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    found = find_pictures(".")
    assert Path("deep/er") in found  # so that it is reported, not passed over
    assert Path("deep/er/d.heic") not in found
