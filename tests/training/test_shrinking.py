"""Smaller files of the same network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
onnx = pytest.importorskip("onnx")

from masquerade.models import sessions  # noqa: E402
from masquerade.models.runtime import onnx_runtime  # noqa: E402
from masquerade.training.export import export  # noqa: E402
from masquerade.training.networks import small_net  # noqa: E402
from masquerade.training.shrinking import halved  # noqa: E402
from tests.models.folders import run_script  # noqa: E402

pytestmark = [
    pytest.mark.train,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"),
]
QUANTISE = """
import os, pathlib, numpy
from masquerade.training.shrinking import quantised
folder = pathlib.Path(os.environ["FOLDER"])
small = quantised((folder / "plain.onnx").read_bytes(), numpy.load(folder / "crops.npy"))
(folder / "small.onnx").write_bytes(small)
"""
CROPS = np.random.default_rng(0).integers(0, 256, (40, 48, 48, 3), np.uint8)


@pytest.fixture(scope="module")
def plain() -> bytes:
    torch.manual_seed(0)
    net = small_net((8, 16, 24, 32, 48)).eval()
    with torch.no_grad():
        for values in net.buffers():
            if values.dtype == torch.float32:
                values.add_(torch.rand_like(values) * 0.2)
    return export(net, 48)


def said(content: bytes) -> NDArray[np.float32]:
    session = onnx_runtime().InferenceSession(content, sessions._options(), providers=["CPUExecutionProvider"])
    pixels = CROPS.transpose(0, 3, 1, 2).astype(np.float32)
    return np.asarray(session.run(["probabilities"], {"pixels": pixels})[0])


def test_halved_weights_take_half_the_room_and_say_the_same(plain: bytes) -> None:
    small = halved(plain)
    assert len(small) < 0.6 * len(plain)
    np.testing.assert_allclose(said(small), said(plain), atol=2e-3)
    assert halved(plain) == small


def test_large_weights_in_8_bits_take_less_and_say_nearly_the_same(plain: bytes) -> None:
    smaller = halved(plain, eighth_from=2048)
    assert len(smaller) < 0.85 * len(halved(plain))
    np.testing.assert_allclose(said(smaller), said(plain), atol=1e-2)
    stored = onnx.load_from_string(smaller).graph.initializer
    weights = {item.name: onnx.numpy_helper.to_array(item) for item in onnx.load_from_string(plain).graph.initializer}
    eighths = [item.name.removesuffix("_eighth") for item in stored if item.name.endswith("_eighth")]
    assert eighths == [name for name, values in weights.items() if values.size >= 2048]


def test_integers_take_a_third_and_say_nearly_the_same(plain: bytes, tmp_path: Path) -> None:
    (tmp_path / "plain.onnx").write_bytes(plain)
    np.save(tmp_path / "crops.npy", CROPS[:20])
    run_script(QUANTISE, {"FOLDER": str(tmp_path)})  # ONNX Runtime's own session refuses the pool of this process
    small = (tmp_path / "small.onnx").read_bytes()
    assert len(small) < 0.45 * len(plain)
    kinds = {node.op_type for node in onnx.load_from_string(small).graph.node}
    assert "QuantizeLinear" in kinds
    assert np.abs(said(small) - said(plain)).max() < 0.1
