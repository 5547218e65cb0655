"""The wearing network behind its contract."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.errors import ModelContractBroken, ModelUnknown
from masquerade.faces import Faces, find_faces
from masquerade.image import read_image
from masquerade.models import bundled_folder, get_model, sessions
from masquerade.wearing import LABELS, PARTS, classify_crops, read_wearing
from masquerade.wearing.crops import MARGIN, face_crops


def test_the_card_says_what_the_code_assumes() -> None:
    parameters = get_model("wearing").card.parameters
    assert parameters["labels"] == list(LABELS)
    assert parameters["parts"] == list(PARTS)
    assert parameters["margin"] == MARGIN


@pytest.fixture(scope="module")
def crops() -> NDArray[np.uint8]:
    size = get_model("wearing").card.parameters["size"]
    return np.random.default_rng(3).integers(0, 256, (7, size, size, 3), np.uint8)


@pytest.mark.parametrize("batch", [1, 2, 3, 7, 16])
def test_batches_give_what_one_by_one_gives(crops: NDArray[np.uint8], batch: int) -> None:
    together = classify_crops(crops, batch=batch)
    assert together.probabilities.shape == together.visible.shape == (7, 3)
    assert together.probabilities.dtype == together.visible.dtype == np.float32
    for index in range(len(crops)):
        alone = classify_crops(crops[index : index + 1])
        np.testing.assert_allclose(together.probabilities[index], alone.probabilities[0], atol=1e-5)
        np.testing.assert_allclose(together.visible[index], alone.visible[0], atol=1e-5)


def test_rows_are_probabilities(crops: NDArray[np.uint8]) -> None:
    wearing = classify_crops(crops)
    np.testing.assert_allclose(wearing.probabilities.sum(axis=1), 1, atol=1e-5)
    for values in (wearing.probabilities, wearing.visible):
        assert ((values >= 0) & (values <= 1)).all()


def test_no_face() -> None:
    wearing = read_wearing(np.zeros((20, 30, 3), np.uint8), Faces.empty((30, 20)))
    assert (len(wearing), wearing.labels) == (0, [])


def test_faces_of_a_photo(photos: list[Path]) -> None:
    image = read_image(photos[0])
    faces = find_faces(image)
    wearing = read_wearing(image, faces)
    size = get_model("wearing").card.parameters["size"]
    expected = classify_crops(face_crops(image, faces.boxes, size))
    np.testing.assert_array_equal(wearing.probabilities, expected.probabilities)
    np.testing.assert_array_equal(wearing.visible, expected.visible)


def test_bare_faces(photos: list[Path]) -> None:
    for photo in photos:
        image = read_image(photo)
        assert read_wearing(image, find_faces(image)).labels == ["without_mask"]


def test_an_unknown_model() -> None:
    with pytest.raises(ModelUnknown, match="no model is called 'nope'"):
        read_wearing(np.zeros((20, 30, 3), np.uint8), Faces.empty((30, 20)), model="nope")


def test_a_model_of_another_task() -> None:
    with pytest.raises(ModelContractBroken, match="expected the task mask-wearing"):
        read_wearing(np.zeros((20, 30, 3), np.uint8), Faces.empty((30, 20)), model="yunet")


@pytest.mark.parametrize("parameters", [{}, {"size": "96"}, {"size": 96, "margin": "wide"}])
def test_a_card_without_what_is_needed(
    parameters: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None
) -> None:
    shutil.copy(bundled_folder() / "wearing.onnx", tmp_path / "wearing.onnx")
    card = json.loads((bundled_folder() / "wearing.json").read_text(encoding="utf-8"))
    (tmp_path / "own.json").write_text(json.dumps({**card, "name": "own", "parameters": parameters}), encoding="utf-8")
    monkeypatch.setenv("MASQUERADE_MODELS_DIR", str(tmp_path))
    monkeypatch.setattr(sessions, "_sessions", {})
    with pytest.raises(ModelContractBroken, match="the parameters size and margin"):
        read_wearing(np.zeros((20, 30, 3), np.uint8), Faces.empty((30, 20)), model="own")
