"""Make an exported network smaller: weights of half precision, or all of it in 8-bit integers."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from masquerade.models.runtime import onnx_runtime

LARGE = 1024
"""Numbers from which on a tensor is worth storing otherwise."""
GROUP = 64
"""Numbers that share a scale where weights are stored in 8 bits."""
TOGETHER = 10


def halved(content: bytes, eighth_from: int | None = None) -> bytes:
    """Store the large weights in half precision; they are widened once, while the model is loaded.

    Args:
        content: an ONNX file whose weights are float32.
        eighth_from: tensors of so many numbers and more are stored in 8-bit integers, with a scale for each group of
            ``GROUP`` numbers of a row.

    Returns:
        An ONNX file of about half the size or less, which computes in float32 as before.
    """
    model = onnx.load_from_string(content)
    casts, kept = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < LARGE:
            kept.append(tensor)
            continue
        if eighth_from is not None and values.size >= eighth_from:
            tensors, widening = _eighth(tensor.name, values)
            kept += tensors
            casts += widening
            continue
        name = f"{tensor.name}_half"
        kept.append(numpy_helper.from_array(values.astype(np.float16), name))
        casts.append(helper.make_node("Cast", [name], [tensor.name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _eighth(name: str, values: NDArray[np.float32]) -> tuple[list[TensorProto], list[onnx.NodeProto]]:
    """A tensor as 8-bit integers with scales, and the nodes that widen it, of constants: done once."""
    rows, inner = len(values), values.size // len(values)
    group = next(size for size in range(min(GROUP, inner), 0, -1) if inner % size == 0)
    grouped = values.reshape(rows, inner // group, group)
    scales = np.abs(grouped).max(axis=2, keepdims=True) / 127
    steps = np.rint(grouped / np.maximum(scales, np.finfo(np.float32).tiny)).astype(np.int8)
    tensors = [
        numpy_helper.from_array(steps, f"{name}_eighth"),
        numpy_helper.from_array(scales.astype(np.float16), f"{name}_scales"),
        numpy_helper.from_array(np.array(values.shape, np.int64), f"{name}_shape"),
    ]
    nodes = [
        helper.make_node("Cast", [f"{name}_eighth"], [f"{name}_steps"], to=TensorProto.FLOAT),
        helper.make_node("Cast", [f"{name}_scales"], [f"{name}_factors"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_steps", f"{name}_factors"], [f"{name}_grouped"]),
        helper.make_node("Reshape", [f"{name}_grouped", f"{name}_shape"], [name]),
    ]
    return tensors, nodes


class _Reader:
    """Gives the pictures that ranges are read from to ONNX Runtime, a few at once."""

    def __init__(self, crops: NDArray[np.uint8]) -> None:
        """Keep (n, size, size, 3) pictures."""
        self._parts: Iterator[NDArray[np.uint8]] = iter(np.array_split(crops, max(1, len(crops) // TOGETHER)))

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """Give the next inputs, None after the last."""
        part = next(self._parts, None)
        return None if part is None else {"pixels": part.transpose(0, 3, 1, 2).astype(np.float32)}


def quantised(content: bytes, crops: NDArray[np.uint8]) -> bytes:
    """Turn convolutions and the last layer into 8-bit integers, one scale a channel of weights.

    Weights keep 7 bits, since AVX2 without VNNI adds pairs of products in 16 bits, which 8 would overflow.

    Args:
        content: an ONNX file whose input is ``pixels`` (n, 3, size, size).
        crops: (n, size, size, 3) uint8 RGB, pictures as it will see them; ranges of its layers are read on them.

    Returns:
        The ONNX file, with QuantizeLinear and DequantizeLinear nodes that ONNX Runtime fuses.

    Raises:
        RuntimeError: models of the registry were loaded in this process; ONNX Runtime's own session refuses their pool.
    """
    onnx_runtime()  # turns its telemetry off before anything of it is imported
    quantization = importlib.import_module("onnxruntime.quantization")
    with tempfile.TemporaryDirectory() as folder:
        plain, ready, small = (Path(folder) / name for name in ("plain.onnx", "ready.onnx", "small.onnx"))
        plain.write_bytes(content)
        quantization.shape_inference.quant_pre_process(str(plain), str(ready), skip_symbolic_shape=True)
        reader: Any = _Reader(crops)
        quantization.quantize_static(
            str(ready),
            str(small),
            reader,
            quant_format=quantization.QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            op_types_to_quantize=["Conv", "Add", "Gemm"],
        )
        model = onnx.load(str(small))
    model.producer_name, model.producer_version = "masquerade", ""
    return bytes(model.SerializeToString(deterministic=True))
