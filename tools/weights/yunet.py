"""YuNet: unfold the block-quantised weights and let the graph take any size of picture.

The wheel carries YuNet (2023 March) with block-quantised weights, which ONNX Runtime refuses.
Every ``DequantizeLinear`` over an initializer is computed here once and for all, the reshapes of
those weights too, so that plain float convolutions remain.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

OPSET = 17
IR_VERSION = 8


def dequantize(
    weights: NDArray[np.integer], scale: NDArray[np.float32], zero: NDArray[np.integer], axis: int, block: int
) -> NDArray[np.float32]:
    """Undo quantisation as ONNX defines it: ``(weights - zero) * scale``.

    Args:
        weights: whole numbers of any shape.
        scale: a scale for each block along ``axis``; without blocks one for each place along it, or one for all.
        zero: as many zero points.
        axis: the axis along which scales differ.
        block: numbers that share a scale; 0 for no blocks.
    """
    size = weights.shape[axis]

    def spread(values: NDArray[Any]) -> NDArray[np.float32]:
        values = values.astype(np.float32)
        if block:
            return np.repeat(values, block, axis=axis).take(range(size), axis=axis)
        return values.reshape([-1 if place == axis else 1 for place in range(weights.ndim)]) if values.ndim else values

    return np.asarray((weights.astype(np.float32) - spread(zero)) * spread(scale), np.float32)


def fold_weights(graph: onnx.GraphProto) -> None:
    """Replace quantised weights by float initializers, in place."""
    known = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    kept = []
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in known:
            attributes = {item.name: helper.get_attribute_value(item) for item in node.attribute}
            arrays = [known[name] for name in node.input]
            zero = arrays[2] if len(arrays) > 2 else np.zeros_like(arrays[1], dtype=arrays[0].dtype)
            known[node.output[0]] = dequantize(
                arrays[0], arrays[1], zero, attributes.get("axis", 1), attributes.get("block_size", 0)
            )
        elif node.op_type == "Reshape" and node.input[0] in known:
            known[node.output[0]] = known[node.input[0]].reshape(known[node.input[1]])
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    del graph.initializer[:]
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(known[name]), name) for name in sorted(used & known.keys())
    )
    inputs = [item for item in graph.input if item.name not in known]
    del graph.input[:]
    graph.input.extend(inputs)


def free_size(graph: onnx.GraphProto) -> None:
    """Let batch, height and width vary: symbolic inputs, reshapes that keep the batch."""
    for name, width in (("290", 1), ("362", 4), ("395", 10)):
        (shape,) = [item for item in graph.initializer if item.name == name]
        if numpy_helper.to_array(shape).tolist() != [1, -1, width]:
            raise RuntimeError(f"unexpected head shape {name}: {numpy_helper.to_array(shape).tolist()}")
        shape.CopyFrom(numpy_helper.from_array(np.array([0, -1, width], np.int64), name))
    for item, names in [(graph.input[0], ("batch", 3, "height", "width"))]:
        item.CopyFrom(helper.make_tensor_value_info(item.name, onnx.TensorProto.FLOAT, names))
    for item in graph.output:
        width = item.type.tensor_type.shape.dim[2].dim_value
        item.CopyFrom(helper.make_tensor_value_info(item.name, onnx.TensorProto.FLOAT, ("batch", None, width)))
    del graph.value_info[:]


def packed(graph: onnx.GraphProto, name: str) -> bytes:
    """A graph as an ONNX file of its own, without anybody's remarks: the same graph gives the same bytes."""
    clean = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="masquerade"
    )
    clean.graph.name = name
    clean.graph.doc_string = ""
    onnx.checker.check_model(clean, full_check=True)
    return bytes(clean.SerializeToString(deterministic=True))


def convert(source: bytes) -> bytes:
    """Turn the wheel's ONNX file into one that ONNX Runtime runs at any size, byte for byte alike each time."""
    model = onnx.load_from_string(source)
    fold_weights(model.graph)
    free_size(model.graph)
    return packed(model.graph, "yunet")
