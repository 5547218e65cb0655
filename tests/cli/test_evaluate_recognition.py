"""``masquerade evaluate recognition`` and ``masquerade calibrate``: JSON, page, exit codes, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from masquerade.identity import Calibration, calibrate
from tests.cli.commands import Run
from tests.evaluation.recognition.made_people import put_mfr2
from tests.identity.made import put_embedder


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set in MFR2's layout."""
    return put_mfr2(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small embedder."""
    return put_embedder(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of templates that the first command writes, and the others read."""
    return tmp_path_factory.mktemp("templates") / "t.npz"


def test_mfr2(masquerade: Run, people: Path, model: Path, templates: Path, tmp_path: Path) -> None:
    words = ["--protocol", "mfr2", "--data", people, "--model", model, "--rounds", "20", "--templates", templates]
    done = masquerade("evaluate", "recognition", *words, "--json", "--out", tmp_path / "out")
    assert done.code == 1, done.err  # a photo has no face
    result = json.loads(done.out)
    assert result == json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert result["protocol"] == "mfr2"
    assert result["groups"]["masked-bare"]["trials"] == 10
    assert result["groups"]["all pairs"]["failed_genuine"] == 1
    assert [one["code"] for one in result["failed"]] == ["no_face"]
    assert result["groups"]["all pairs"]["rates"][0]["tar"] is None
    assert "takes 300" in result["no_threshold"]["0.01"]
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "masked-bare" in page
    again = masquerade("evaluate", "recognition", *words, "--out", tmp_path / "out")
    assert again.code == 2
    assert "holds" in again.err


def test_text(masquerade: Run, people: Path, model: Path, templates: Path) -> None:
    words = ["--protocol", "mfr2", "--data", people, "--model", model, "--rounds", "0", "--templates", templates]
    done = masquerade("evaluate", "recognition", *words)
    for text in ("masked-bare", "equal error rate", "TAR at FAR 0.001", "too few trials", "1 no_face", "rank-1"):
        assert text in done.out


def test_pairs_and_folders(masquerade: Run, people: Path, model: Path, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text(
        "photo_a,photo_b,same\nMacron/Macron_0001.png,Obama/Obama_0001.png,0\nObama/Obama_0001.png,Obama/Obama_0002.png,1\n"
    )
    words = ["--model", model, "--rounds", "0", "--json"]
    done = masquerade(
        "evaluate", "recognition", "--protocol", "pairs", "--data", tmp_path / "pairs.csv", "--root", people, *words
    )
    assert done.code == 0, done.err
    result = json.loads(done.out)
    assert result["masked_by"] == "the wearing model"
    assert result["groups"]["masked-bare"]["trials"] == 1
    assert result["rank1"] == []
    done = masquerade("evaluate", "recognition", "--protocol", "folders", "--data", people, "--limit", "4", *words)
    assert json.loads(done.out)["pairs"] == 4


BAD = [
    # words, exit code, what the message says
    (["--protocol", "ijb"], 2, "expected lfw, mfr2, pairs or folders"),
    (["--protocol", "lfw", "--mask", "all"], 2, "expected none, probe, gallery or both"),
    (["--protocol", "lfw", "--kind", "balaclava"], 2, "kinds: expected some of surgical"),
    (["--protocol", "lfw", "--root", "."], 2, "goes with --protocol pairs"),
    (["--protocol", "lfw", "--faces", "all"], 2, "expected central or largest"),
    (["--protocol", "lfw"], 2, "[data_missing]"),
    (["--protocol", "folders", "--model", "gone"], 2, "[model_unknown]"),
]


@pytest.mark.parametrize(("words", "code", "said"), BAD)
def test_bad_words(masquerade: Run, model: Path, tmp_path: Path, words: list[str], code: int, said: str) -> None:
    chosen = [] if "--model" in words else ["--model", str(model)]
    done = masquerade("evaluate", "recognition", "--data", tmp_path, *chosen, *words)
    assert done.code == code
    assert said in " ".join(done.err.replace("│", " ").split())


def test_pairs_file_that_names_an_absent_photo(masquerade: Run, model: Path, tmp_path: Path) -> None:
    file = tmp_path / "pairs.csv"
    file.write_text("photo_a,photo_b,same\na.jpg,b.jpg,1\n")
    done = masquerade("evaluate", "recognition", "--protocol", "pairs", "--data", file, "--model", model)
    assert done.code == 2
    assert "pairs.csv:2: photo_a: no photo 'a.jpg'" in done.err
    assert "[label_invalid]" in done.err


def test_an_error_leaves_no_folder(
    masquerade: Run, people: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "new" / "out"
    words = ["--model", model, "--out", out]
    done = masquerade("evaluate", "recognition", "--protocol", "folders", "--data", tmp_path / "gone", *words)
    assert done.code == 2
    (tmp_path / "t.npz").write_bytes(b"PK no")  # an error of the work itself
    words += ["--templates", tmp_path / "t.npz"]
    done = masquerade("evaluate", "recognition", "--protocol", "mfr2", "--data", people, *words)
    assert "[templates_invalid]" in done.err
    assert not out.parent.exists()
    out.mkdir(parents=True)
    (out / "mine.txt").touch()
    done = masquerade("evaluate", "recognition", "--protocol", "mfr2", "--data", people, *words)
    assert "holds mine.txt already" in done.err
    assert list(out.iterdir()) == [out / "mine.txt"]


@pytest.mark.parametrize("content", ["{}", None])
def test_a_wrong_calibration_of_the_settings_is_no_missing_one(
    masquerade: Run,
    people: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fresh_settings: None,
    content: str | None,
) -> None:
    file = tmp_path / "calibration.json"
    if content is None:
        calibrate(np.arange(10) / 10, np.arange(10) / 10, set="others", model="other@0123456789ab").save(file)
    else:
        file.write_text(content)
    monkeypatch.setenv("MASQUERADE_IDENTITY_CALIBRATION", str(file))
    done = masquerade("evaluate", "recognition", "--protocol", "mfr2", "--data", people, "--model", model)
    assert done.code == 2
    assert f"{file}: " in done.err
    assert "[calibration_invalid]" in done.err


def many_people(root: Path, people: Path, count: int) -> Path:
    """Photos of one face in many colours: strangers that look alike serve to count pairs."""
    with Image.open(people / "Obama" / "Obama_0001.png") as photo:
        pixels = np.asarray(photo.resize((110, 137)))
    for index in range(count):
        folder = root / f"person {index}"
        folder.mkdir(parents=True)
        shift = np.random.default_rng(index).integers(-20, 20, 3)
        Image.fromarray(np.clip(pixels + shift, 0, 255).astype(np.uint8)).save(folder / "1.png")
    (root / "nobody").mkdir()
    return root


def test_calibrate(masquerade: Run, people: Path, model: Path, tmp_path: Path) -> None:
    folder = many_people(tmp_path / "set", people, 8)
    out = tmp_path / "calibration.json"
    words = ["--model", model, "--fmr", "0.15", "--seed", "1"]
    done = masquerade("calibrate", folder, "--out", out, *words)
    assert done.code == 0, done.err
    assert "1 identities have no photo" in done.err
    found = Calibration.load(out)
    assert found.bare.pairs == 28  # 8 * 7 / 2
    assert found.masked.pairs == 28
    assert found.set.startswith("set: 8 identities, 8 photos; masks drawn (surgical")
    assert found.model.startswith("tiny@")
    assert "impostor pairs: 28 bare; masked: 28 drawn, 0 real" in done.out
    again = masquerade("calibrate", folder, "--out", out, *words)
    assert again.code == 2
    assert "is there already" in again.err


def test_calibrate_refuses_small_sets(masquerade: Run, people: Path, model: Path, tmp_path: Path) -> None:
    folder = many_people(tmp_path / "set", people, 4)
    out = tmp_path / "calibration.json"
    done = masquerade("calibrate", folder, "--out", out, "--model", model)
    assert done.code == 2
    assert not out.exists()
    # 78 * 77 / 2 = 3003
    assert "bare pairs are 6 impostor trials; a false match rate of 0.001 takes 3,000" in done.err
    assert "78 identities with one photo each" in done.err
    assert "[calibration_too_small]" in done.err
    done = masquerade("calibrate", folder, "--out", out, "--model", model, "--mask", "real", "--fmr", "0.5")
    assert "masked pairs are 0 impostor trials" in done.err
