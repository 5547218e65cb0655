"""Models of other crops, labels and outputs than the packaged one's."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

onnx = pytest.importorskip("onnx")

from masquerade.errors import ModelContractBroken  # noqa: E402
from masquerade.faces import Faces  # noqa: E402
from masquerade.models import sessions  # noqa: E402
from masquerade.wearing import read_wearing  # noqa: E402
from masquerade.wearing.crops import face_crops  # noqa: E402

SIZE = 24
IMAGE = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
BOXES = np.array([[20, 10, 60, 80], [70, 30, 110, 50]], np.float32)
FACES = Faces((120, 90), BOXES, np.ones(2, np.float32), np.zeros((2, 5, 2), np.float32))


def put_model(folder: Path, labels: list[str], **parameters: Any) -> None:
    """A model whose logits are the mean red, green (and blue) over 40."""
    weights = np.eye(3, len(labels), dtype=np.float32) / 40
    helper = onnx.helper
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["pixels", "axes"], ["mean"], keepdims=0),
            helper.make_node("MatMul", ["mean", "weights"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        ],
        "means",
        [helper.make_tensor_value_info("pixels", 1, ["batch", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("probabilities", 1, ["batch", len(labels)])],
        [
            onnx.numpy_helper.from_array(weights, "weights"),
            onnx.numpy_helper.from_array(np.array([2, 3], np.int64), "axes"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    content = model.SerializeToString()
    card = {
        "name": "own",
        "version": "1",
        "task": "mask-wearing",
        "file": "own.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": "Apache-2.0",
        "commercial_use": True,
        "source": "made here",
        "trained_on": "nothing",
        "inputs": [{"name": "pixels", "shape": ["batch", 3, SIZE, SIZE], "meaning": "RGB, 0 to 255"}],
        "outputs": [{"name": "probabilities", "shape": ["batch", len(labels)], "meaning": "of the labels"}],
        "parameters": {"size": SIZE, "labels": labels, **parameters},
    }
    (folder / "own.onnx").write_bytes(content)
    (folder / "own.json").write_text(json.dumps(card), encoding="utf-8")


def expected(crops: NDArray[np.uint8], columns: list[int]) -> NDArray[np.float64]:
    logits = crops.mean(axis=(1, 2))[:, : len(columns)] / 40
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    result = np.zeros((len(crops), 3))
    result[:, columns] = shares
    return result


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> Path:
    monkeypatch.setenv("MASQUERADE_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("MASQUERADE_WEARING_MODEL", "own")
    monkeypatch.setattr(sessions, "_sessions", {})
    return tmp_path


CASES: list[tuple[list[str], dict[str, Any], list[int]]] = [
    # report 1's way: the box itself, squeezed, two labels
    (["with_mask", "without_mask"], {"margin": 0.0, "crop": "stretch"}, [0, 1]),
    # another order, three labels, a square
    (["incorrect", "with_mask", "without_mask"], {"margin": 0.25, "crop": "square"}, [2, 0, 1]),
    # what the card leaves out is a square with a quarter of margin
    (["with_mask", "without_mask"], {}, [0, 1]),
]


@pytest.mark.parametrize(("labels", "parameters", "columns"), CASES)
def test_crop_and_labels_are_the_cards(
    folder: Path, labels: list[str], parameters: dict[str, Any], columns: list[int]
) -> None:
    put_model(folder, labels, **parameters)
    wearing = read_wearing(IMAGE, FACES)
    crops = face_crops(IMAGE, BOXES, SIZE, parameters.get("margin", 0.25), parameters.get("crop", "square"))
    np.testing.assert_allclose(wearing.probabilities, expected(crops, columns), atol=1e-5)
    assert np.isnan(wearing.visible).all()
    assert wearing.likeliest_kinds == [None, None]
    assert wearing.labels_from(1.01) == ["undecided"] * 2


def test_a_stretched_crop_is_the_box_itself() -> None:
    (crop,) = face_crops(IMAGE, np.array([[20, 10, 60, 50]], np.float32), 40, 0.0, "stretch")
    np.testing.assert_array_equal(crop, IMAGE[10:50, 20:60])
    # Half as wide as high: columns keep their pixels, rows are averaged in pairs.
    (crop,) = face_crops(IMAGE, np.array([[20, 0, 40, 40]], np.float32), 20, 0.0, "stretch")
    rows = IMAGE[:40, 20:40].reshape(20, 2, 20, 3).astype(float).mean(axis=1)
    assert np.abs(crop - rows).max() <= 1


WRONG: list[tuple[list[str], dict[str, Any]]] = [
    (["with_mask", "bare"], {}),
    (["with_mask"], {}),
    (["with_mask", "with_mask"], {}),
    (["with_mask", "without_mask"], {"crop": "round"}),
]


@pytest.mark.parametrize(("labels", "parameters"), WRONG)
def test_labels_and_crops_that_nobody_knows(folder: Path, labels: list[str], parameters: dict[str, Any]) -> None:
    put_model(folder, labels, **parameters)
    with pytest.raises(ModelContractBroken, match="own: expected crop to be one of square, stretch and labels"):
        read_wearing(IMAGE, FACES)
