"""``masquerade verify`` on the command line: answers, exit codes, JSON, the picture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from masquerade.errors import FacesInvalid
from masquerade.identity import calibrate, get_embedder
from masquerade.recognising import verifying
from masquerade.settings import get_settings
from tests.cli.commands import Run
from tests.identity.made import put_embedder
from tests.recognising.made import beside, masked_photo


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> Path:
    """A small embedder's file, named by the settings; its calibrations lie beside it."""
    folder = tmp_path / "model"
    folder.mkdir()
    path = put_embedder(folder)
    monkeypatch.setenv("MASQUERADE_IDENTITY_MODEL", str(path))
    rng = np.random.default_rng(0)
    for name, mean in (("low", 0.0), ("high", 1.2)):  # the tiny network tells nobody: the threshold decides
        scores = rng.normal(mean, 0.001, 5000)
        made = calibrate(scores, scores, set=f"{name} scores", model=get_embedder(str(path)).id)
        made.save(folder / f"{name}.json")
    monkeypatch.setenv("MASQUERADE_IDENTITY_CALIBRATION", str(folder / "low.json"))
    get_settings.cache_clear()
    return path


def test_the_same_person(masquerade: Run, tiny: Path, photos: list[Path]) -> None:
    result = masquerade("verify", photos[4], photos[4])
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == "same person"
    assert lines[1].startswith("  score 1.000 reaches the threshold of 0.0")
    assert lines[2] == "  FMR 0.001: 1 in 1,000 pairs of strangers reaches that threshold (low scores)"
    assert lines[3].startswith(f"  A  {photos[4]}, face at ")
    assert lines[3].endswith(": bare")


def test_not_the_same_person(masquerade: Run, tiny: Path, photos: list[Path]) -> None:
    result = masquerade("verify", photos[0], photos[1], "--calibration", tiny.parent / "high.json", "--fmr", "1e-2")
    assert (result.code, result.err) == (1, "")
    assert result.out.startswith("not the same person\n")
    assert "FMR 0.01: 1 in 100 pairs" in result.out


def test_it_says_which_wears_a_mask(masquerade: Run, tiny: Path, photos: list[Path], tmp_path: Path) -> None:
    masked = tmp_path / "masked.png"
    Image.fromarray(masked_photo("person_b_1")).save(masked)
    result = masquerade("verify", masked, photos[4])
    assert f"{masked}, face at" in result.out
    assert ": wears a mask (surgical)\n" in result.out
    assert ": bare; masks were drawn on it to compare like with like\n" in result.out


def test_json(masquerade: Run, tiny: Path, photos: list[Path], blank: Path) -> None:
    result = masquerade("verify", photos[4], photos[5], "--json")
    values = json.loads(result.out)
    assert list(values) == ["same", "score", "threshold", "fmr", "a", "b"]
    assert result.code == (0 if values["same"] else 1)
    assert values["fmr"] == 1e-3
    assert values["a"]["photo"] == str(photos[4])
    result = masquerade("verify", blank, photos[5], "--json")
    values = json.loads(result.out)
    assert (result.code, values["same"], values["score"], values["threshold"]) == (2, None, None, None)
    assert values["a"]["error"] == {"code": "no_face", "message": f"{blank}: {_message('no face was found')}"}
    assert values["b"]["masked"] is False


@pytest.mark.parametrize("step", ["usable_faces", "read_templates"])
def test_points_that_fall_together_give_json(
    masquerade: Run, tiny: Path, photos: list[Path], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    inner = getattr(verifying, step)
    calls: list[object] = []

    def refuse_second(*given: object, **options: object) -> object:
        calls.append(given)
        if len(calls) == 2:
            raise FacesInvalid("points: expected five key points apart from each other")
        return inner(*given, **options)

    monkeypatch.setattr(verifying, step, refuse_second)
    result = masquerade("verify", photos[4], photos[5], "--json")
    values = json.loads(result.out)
    assert (result.code, values["same"], values["score"]) == (2, None, None)
    assert values["a"]["error"] is None and values["a"]["box"] is not None
    assert values["b"]["error"]["code"] == "faces_invalid" and values["b"]["box"] is None
    assert "masquerade: B: points: expected five" in result.err


def _message(text: str) -> str:
    return f"{text} (the face should be upright, and 16 pixels or more)"


def test_could_not_tell(masquerade: Run, tiny: Path, photos: list[Path], blank: Path, tmp_path: Path) -> None:
    picture = tmp_path / "side.png"
    result = masquerade("verify", photos[4], blank, "--save", picture)
    assert result.code == 2
    assert result.out.startswith("could not tell\n")
    assert f"masquerade: B: {blank}: no face was found" in result.err
    assert "[no_face]" in result.err
    assert not picture.exists()
    result = masquerade("verify", "nowhere.jpg", blank)
    assert (result.code, result.err.count("masquerade: ")) == (2, 2)
    assert "[image_not_found]" in result.err


def test_several_faces(masquerade: Run, tiny: Path, photos: list[Path], tmp_path: Path) -> None:
    two = tmp_path / "two.png"
    Image.fromarray(beside(*(np.asarray(Image.open(photos[place])) for place in (0, 1)))).save(two)
    result = masquerade("verify", two, photos[0])
    assert result.code == 2
    assert "[several_faces]" in result.err
    assert masquerade("verify", two, photos[0], "--faces", "largest").code in {0, 1}


@pytest.mark.parametrize(("name", "kind"), [("side.png", "PNG"), ("side.jpg", "JPEG"), ("new/side.JPEG", "JPEG")])
def test_a_picture(masquerade: Run, tiny: Path, photos: list[Path], tmp_path: Path, name: str, kind: str) -> None:
    target = tmp_path / name
    result = masquerade("verify", photos[2], photos[3], "--save", target)
    assert result.code in {0, 1}
    assert f"picture: {target}" in result.err
    with Image.open(target) as picture:
        assert (picture.format, picture.width) == (kind, 880)
    before = target.read_bytes()
    result = masquerade("verify", photos[2], photos[3], "--save", target)
    assert (result.code, result.out) == (2, "")
    assert "is there already" in result.err
    assert target.read_bytes() == before


WRONG = [
    (["--save", "side.gif"], "expected one of .jpg"),
    (["--fmr", "1e-9"], "[calibration_too_small]"),
    (["--fmr", "2"], "expected a rate between 0 and 1"),
    (["--faces", "all"], "expected one of one, largest"),
    (["--calibration", "nowhere.json"], "[calibration_invalid]"),
    (["--model", "nowhere"], "[model_unknown]"),
    (["--model", "wearing"], "of the task face-identity"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_what_cannot_be_done(
    masquerade: Run, tiny: Path, photos: list[Path], options: list[str], message: str, tmp_path: Path
) -> None:
    result = masquerade("verify", photos[0], photos[1], *options)
    assert (result.code, result.out) == (2, "")
    assert message in " ".join(result.err.replace("│", " ").split())


def test_it_keeps_nothing(
    masquerade: Run, tiny: Path, photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.setenv("HOME", str(empty))
    masquerade("verify", photos[0].resolve(), photos[1].resolve())
    assert list(empty.rglob("*")) == []
