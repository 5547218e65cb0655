"""``masquerade look``: what it prints, what it says of files that it cannot read, how it ends."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from PIL import Image

from masquerade.image import sources
from tests.cli.commands import SCHEMA, VALIDATOR, Result, Run


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


SEEN = {
    "photo": "a.jpg",
    "width": 8,
    "height": 9,
    "faces": [
        {
            "box": [-1.5, 0, 3, 4.5],
            "score": 0.5,
            "points": [[1, 2]] * 5,
            "pose": {"yaw": 1, "pitch": -2, "roll": 0.5},
            "wearing": {
                "label": "incorrect",
                "probabilities": {"with_mask": 0.1, "without_mask": 0.2, "incorrect": 0.7},
                "visible": ["nose"],
                "kind": "cloth",
            },
        }
    ],
}
FAILED = {"photo": "a.jpg", "error": {"code": "image_empty", "message": "a.jpg: no bytes"}}


def changed(value: Any, *path: str | int, to: Any) -> Any:
    copy = json.loads(json.dumps(value))
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return copy


def test_the_schema_takes_what_it_should() -> None:
    VALIDATOR.validate(SEEN)
    VALIDATOR.validate(FAILED)
    VALIDATOR.validate(changed(SEEN, "faces", to=[]))


WRONG = [
    # another field, at each level
    changed(SEEN, "more", to=1),
    changed(SEEN, "faces", 0, "more", to=1),
    changed(SEEN, "faces", 0, "pose", "more", to=1),
    changed(SEEN, "faces", 0, "wearing", "more", to=1),
    changed(FAILED, "error", "more", to=1),
    # both of what excludes the other
    {**SEEN, **FAILED},
    # a field missing
    {"photo": "a.jpg"},
    changed(FAILED, "error", to={"code": "image_empty"}),
    # values out of range or of another kind
    changed(SEEN, "width", to=0),
    changed(SEEN, "height", to=1.5),
    changed(SEEN, "faces", 0, "box", to=[1, 2, 3]),
    changed(SEEN, "faces", 0, "score", to=1.1),
    changed(SEEN, "faces", 0, "points", to=[[1, 2]] * 4),
    changed(SEEN, "faces", 0, "points", 0, to=[1, 2, 3]),
    changed(SEEN, "faces", 0, "pose", "yaw", to=181),
    changed(SEEN, "faces", 0, "wearing", "label", to="unknown"),
    changed(SEEN, "faces", 0, "wearing", "probabilities", to={"with_mask": 1}),
    changed(SEEN, "faces", 0, "wearing", "visible", to=["nose", "nose"]),
    changed(SEEN, "faces", 0, "wearing", "visible", to=["ear"]),
    # what shows contradicts the label
    changed(SEEN, "faces", 0, "wearing", "label", to="with_mask"),
    changed(SEEN, "faces", 0, "wearing", "kind", to="paper"),
    changed(FAILED, "error", "code", to="Image Empty"),
]


@pytest.mark.parametrize("line", WRONG)
def test_the_schema_refuses(line: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(line)


@pytest.fixture
def shots(tmp_path: Path, face: Path, blank: Path) -> Path:
    """A folder: two photos with a face, one in a folder below, and one without."""
    folder = tmp_path / "shots"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(face, folder / "a.jpg")
    shutil.copy(face, folder / "deep" / "c.jpg")
    shutil.copy(blank, folder / "b.png")
    return folder


def test_a_photo_as_a_table(masquerade: Run, face: Path) -> None:
    result = masquerade("look", face)
    assert result.code == 0
    assert result.err == ""
    title, head, row = result.out.splitlines()
    assert title == f"{face}  136 x 157: 1 face"
    assert head.split() == ["box", "score", "wearing", "sure", "why", "yaw", "pitch", "roll"]
    assert row.split()[0] == "1"
    # every cell stands below its heading
    for name in ("box", "score", "wearing", "why", "yaw", "roll"):
        assert row[head.index(name) - 1] == " " != row[head.index(name)]


def test_a_photo_as_json(masquerade: Run, face: Path) -> None:
    result = masquerade("look", "--json", face)
    (line,) = result.lines
    assert (result.code, result.err) == (0, "")
    assert (line["photo"], line["width"], line["height"]) == (str(face), 136, 157)
    (seen,) = line["faces"]
    x0, y0, x1, y1 = seen["box"]
    assert 0 < x0 < x1 < 136
    assert 0 < y0 < y1 < 157
    right_eye, left_eye, nose, *_ = seen["points"]
    assert x0 < right_eye[0] < nose[0] < left_eye[0] < x1
    assert sum(seen["wearing"]["probabilities"].values()) == pytest.approx(1, abs=2e-4)


def test_bare_faces_are_called_so(masquerade: Run, samples: Path) -> None:
    result = masquerade("look", "--json", samples)
    assert len(result.lines) == 6
    for line in result.lines:
        (seen,) = line["faces"]
        assert (line["photo"], seen["wearing"]["label"]) == (line["photo"], "without_mask")
        assert seen["wearing"]["visible"] == ["nose", "mouth", "chin"]


def test_no_face_is_an_answer(masquerade: Run, blank: Path) -> None:
    assert masquerade("look", blank) == Result(0, f"{blank}  96 x 64: no face was found\n", "")
    result = masquerade("look", "--json", blank)
    assert (result.code, result.lines) == (0, [{"photo": str(blank), "width": 96, "height": 64, "faces": []}])


NAMED: list[tuple[Callable[[Path], list[str]], list[str]]] = [
    # a folder
    (lambda top: [str(top)], ["a.jpg", "b.png", "deep/c.jpg"]),
    # a pattern that no shell has opened
    (lambda top: [f"{top}/**/*.jpg"], ["a.jpg", "deep/c.jpg"]),
    # several, in the order named, each once
    (lambda top: [f"{top}/deep", f"{top}/a.jpg", f"{top}/deep/c.jpg"], ["deep/c.jpg", "a.jpg"]),
]


@pytest.mark.parametrize(("named", "expected"), NAMED)
def test_folders_and_patterns(
    masquerade: Run, shots: Path, named: Callable[[Path], list[str]], expected: list[str]
) -> None:
    result = masquerade("look", "--json", *named(shots))
    assert result.code == 0
    assert [line["photo"] for line in result.lines] == [str(shots / name) for name in expected]


def test_several_end_in_a_sum(masquerade: Run, shots: Path) -> None:
    result = masquerade("look", shots)
    assert result.out.splitlines()[-1].startswith("3 of 3 photos read: 2 ")
    assert result.err == ""


def test_fast_is_one_pass(masquerade: Run, face: Path) -> None:
    assert len(masquerade("look", "--json", "--fast", face).lines[0]["faces"]) == 1


@pytest.fixture
def bad(tmp_path: Path, face: Path) -> Path:
    """A folder with a photo between files that cannot be read."""
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "a cut.jpg").write_bytes(face.read_bytes()[:1500])
    (folder / "b text.jpg").write_text("no picture at all, but a name that says so\n" * 20)
    (folder / "c empty.png").touch()
    shutil.copy(face, folder / "d good.jpg")
    return folder


CODES = ["image_damaged", "image_format_unknown", "image_empty"]


def test_unreadable_files_are_listed_at_the_end(masquerade: Run, bad: Path) -> None:
    result = masquerade("look", bad, bad / "missing.jpg")
    assert result.code == 1
    assert "d good.jpg  136 x 157: 1 face" in result.out
    assert result.out.splitlines()[-1].startswith("1 of 5 photos read: 1 ")
    title, *rows = result.err.splitlines()
    assert title == "could not be read (4):"
    assert [row.rpartition("[")[2] for row in rows] == [f"{code}]" for code in [*CODES, "image_not_found"]]
    for row, name in zip(rows, ["a cut.jpg", "b text.jpg", "c empty.png", "missing.jpg"], strict=True):
        assert row.startswith(f"  {bad / name}: ")
        assert row.count(name) == 1


def test_unreadable_files_are_json_lines(masquerade: Run, bad: Path) -> None:
    result = masquerade("look", "--json", bad)
    assert (result.code, result.err) == (1, "")
    assert [line.get("error", {}).get("code") for line in result.lines] == [*CODES, None]


def test_heic_without_its_extra_is_no_reason_to_stop(
    masquerade: Run, tmp_path: Path, face: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heif = pytest.importorskip("pillow_heif")
    with Image.open(face) as photo:
        heif.from_pillow(photo).save(tmp_path / "a.heic")
    shutil.copy(face, tmp_path / "b.jpg")
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    result = masquerade("look", "--json", tmp_path)
    assert result.code == 1
    assert result.lines[0]["error"]["code"] == "extra_missing"
    assert len(result.lines[1]["faces"]) == 1


STOPS = [
    # a folder without pictures
    (["{top}/none"], "no_images"),
    # a pattern that matches nothing
    (["{top}/*.webp"], "no_images"),
    # nothing at all
    ([""], "no_images"),
    # a place to save that is a file
    (["{face}", "--save", "{face}"], "destination_unusable"),
    # or stands below a file
    (["{face}", "--save", "{face}/below"], "destination_unusable"),
    (["{face}", "--report", "{face}/report.html"], "destination_unusable"),
    # a report that is a folder, or one of the photos
    (["{face}", "--report", "{top}/none"], "destination_unusable"),
    (["{face}", "--report", "{face}"], "destination_unusable"),
    (["{face}", "--report", "."], "destination_unusable"),
    (["{face}", "--report", "/"], "destination_unusable"),
    (["{face}", "--report", "{top}/new/.."], "destination_unusable"),
]


@pytest.mark.parametrize(("words", "code"), STOPS)
def test_nothing_to_do_is_one_line_and_exit_code_2(
    masquerade: Run, tmp_path: Path, face: Path, words: list[str], code: str
) -> None:
    (tmp_path / "none").mkdir()
    before = face.read_bytes()
    result = masquerade("look", *(word.format(top=tmp_path, face=face) for word in words))
    assert (result.code, result.out) == (2, "")  # nothing was looked at
    assert result.err.startswith("masquerade: ")
    assert result.err.endswith(f" [{code}]\n")
    assert result.err.count("\n") == 1
    assert face.read_bytes() == before


def test_a_missing_file(masquerade: Run, tmp_path: Path) -> None:
    result = masquerade("look", tmp_path / "missing.jpg")
    assert (result.code, result.out) == (1, "")
    assert "[image_not_found]" in result.err


@pytest.mark.parametrize("words", [["look"], ["look", "--nope", "a.jpg"], ["gaze"]])
def test_wrong_usage_is_exit_code_2(masquerade: Run, words: list[str]) -> None:
    result = masquerade(*words)
    assert result.code == 2
    assert "Usage: masquerade" in result.err


def test_names_that_would_steer_a_terminal_are_escaped(masquerade: Run, tmp_path: Path, blank: Path) -> None:
    name = "a\x1b[31m\n\u202egnp.png"
    shutil.copy(blank, tmp_path / name)
    result = masquerade("look", tmp_path, tmp_path / "b\x1b.jpg")
    assert result.out.splitlines()[0] == f"{tmp_path}/a\\x1b[31m\\n\\u202egnp.png  96 x 64: no face was found"
    assert not {"\x1b", "\u202e"} & set(result.out + result.err)
    assert masquerade("look", "--json", tmp_path).lines[0]["photo"] == str(tmp_path / name)


def test_a_file_that_vanishes_while_others_are_looked_at(
    masquerade: Run, shots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = sources.read_bytes

    def vanishing(source: object, *rest: Any) -> tuple[bytes, str]:
        (shots / "deep" / "c.jpg").unlink(missing_ok=True)
        return read(source, *rest)

    monkeypatch.setattr("masquerade.image.decode.read_bytes", vanishing)
    result = masquerade("look", "--json", shots)
    assert result.code == 1
    assert [line.get("error", {}).get("code") for line in result.lines] == [None, None, "image_not_found"]
