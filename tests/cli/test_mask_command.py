"""``masquerade mask``: words to wishes, folders and single pictures, what is printed, how it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from PIL import Image

from masquerade.cli import mask as module
from masquerade.cli.wishes import choice_of
from masquerade.errors import PlanInvalid
from masquerade.masks import KINDS, PATTERNS, WORN, Choice
from masquerade.masks.batch import Here, read_entries
from tests.cli.commands import Run

NONE: dict[str, Any] = {"kind": None, "colour": None, "pattern": None, "intensity": "1", "worn": None}
QUICK = ("--fast", "--kind", "surgical", "--workers", "1")

WISHES = [
    # nothing said
    ({}, Choice()),
    # any, alone or among others; several ways to say several; each once
    ({"kind": ["any"], "worn": ["any"]}, Choice(kinds=KINDS, worn=WORN)),
    ({"kind": ["gas, any"]}, Choice(kinds=KINDS)),
    ({"kind": ["n95,cloth", "n95", " gas "]}, Choice(kinds=("n95", "cloth", "gas"))),
    ({"worn": ["nose_out,chin_only"]}, Choice(worn=("nose_out", "chin_only"))),
    # colours by number and by name
    ({"colour": ["#A1b2C3,navy", "#fff"]}, Choice(colours=("#a1b2c3", "#000080", "#ffffff"))),
    ({"pattern": ["plain,dots", "floral"]}, Choice(patterns=("plain", "dots", "floral"))),
    # one number, a range
    ({"intensity": "0.25"}, Choice(intensity=(0.25, 0.25))),
    ({"intensity": ".5-1.0"}, Choice(intensity=(0.5, 1.0))),
    ({"intensity": "0"}, Choice(intensity=(0.0, 0.0))),
]


@pytest.mark.parametrize(("words", "choice"), WISHES)
def test_words_to_wishes(words: dict[str, Any], choice: Choice) -> None:
    assert choice_of(**{**NONE, **words}) == choice


def test_a_texture_is_a_path_that_may_hold_a_comma(tmp_path: Path) -> None:
    for name in ("red, blue.png", "b.png"):
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / name)
    first, second = str(tmp_path / "red, blue.png"), str(tmp_path / "b.png")
    choice = choice_of(**{**NONE, "pattern": [first, f"dots,{second}"]})
    assert choice == Choice(patterns=("dots", "texture"), textures=(first, second))


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"kind": ["crown"]}, PlanInvalid, "kinds: expected some of surgical"),
    ({"worn": ["backwards"]}, PlanInvalid, "worn: expected some of correctly"),
    ({"colour": ["reddish"]}, typer.BadParameter, "the name of a colour"),
    ({"pattern": ["zigzag"]}, typer.BadParameter, "neither a picture nor one of checks"),
    ({"pattern": ["texture"]}, typer.BadParameter, "neither a picture nor one of"),
    ({"intensity": "much"}, typer.BadParameter, "a number or low-high"),
    ({"intensity": "0.7-0.2"}, PlanInvalid, "0 <= low <= high <= 1"),
    ({"intensity": "2"}, PlanInvalid, "0 <= low <= high <= 1"),
    ({"intensity": "-1"}, typer.BadParameter, "a number or low-high"),
]


@pytest.mark.parametrize(("words", "kind", "message"), REFUSED)
def test_words_that_are_refused(words: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        choice_of(**{**NONE, **words})


def test_the_help_names_every_word(masquerade: Run) -> None:
    text = masquerade("mask", "--help").out
    for word in [*KINDS, *WORN, *(set(PATTERNS) - {"texture"})]:
        assert word in text


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker processes, which take longer to start than the work."""
    monkeypatch.setattr(module, "_engine", lambda *_: Here())


@pytest.fixture
def shots(tmp_path: Path, face: Path, blank: Path) -> Path:
    """Two photos with a face, one in a folder below, one without."""
    folder = tmp_path / "shots"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(face, folder / "a.jpg")
    shutil.copy(face, folder / "deep" / "c d.jpg")
    shutil.copy(blank, folder / "b.png")
    return folder


def test_a_folder(masquerade: Run, shots: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = masquerade("mask", shots, out, *QUICK)
    assert result.code == 0  # a photo without a face is no error
    assert result.out == f"2 of 3 photos masked, 2 of 2 faces: {out}/manifest.jsonl\n"
    assert result.err == f"failures (1): {out}/failures.jsonl\n"
    assert [entry["photo"] for entry in read_entries(out / "manifest.jsonl")] == ["a.jpg", "deep/c d.jpg"]


def test_options_reach_the_plan(masquerade: Run, shots: Path, tmp_path: Path, here: None) -> None:
    words = ["--kind", "cloth", "--colour", "teal", "--pattern", "dots", "--intensity", "0.5", "--worn", "nose_out"]
    more = ["--seed", "9", "--fast", "--pairs", "--labels", "coco"]
    assert masquerade("mask", shots, tmp_path / "out", *words, *more).code == 0
    for entry in read_entries(tmp_path / "out" / "manifest.jsonl"):
        (plan,) = entry["plan"]["masks"]
        assert (plan["kind"], plan["colour"], plan["worn"], plan["intensity"]) == ("cloth", "#008080", "nose_out", 0.5)
        assert plan["pattern"]["name"] == "dots"
        assert entry["effort"] == "frame"
    assert (tmp_path / "out" / "originals" / "a.jpg").read_bytes() == (shots / "a.jpg").read_bytes()
    assert len(json.loads((tmp_path / "out" / "labels" / "coco.json").read_bytes())["images"]) == 2


def test_unreadable_photos_are_exit_code_1(masquerade: Run, shots: Path, tmp_path: Path, here: None) -> None:
    (shots / "torn.jpg").write_bytes((shots / "a.jpg").read_bytes()[:900])
    result = masquerade("mask", shots, tmp_path / "out", *QUICK)
    assert result.code == 1
    assert result.err == f"failures (2, 1 of them errors): {tmp_path}/out/failures.jsonl\n"


def test_again_resumed_and_replayed(masquerade: Run, shots: Path, tmp_path: Path, here: None) -> None:
    out, again = tmp_path / "out", tmp_path / "again"
    masquerade("mask", shots, out, *QUICK)
    refused = masquerade("mask", shots, out, *QUICK)
    assert (refused.code, refused.out) == (2, "")
    assert "--resume goes on with it" in refused.err
    assert masquerade("mask", shots, out, *QUICK, "--resume").code == 0
    differs = masquerade("mask", shots, out, "--fast", "--kind", "gas", "--resume")
    assert (differs.code, differs.err.endswith("[job_differs]\n")) == (2, True)
    result = masquerade("mask", "--replay", out / "manifest.jsonl", again)
    assert (result.code, result.out, result.err) == (
        0,
        f"2 of 2 photos masked, 2 of 2 faces: {again}/manifest.jsonl\n",
        "",
    )
    assert (again / "manifest.jsonl").read_bytes() == (out / "manifest.jsonl").read_bytes()
    assert (again / "images" / "a.jpg").read_bytes() == (out / "images" / "a.jpg").read_bytes()
    (shots / "a.jpg").unlink()
    result = masquerade("mask", "--replay", out / "manifest.jsonl", "--source", shots, tmp_path / "less")
    assert result.code == 1
    assert "failures (1, 1 of them errors)" in result.err


def test_a_single_picture(masquerade: Run, face: Path, tmp_path: Path) -> None:
    result = masquerade("mask", face, tmp_path / "new" / "masked.png", "--kind", "n95", "--fast")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"{tmp_path}/new/masked.png: 1 of 1 faces masked: n95 #")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["masked.png"]
    with Image.open(tmp_path / "new" / "masked.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (136, 157))


def test_a_single_picture_is_what_a_job_gives(masquerade: Run, face: Path, tmp_path: Path) -> None:
    masquerade("mask", face, tmp_path / "one.jpg", "--fast", "--kind", "surgical")
    masquerade("mask", face, tmp_path / "out", *QUICK)
    assert (tmp_path / "one.jpg").read_bytes() == (tmp_path / "out" / "images" / face.name).read_bytes()


def test_a_single_photo_without_a_face(masquerade: Run, blank: Path, tmp_path: Path) -> None:
    result = masquerade("mask", blank, tmp_path / "a.jpg")
    assert (result.code, result.out) == (1, "")
    assert result.err == "blank.png: no face was found [no_face]\n"
    assert not (tmp_path / "a.jpg").exists()


SINGLE = [
    # the photo itself, a file that is there, a format that is not written
    ("{face}", "is one of the photos"),
    ("{there}", "is there already"),
    ("{top}/a.tiff", "expected one of .jpg"),
]


@pytest.mark.parametrize(("target", "message"), SINGLE)
def test_a_single_picture_takes_nobodys_place(
    masquerade: Run, face: Path, tmp_path: Path, target: str, message: str
) -> None:
    there = tmp_path / "there.jpg"
    there.write_bytes(b"somebody's")
    before = face.read_bytes()
    result = masquerade("mask", face, target.format(face=face, there=there, top=tmp_path))
    assert result.code == 2
    assert message in result.err
    assert result.err.endswith("[destination_unusable]\n")
    assert (face.read_bytes(), there.read_bytes()) == (before, b"somebody's")


USAGE = [
    # too few places, too many
    ["mask", "{face}"],
    ["mask", "{face}", "{top}/a", "{top}/b"],
    ["mask", "--replay", "m.jsonl", "{face}", "{top}/out"],
    # what the manifest answers
    ["mask", "--replay", "m.jsonl", "{top}/out", "--seed", "3"],
    ["mask", "--replay", "m.jsonl", "{top}/out", "--labels", "voc"],
    # what goes with other things only
    ["mask", "{face}", "{top}/out", "--source", "{top}"],
    ["mask", "{face}", "{top}/a.jpg", "--pairs"],
    ["mask", "{face}", "{top}/out", "--ray-address", "a:1"],
    # words that mean nothing
    ["mask", "{face}", "{top}/out", "--engine", "steam"],
    ["mask", "{face}", "{top}/out", "--workers", "0"],
    ["mask", "{face}", "{top}/out", "--intensity", "much"],
    ["mask", "{face}", "{top}/out", "--seed", "x"],
]


@pytest.mark.parametrize("words", USAGE)
def test_wrong_usage(masquerade: Run, face: Path, tmp_path: Path, words: list[str]) -> None:
    result = masquerade(*(word.format(face=face, top=tmp_path) for word in words))
    assert (result.code, result.out) == (2, "")
    assert "Usage: masquerade mask" in result.err
    assert list(tmp_path.iterdir()) == []


STOPS = [
    (["mask", "{top}/none", "{top}/out"], "image_not_found"),
    (["mask", "{top}/empty", "{top}/out"], "no_images"),
    (["mask", "{top}/in", "{top}/in/out"], "destination_unusable"),
    (["mask", "{top}/in", "{top}/in/a.jpg"], "destination_unusable"),
    (["mask", "{top}/in", "/dev/null/out"], "destination_unusable"),
    (["mask", "{top}/in", "{top}/out", "--labels", "yolo"], "plan_invalid"),
    (["mask", "{top}/in", "{top}/out", "--library", "{top}/none.json"], "library_invalid"),
    (["mask", "--replay", "{top}/none.jsonl", "{top}/out"], "manifest_invalid"),
]


@pytest.mark.parametrize(("words", "code"), STOPS)
def test_one_line_and_exit_code_2(
    masquerade: Run, face: Path, tmp_path: Path, words: list[str], code: str, here: None
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "in").mkdir()
    shutil.copy(face, tmp_path / "in" / "a.jpg")
    result = masquerade(*(word.format(top=tmp_path) for word in words))
    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert result.err.endswith(f" [{code}]\n")
    assert not (tmp_path / "out").exists()


def test_ray_is_an_extra(masquerade: Run, shots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    result = masquerade("mask", shots, tmp_path / "out", "--engine", "ray")
    assert result.code == 2
    assert "pip install -e '.[ray]'" in result.err
    assert not (tmp_path / "out").exists()


def test_names_that_would_steer_a_terminal_are_escaped(masquerade: Run, tmp_path: Path, blank: Path) -> None:
    name = "a\x1b[31m.png"
    shutil.copy(blank, tmp_path / name)
    result = masquerade("mask", tmp_path / name, tmp_path / "out\x1b.jpg")
    assert "\x1b" not in result.out + result.err
