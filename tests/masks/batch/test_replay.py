"""Made again from the manifest: the same bytes; what differs is said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from masquerade.errors import DestinationUnusable, JobDiffers, LibraryInvalid, ManifestInvalid
from masquerade.masks.batch import Here, replay_job, run_job
from tests.masks.batch.made import contents, lines, run, small
from tests.masks.library.made import entry, written


def test_the_same_bytes_again(done: Path, tmp_path: Path) -> None:
    summary = run_job(replay_job(done / "manifest.jsonl", tmp_path / "out"), Here())
    again, first = contents(tmp_path / "out"), contents(done)
    assert again.pop("failures.jsonl") == b""  # photos without a mask are not in the manifest
    del first["failures.jsonl"]
    assert again == first
    assert (summary.photos, summary.masked, summary.trouble) == (6, 6, 0)


def test_photos_that_moved(done: Path, shots: Path, tmp_path: Path) -> None:
    shutil.copytree(shots, tmp_path / "moved")
    run_job(replay_job(done / "manifest.jsonl", tmp_path / "out", tmp_path / "moved"), Here())
    assert lines(tmp_path / "out" / "manifest.jsonl")[1:] == lines(done / "manifest.jsonl")[1:]
    assert lines(tmp_path / "out" / "manifest.jsonl")[0]["source"] == str(tmp_path / "moved")


def test_photos_that_changed_or_are_gone(done: Path, shots: Path, photos: list[Path], tmp_path: Path) -> None:
    shutil.copytree(shots, tmp_path / "in")
    small(photos[5], tmp_path / "in" / "a.jpg")
    (tmp_path / "in" / "d.bmp").unlink()
    summary = run_job(replay_job(done / "manifest.jsonl", tmp_path / "out", tmp_path / "in"), Here())
    changed, gone = lines(tmp_path / "out" / "failures.jsonl")
    assert (changed["photo"], changed["code"]) == ("a.jpg", "source_differs")
    assert (gone["photo"], gone["code"]) == ("d.bmp", "image_not_found")
    assert (summary.masked, summary.trouble) == (4, 2)
    assert not (tmp_path / "out" / "images" / "a.jpg").exists()


def edited(done: Path, place: Path, edit: Callable[[dict[str, Any]], object]) -> Path:
    """A copy of the manifest with its second photo edited, or its header where that has a job."""
    rows = lines(done / "manifest.jsonl")
    for row in rows[:3:2]:
        edit(row)
    path = place / "edited.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


def test_bytes_that_differ(done: Path, tmp_path: Path) -> None:
    def edit(row: dict[str, Any]) -> None:
        if "image" in row:
            row["image"]["sha256"] = "0" * 64

    summary = run_job(replay_job(edited(done, tmp_path, edit), tmp_path / "out"), Here())
    (line,) = lines(tmp_path / "out" / "failures.jsonl")
    assert (line["photo"], line["code"]) == ("b.v2 (1).JPEG", "replay_differs")
    assert line["message"].startswith("image: SHA-256 ")
    assert (summary.masked, summary.trouble) == (6, 1)


def test_a_photo_that_gets_no_mask_any_more(done: Path, tmp_path: Path) -> None:
    def edit(row: dict[str, Any]) -> None:
        if "plan" in row:
            (mask,) = row["plan"]["masks"]
            row["plan"]["masks"] = []
            row["plan"]["skipped"] = [{"face": mask["face"], "code": "pose_too_far", "reason": "edited"}]

    summary = run_job(replay_job(edited(done, tmp_path, edit), tmp_path / "out"), Here())
    codes = [line["code"] for line in lines(tmp_path / "out" / "failures.jsonl")]
    assert codes == ["all_faces_skipped", "replay_differs", "replay_differs", "replay_differs"]
    assert (summary.masked, summary.trouble) == (5, 3)


def put(*path: str, to: Any) -> Callable[[dict[str, Any]], None]:
    """Set a value of the row that has the first key."""

    def edit(row: dict[str, Any]) -> None:
        if path[0] in row:
            for key in path[:-1]:
                row = row[key]
            row[path[-1]] = to

    return edit


BROKEN = [
    # another version, of the manifest and what is in it
    (put("manifest", to=2), "version 2, expected 1"),
    (put("job", "choice", to={"kinds": ["crown"]}), "no job of this version"),
    (put("job", "labels", to="yolo"), "no job of this version"),
    (put("job", to=None), "no job of this version"),
    (put("source", to=7), "no source|lacks|int"),
    # names that lead out of the folders
    (put("photo", to="../a.jpg"), "no path below a folder"),
    (put("photo", to="/etc/passwd"), "no path below a folder"),
    (put("image", "path", to="images/../../a.jpg"), "no path below a folder"),
    (put("mask", "path", to=""), "no path below a folder"),
    (put("labels", "path", to="x\0"), "no path below a folder"),
    # names of the job's own files, and formats that are not written
    (put("labels", "path", to=".progress.jsonl"), "below labels/"),
    (put("image", "path", to="masks/a.jpg"), "below images/"),
    (put("image", "path", to="images/a.txt"), "no format"),
    # fields that are not what they were
    (put("image", to=None), "b.v2"),
    (put("job", "library", to=5), "expected paths"),
    (put("job", "library", to="a\0"), "expected paths"),
    (put("job", "choice", "textures", to=[5]), "expected paths"),
]


@pytest.mark.parametrize(("edit", "message"), BROKEN)
def test_broken_manifests_are_refused(
    done: Path, tmp_path: Path, edit: Callable[[dict[str, Any]], None], message: str
) -> None:
    with pytest.raises(ManifestInvalid, match=message):
        replay_job(edited(done, tmp_path, edit), tmp_path / "out")


FILES = [
    # empty, no JSON, no header, no lines, a line that is torn
    (b"", "empty, expected a manifest"),
    (b"\xff\xd8\xff", "line 1"),
    (b'{"photo": "a.jpg"}\n', "no header"),
    (b"[]\n", "no header"),
]


@pytest.mark.parametrize(("content", "message"), FILES)
def test_files_that_are_no_manifest(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "m.jsonl").write_bytes(content)
    with pytest.raises(ManifestInvalid, match=message):
        replay_job(tmp_path / "m.jsonl", tmp_path / "out")


def test_torn_and_missing_manifests(done: Path, tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_bytes((done / "manifest.jsonl").read_bytes()[:-30])
    with pytest.raises(ManifestInvalid, match="line 7"):
        replay_job(tmp_path / "m.jsonl", tmp_path / "out")
    with pytest.raises(ManifestInvalid, match="No such file"):
        replay_job(tmp_path / "none.jsonl", tmp_path / "out")


def test_over_the_first_job_or_its_photos(done: Path, shots: Path) -> None:
    with pytest.raises(DestinationUnusable, match="holds a job already"):
        run_job(replay_job(done / "manifest.jsonl", done), Here())
    with pytest.raises(DestinationUnusable, match="inside the source"):
        replay_job(done / "manifest.jsonl", shots / "out")


def test_a_replay_is_resumed(done: Path, tmp_path: Path) -> None:
    job = replay_job(done / "manifest.jsonl", tmp_path / "out")
    run_job(job, Here())
    (tmp_path / "out" / "images" / "a.jpg").unlink()
    run_job(job, Here(), resume=True)
    assert (tmp_path / "out" / "images" / "a.jpg").read_bytes() == (done / "images" / "a.jpg").read_bytes()


def test_a_replay_does_not_resume_a_job_of_other_photos(done: Path, crowd: Path, tmp_path: Path) -> None:
    run(crowd, tmp_path / "out", pairs=True)
    with pytest.raises(JobDiffers, match="source"):
        run_job(replay_job(done / "manifest.jsonl", tmp_path / "out"), Here(), resume=True)


def test_another_library(done: Path, tmp_path: Path) -> None:
    (tmp_path / "library.json").write_text("{}")
    with pytest.raises(LibraryInvalid, match="no library"):
        replay_job(done / "manifest.jsonl", tmp_path / "out", library=tmp_path / "library.json")
    other = written(tmp_path / "other", [entry("0001").to_dict()])
    with pytest.raises(LibraryInvalid, match="is not the library that"):
        replay_job(done / "manifest.jsonl", tmp_path / "out", library=other)
    with pytest.raises(LibraryInvalid, match="No such file"):
        replay_job(done / "manifest.jsonl", tmp_path / "out", library=tmp_path / "none.json")
