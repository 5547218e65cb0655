"""``--save`` and ``--report``: what is written where, and that no original is ever touched."""

from __future__ import annotations

import errno
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from masquerade.cli.saving import ENDS, Saver
from masquerade.errors import DestinationUnusable
from masquerade.files import write_whole
from masquerade.looking import Seen
from masquerade.looking.annotate import annotate
from tests.cli.commands import Run


@pytest.fixture
def tree(tmp_path: Path, face: Path) -> Path:
    """Photos with names of many kinds."""
    top = tmp_path / "tree"
    names = ["a.jpg", "b.v2 (1).JPG", "two words/ünï 🙂.png", "two words/deep/c.webp", "d.tiff", "e.bmp"]
    with Image.open(face) as photo:
        for name in names:
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            photo.save(top / name)
    return top


def contents(top: Path) -> dict[str, bytes]:
    return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def test_saved_pictures_mirror_the_tree(masquerade: Run, tree: Path, tmp_path: Path) -> None:
    before = contents(tree)
    result = masquerade("look", tree, "--save", tmp_path / "out")
    assert (result.code, result.err) == (0, "")
    saved = contents(tmp_path / "out")
    assert sorted(saved) == sorted(
        [
            "a.jpg",
            "b.v2 (1).JPG",
            "d.tiff.jpg",
            "e.bmp.jpg",
            "two words/deep/c.webp",
            "two words/ünï 🙂.png",
        ]
    )
    assert contents(tree) == before
    kinds = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
    for name in saved:
        with Image.open(tmp_path / "out" / name) as picture:
            assert picture.format == kinds[Path(name).suffix.lower()]
            assert picture.size == (136, 157)


def test_saving_again_writes_anew_and_leaves_out_what_was_saved(masquerade: Run, tree: Path) -> None:
    first = masquerade("look", "--json", tree, "--save", tree / "out")
    again = masquerade("look", "--json", tree, "--save", tree / "out")
    assert again.code == 0
    assert again.lines == first.lines
    assert not (tree / "out" / "out").exists()


def test_what_was_saved_can_be_looked_at_by_name(masquerade: Run, tree: Path) -> None:
    masquerade("look", tree / "a.jpg", "--save", tree / "out")
    named = masquerade("look", "--json", tree / "out" / "a.jpg", tree / "a.jpg", "--save", tree / "out")
    assert (named.code, named.out) == (2, "")
    assert "is one of the photos" in named.err
    assert len(masquerade("look", "--json", tree / "out").lines) == 1


@pytest.mark.parametrize("named", ["./out/a.jpg", "../{home}/out/a.jpg", "out//a.jpg"])
def test_what_is_named_stays_however_it_is_written(
    masquerade: Run, tree: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    masquerade("look", tree / "a.jpg", "--save", tree / "out")
    before = contents(tree)
    monkeypatch.chdir(tree)
    result = masquerade("look", named.format(home=tree.name), "a.jpg", "--save", "out")
    assert (result.code, result.out) == (2, "")
    assert "is one of the photos" in result.err
    assert contents(tree) == before


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_large_pictures_are_known_again_from_their_ends(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (600, 700, 3), dtype=np.uint8)
    photo = tmp_path / f"a{suffix}"
    Image.fromarray(noise).save(photo)
    out = tmp_path / "out"
    Saver(out, [photo]).write(photo, noise)
    assert (out / photo.name).stat().st_size > 2 * ENDS
    Saver(out, [photo]).write(photo, noise)
    shutil.copy(photo, out / photo.name)
    with pytest.raises(DestinationUnusable, match="was not written by masquerade"):
        Saver(out, [photo])


def test_a_file_that_cannot_be_read_is_not_replaced(
    masquerade: Run, tmp_path: Path, face: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out" / face.name
    target.parent.mkdir()
    target.write_bytes(b"secret")
    opened = Path.open

    def locked(path: Path, *rest: Any, **more: Any) -> Any:
        if path == target:  # as for one who is not root
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *rest, **more)

    monkeypatch.setattr(Path, "open", locked)
    result = masquerade("look", face, "--save", target.parent)
    assert (result.code, result.out) == (2, "")
    assert f"{target} cannot be read, to tell whether it may be replaced: Permission denied" in result.err
    assert result.err.endswith("[destination_unusable]\n")
    monkeypatch.undo()
    assert target.read_bytes() == b"secret"


def test_names_that_would_meet_are_kept_apart(masquerade: Run, tmp_path: Path, face: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    with Image.open(face) as photo:
        for name in ("a.bmp", "a.bmp.jpg", "a.jpg", "a.tif", "a.bmp.jpg.jpg"):
            photo.save(top / name)
    masquerade("look", top, "--save", tmp_path / "out")
    assert sorted(contents(tmp_path / "out")) == [
        "a.bmp.jpg",
        "a.bmp.jpg.jpg",
        "a.bmp.jpg.jpg.jpg",
        "a.jpg",
        "a.tif.jpg",
    ]


def test_folders_with_equal_names_are_kept_apart(masquerade: Run, tmp_path: Path, face: Path) -> None:
    for home in ("x", "y"):
        (tmp_path / home / "pictures").mkdir(parents=True)
        shutil.copy(face, tmp_path / home / "pictures" / "1.jpg")
    masquerade("look", tmp_path / "x" / "pictures", tmp_path / "y" / "pictures", "--save", tmp_path / "out")
    assert sorted(contents(tmp_path / "out")) == ["x/pictures/1.jpg", "y/pictures/1.jpg"]


def test_names_with_dots_stay_below_the_folder(
    masquerade: Run, tmp_path: Path, face: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    shutil.copy(face, tmp_path / "up.jpg")
    shutil.copy(face, tmp_path / "here" / "down.jpg")
    monkeypatch.chdir(tmp_path / "here")
    assert masquerade("look", "../up.jpg", "down.jpg", "--save", "out").code == 0
    assert sorted(contents(tmp_path / "here" / "out")) == ["here/down.jpg", "up.jpg"]


ONTO_ORIGINALS = [
    # the folder of the photos
    "photos",
    # the same by another way
    "photos/../photos",
    # through a link to the folder
    "link",
    # into a folder where the name leads back to the photo
    "links",
]


@pytest.mark.parametrize("target", ONTO_ORIGINALS)
def test_originals_are_never_written(masquerade: Run, tmp_path: Path, face: Path, target: str) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "links").mkdir()
    photo = tmp_path / "photos" / "a.jpg"
    shutil.copy(face, photo)
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    (tmp_path / "links" / "a.jpg").symlink_to(photo)
    result = masquerade("look", photo, "--save", tmp_path / target)
    assert result.code == 2
    assert result.err.endswith("[destination_unusable]\n")
    assert photo.read_bytes() == face.read_bytes()
    assert (tmp_path / "links" / "a.jpg").is_symlink()


def test_other_photos_are_never_written(masquerade: Run, tmp_path: Path, face: Path) -> None:
    # Cameras give the same names again in every folder.
    for year in ("2020", "2021"):
        (tmp_path / year).mkdir()
        shutil.copy(face, tmp_path / year / "IMG_001.jpg")
    result = masquerade("look", tmp_path / "2020", "--save", tmp_path / "2021")
    assert (result.code, result.out) == (2, "")
    assert "is there already and was not written by masquerade" in result.err
    assert (tmp_path / "2021" / "IMG_001.jpg").read_bytes() == face.read_bytes()


def test_a_photo_under_two_names_is_never_written(masquerade: Run, tmp_path: Path, face: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    shutil.copy(face, tmp_path / "out" / "a.jpg")
    (tmp_path / "in" / "a.jpg").symlink_to(tmp_path / "out" / "a.jpg")
    assert masquerade("look", tmp_path / "in" / "a.jpg", "--save", tmp_path / "out").code == 2
    assert (tmp_path / "out" / "a.jpg").read_bytes() == face.read_bytes()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_not_writable(masquerade: Run, tmp_path: Path, face: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    result = masquerade("look", face, "--save", tmp_path / "out")
    assert result.code == 2
    assert "[destination_unusable]" in result.err


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc, where nobody can write")
def test_a_place_where_nobody_can_write(masquerade: Run, face: Path) -> None:
    for option in ("--save", "--report"):
        result = masquerade("look", face, option, "/proc/nowhere/out")
        assert (result.code, result.out) == (2, "")
        assert "[destination_unusable]" in result.err


def test_a_file_in_the_way(masquerade: Run, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "two words").write_text("a file where a folder must be")
    result = masquerade("look", tree, "--save", tmp_path / "out")
    assert result.code == 2
    assert result.err.endswith("[destination_unusable]\n")


@pytest.fixture
def long(tmp_path: Path, blank: Path) -> Path:
    """A folder with two photos too long for the format they are saved in, before one that is not."""
    folder = tmp_path / "long"
    folder.mkdir()
    Image.fromarray(np.zeros((1, 65501, 3), np.uint8)).save(folder / "a.bmp")
    # Pillow goes by the content: a PNG in a name that is saved as WebP, which ends at 16383
    Image.fromarray(np.zeros((1, 16384, 3), np.uint8)).save(folder / "b.webp", "PNG")
    shutil.copy(blank, folder / "c.png")
    return folder


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_picture_too_long_to_save_does_not_stop_the_others(
    masquerade: Run, long: Path, tmp_path: Path, options: list[str]
) -> None:
    out, report = tmp_path / "out", tmp_path / "report.html"
    result = masquerade("look", *options, long, "--save", out, "--report", report)
    assert result.code == 1
    assert list(contents(out)) == ["c.png"]
    assert report.read_text(encoding="utf-8").count("<img ") == 3
    page, title, *rows = result.err.splitlines()
    assert page.startswith("report: ")
    assert title == "could not be saved (2):"
    starts = (
        f"  {long}/a.bmp: {out}/a.bmp.jpg cannot be written: 65501 x 1 pixels as JPEG: ",
        f"  {long}/b.webp: {out}/b.webp cannot be written: 16384 x 1 pixels as WEBP: ",
    )
    for row, start in zip(rows, starts, strict=True):
        assert row.startswith(start)
        assert row.endswith("[destination_unusable]")
    if options:
        assert [line["faces"] for line in result.lines] == [[], [], []]
    else:
        assert result.out.splitlines()[-1] == "3 of 3 photos read: no faces"


def test_a_full_disk_stops_at_once(
    masquerade: Run, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    result = masquerade("look", "--json", tree, "--save", tmp_path / "out")
    assert (result.code, len(result.lines)) == (2, 1)
    assert "No space left on device" in result.err


def test_saved_and_shown_is_annotated_once(
    masquerade: Run, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[object] = []

    def counted(image: NDArray[np.uint8], seen: Seen) -> NDArray[np.uint8]:
        drawn.append(seen)
        return annotate(image, seen)

    monkeypatch.setattr("masquerade.looking.annotate.annotate", counted)
    both = masquerade("look", tree, "--save", tmp_path / "out", "--report", tmp_path / "report.html")
    assert (both.code, len(drawn)) == (0, 6)
    assert masquerade("look", tree).code == 0
    assert len(drawn) == 6


def test_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "deep" / "a.txt"
    write_whole(target, b"first")
    write = Path.write_bytes

    def stopped(path: Path, content: bytes) -> int:
        write(path, content[:3])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_whole(target, b"second")
    assert contents(tmp_path) == {"deep/a.txt": b"first"}


def test_a_name_as_long_as_names_may_be(tmp_path: Path) -> None:
    write_whole(tmp_path / ("a" * 255), b"content")
    with pytest.raises(DestinationUnusable, match="name too long"):
        write_whole(tmp_path / ("a" * 256), b"content")
    assert len(contents(tmp_path)) == 1


def test_the_saver_refuses_before_any_work(tmp_path: Path, face: Path) -> None:
    with pytest.raises(DestinationUnusable, match="is one of the photos"):
        Saver(face.parent, [face])
    with pytest.raises(DestinationUnusable, match="File exists"):
        Saver(face, [face])


class Links(HTMLParser):
    """Collects what a page refers to, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href", "action", "srcset", "data"}]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_report_shows_every_photo(masquerade: Run, tree: Path, blank: Path, tmp_path: Path) -> None:
    shutil.copy(blank, tree / "<b>&amp;.png")
    (tree / '"><script>alert(1)<%2Fscript>.jpg').touch()
    target = tmp_path / "new folder" / "report.html"
    result = masquerade("look", tree, "--report", target)
    assert result.code == 1
    assert f"report: {target.as_uri()}\n" in result.err
    page = Links(target.read_text(encoding="utf-8"))
    assert page.tags.count("article") == 8
    assert page.tags.count("img") == 7
    assert all(link.startswith("data:image/jpeg;base64,") for link in page.links)
    assert "script" not in page.tags
    for name in ["a.jpg", "two words/ünï 🙂.png", "<b>&amp;.png", '"><script>alert(1)<%2Fscript>.jpg']:
        assert str(tree / name) in page.text
    assert "8 photos, 6 faces" in page.text
    assert "No face was found." in page.text
    assert "no bytes, expected a picture" in page.text


def test_the_report_refers_to_nothing_outside(masquerade: Run, face: Path, tmp_path: Path) -> None:
    masquerade("look", face, "--report", tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    text = re.sub(r"data:image/jpeg;base64,[A-Za-z0-9+/=]+", "", text)
    assert not re.search(r"https?:|//|url\(|@import|<link|<script|<iframe", text)


def test_a_report_is_written_anew(masquerade: Run, face: Path, blank: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    masquerade("look", face, "--report", target)
    masquerade("look", blank, "--report", target)
    text = target.read_text(encoding="utf-8")
    assert blank.name in text
    assert face.name not in text
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
