"""The registry: cards, hashes, and the user's own models."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from masquerade.errors import ModelCardInvalid, ModelError, ModelHashMismatch, ModelUnknown
from masquerade.models import Model, bundled_folder, get_model, get_session, list_models, read_card
from tests.models.folders import add_model, bundled_card

BUNDLED = sorted(path.stem for path in bundled_folder().glob("*.json"))


def test_the_package_brings_what_looking_needs(folder: Path) -> None:
    assert {"yunet", "face-mesh", "identity", "wearing", "wearing-small"} <= set(BUNDLED)
    assert [model.card.name for model in list_models()] == BUNDLED


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_model_is_what_its_card_says(folder: Path, name: str) -> None:
    model = get_model(name)
    assert model.bundled
    assert model.card.name == name == model.path.stem
    assert hashlib.sha256(model.read()).hexdigest() == model.card.sha256
    assert model.card.licence in {"Apache-2.0", "MIT"}  # what NOTICE names


def test_no_file_of_the_weights_lacks_a_card(folder: Path) -> None:
    files = {path.name for path in bundled_folder().glob("*.onnx")}
    assert files == {model.card.file for model in list_models()}


def test_an_unknown_name_lists_the_known(folder: Path) -> None:
    with pytest.raises(ModelUnknown, match=r"'yolo'; known: face-mesh, .*yunet") as caught:
        get_model("yolo")
    assert str(folder) in caught.value.hint


def test_the_users_folder_stands_before_the_package(folder: Path) -> None:
    add_model(folder, "yunet", version="mine")
    add_model(folder, "face-mesh", name="my-mesh")
    assert [model.card.name for model in list_models()] == sorted([*BUNDLED, "my-mesh"])
    mine = get_model("yunet")
    assert (mine.card.version, mine.bundled, mine.path.parent) == ("mine", False, folder)
    assert get_model("face-mesh").bundled


def test_a_changed_file_is_refused(folder: Path) -> None:
    path = add_model(folder, name="mine")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # a single bit
    path.write_bytes(content)
    with pytest.raises(ModelHashMismatch, match=rf"{hashlib.sha256(content).hexdigest()}, its card says") as caught:
        get_model("mine").read()
    assert "write its SHA-256 into the card" in caught.value.hint


def test_a_changed_file_of_the_package_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "yunet.onnx"
    path.write_bytes(b"something else")
    model = Model(card=read_card(bundled_folder() / "yunet.json"), path=path, bundled=True)
    with pytest.raises(ModelHashMismatch) as caught:
        model.read()
    assert caught.value.hint == "install masquerade again"


def test_an_absent_file_is_refused(folder: Path) -> None:
    add_model(folder, name="mine").unlink()
    with pytest.raises(ModelHashMismatch, match=r"mine\.onnx cannot be read: No such file"):
        get_model("mine").read()


CARD = bundled_card("face-mesh")
BROKEN: list[tuple[str | bytes, str]] = [
    # no JSON, no text, no object
    ("{", "line 1"),
    ("", "line 1"),
    (b"\xff\xfe\x00", "codec"),
    ("[]", "card: "),
    # a field too few, one too many
    (json.dumps({key: value for key, value in CARD.items() if key != "licence"}), "licence: Field required"),
    (json.dumps({**CARD, "license": "MIT"}), "license: Extra inputs"),
    # a name that could not be typed, a file elsewhere, a file that is no ONNX
    (json.dumps({**CARD, "name": "Face Mesh"}), "name: "),
    (json.dumps({**CARD, "file": "../../etc/passwd.onnx"}), "file: "),
    (json.dumps({**CARD, "file": "weights.pkl"}), "file: "),
    # no SHA-256: too short, in capitals
    (json.dumps({**CARD, "sha256": "abc"}), "sha256: "),
    (json.dumps({**CARD, "sha256": CARD["sha256"].upper()}), "sha256: "),
    # a tensor without a name
    (json.dumps({**CARD, "inputs": [{"shape": [1], "meaning": ""}]}), r"inputs\.0\.name"),
]


@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_a_broken_card_names_the_file_and_the_field(folder: Path, content: str | bytes, message: str) -> None:
    folder.mkdir()
    path = folder / "mine.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ModelCardInvalid, match=message) as caught:
        list_models()
    assert str(path) in str(caught.value)
    assert caught.value.hint
    assert isinstance(caught.value, ModelError)


def test_a_card_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelCardInvalid, match="absent"):
        read_card(tmp_path / "absent.json")


def test_two_cards_of_one_name(folder: Path) -> None:
    add_model(folder, name="mine")
    (folder / "other.json").write_text((folder / "mine.json").read_text())
    with pytest.raises(ModelCardInvalid, match=r"other\.json: the name mine is taken by .*mine\.onnx"):
        list_models()


CHANGES: list[tuple[str, Any]] = [("name", "x"), ("sha256", "0" * 64), ("inputs", ())]


@pytest.mark.parametrize(("field", "value"), CHANGES)
def test_cards_stay_as_they_are(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(read_card(bundled_folder() / "yunet.json"), field, value)


def test_a_file_by_its_path(folder: Path, tmp_path: Path) -> None:
    path = add_model(tmp_path / "elsewhere", name="mine")
    model = get_model(str(path))
    assert (model.card.name, model.path, model.bundled) == ("mine", path, False)
    assert get_session(str(path)).card == model.card
    assert "mine" not in [one.card.name for one in list_models()]
    with pytest.raises(ModelUnknown, match="is not there"):
        get_model(str(tmp_path / "none.onnx"))
    path.with_suffix(".json").unlink()
    with pytest.raises(ModelCardInvalid, match=r"mine\.json"):
        get_model(str(path))
