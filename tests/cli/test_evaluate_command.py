"""``masquerade evaluate wearing``: what is said, what is left out, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from masquerade.datasets.splits import Split
from tests.cli.commands import Run
from tests.evaluation.made_sets import boxed_set, folder_set, wearing_copy


@pytest.fixture
def data(tmp_path: Path, photos: list[Path]) -> Path:
    """A folder a class."""
    return folder_set(tmp_path / "made", photos)


def test_text(masquerade: Run, data: Path) -> None:
    result = masquerade("evaluate", "wearing", "--data", data, "--confidence", "0.5")
    assert (result.code, result.err) == (0, "")
    for words in (
        "3 faces of 4 photos, boxes as drawn",
        "0 of 4 photos left out, of the sets that the model was trained on, outside its test part. It was not",
        "Not found by the detector, and not in the measures: 1 with_mask.",
        "no face is labelled incorrect",
        "correct                                 2 of 3",
        "recall of incorrect                     -",
        "Below a confidence of 0.5 it abstains on 0.0 %",
    ):
        assert words in result.out, words


def test_json_and_page(masquerade: Run, data: Path, tmp_path: Path) -> None:
    save = tmp_path / "pages" / "one.html"
    result = masquerade("evaluate", "wearing", "--data", data, "--json", "--save", save, "--confidence", "0.6")
    told: dict[str, Any] = json.loads(result.out)
    assert result.code == 0
    assert told["photos_of_training"] == 0
    assert told["missed"] == {"with_mask": 1, "without_mask": 0, "incorrect": 0}
    assert told["measures"]["all"]["confusion"] == [[0, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert told["measures"]["all"]["recall_incorrect"]["value"] is None
    assert told["measures"]["all"]["empty"] == ["incorrect"]
    assert told["abstaining"]["confidence"] == 0.6
    page = save.read_text(encoding="utf-8")
    assert "This page contains faces" in page
    assert page.count("data:image/jpeg;base64,") == 1  # the one mistake
    assert "http" not in page


def test_several_sets(masquerade: Run, data: Path, tmp_path: Path, photos: list[Path]) -> None:
    boxed = boxed_set(tmp_path / "boxed", photos[3])
    result = masquerade("evaluate", "wearing", "--data", data, "--data", boxed, "--json")
    told = json.loads(result.out)
    assert {name: one["faces"] for name, one in told["measures"].items()} == {"all": 6, "made": 3, "boxed": 3}
    assert told["small"] == 1


def test_a_run_folder(masquerade: Run, data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    wearing_copy(run)
    (run / "config.json").write_text(json.dumps({"plan": {"data": [str(data)], "layout": None, "names": {}}}))
    keys = ["made/without_mask/a.jpg", "made/without_mask/b.jpg", "made/with_mask/c.jpg", "made/with_mask/blank.png"]
    parts = dict(zip(keys, ("train", "test", "train", "test"), strict=True))
    Split(parts, {key: number for number, key in enumerate(keys)}).save(run / "split.csv")
    result = masquerade("evaluate", "wearing", "--model", run)
    assert (result.code, result.err) == (0, "")
    assert "1 faces of 2 photos" in result.out
    assert "2 of 4 photos left out, of the sets that the model was trained on, outside its test part." in result.out
    whole = masquerade("evaluate", "wearing", "--model", run / "model.onnx", "--data", data, "--part", "all")
    assert "3 faces of 4 photos" in whole.out
    assert (
        "2 of 4 photos are of the sets that the model was trained on, outside its test part: the figures flatter."
        in whole.out
    )
    Split(dict.fromkeys(keys, "train"), {key: number for number, key in enumerate(keys)}).save(run / "split.csv")
    none = masquerade("evaluate", "wearing", "--model", run)
    assert none.code == 2
    assert "all 4 photos are of the sets that the model was trained on" in none.err
    assert "[data_missing]" in none.err


def test_an_unknown_training(masquerade: Run, data: Path, tmp_path: Path) -> None:
    result = masquerade("evaluate", "wearing", "--model", wearing_copy(tmp_path / "own"), "--data", data)
    assert result.code == 0
    assert "What the model was trained on is not known" in result.out


def test_a_folder_with_the_name_of_a_model(
    masquerade: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wearing").mkdir()
    (tmp_path / "config.json").write_text("{}")
    result = masquerade("evaluate", "wearing", "--data", data)
    assert (result.code, result.err) == (0, "")
    assert "Model wearing " in result.out
    assert "expected a labelled set" in masquerade("evaluate", "wearing").err


def test_photos_that_cannot_be_read(masquerade: Run, data: Path) -> None:
    file = data / "without_mask" / "b.jpg"
    file.write_bytes(file.read_bytes()[:800])
    result = masquerade("evaluate", "wearing", "--data", data)
    assert result.code == 1
    assert "not read: " in result.err
    assert "[image_damaged]" in result.err


def test_what_is_refused(masquerade: Run, data: Path, tmp_path: Path) -> None:
    card_less = wearing_copy(tmp_path / "own")
    card_less.with_suffix(".json").unlink()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{}")
    wearing_copy(tmp_path / "broken")
    rows: list[tuple[list[str | Path], str]] = [
        # words, what standard error holds
        ([], "expected a labelled set"),
        (["--data", data, "--model", "none"], "[model_unknown]"),
        (["--data", data, "--model", "yunet"], "[model_contract_broken]"),
        (["--data", data, "--model", card_less], "[model_card_invalid]"),
        (["--data", data, "--model", tmp_path / "made"], "[model_unknown]"),
        (["--model", tmp_path / "broken"], "[study_invalid]"),
        (["--data", tmp_path / "nothing"], "[data_missing]"),
        (["--data", data, "--part", "some"], "expected test or all"),
        (["--data", data, "--boxes", "some"], "expected drawn or found"),
        (["--data", data, "--class", "x"], "expected NAME=LABEL"),
        (["--data", data, "--data", data], "[label_invalid]"),
        (["--data", data, "--save", tmp_path], "[destination_unusable]"),
        (["--data", data, "--data", data, "--images", data], "--images goes with one --data"),
    ]
    for words, message in rows:
        result = masquerade("evaluate", "wearing", *words)
        assert result.code == 2, words
        assert message in result.err, words
