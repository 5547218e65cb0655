"""Small embedders and templates."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.identity import Templates

SIZE, DIMENSIONS, BLOCK = 112, 24, 8
MODEL = "tiny@0123456789ab"


def weights(seed: int) -> NDArray[np.float32]:
    """What the network multiplies the means of blocks by: (588, 24)."""
    inner = (SIZE // BLOCK) ** 2 * 3
    return np.random.default_rng(seed).normal(size=(inner, DIMENSIONS)).astype(np.float32)


def expected(pixels: NDArray[Any], seed: int = 0) -> NDArray[np.float64]:
    """What the network gives for its input (n, 3, 112, 112), before it is brought to unit length."""
    sides = SIZE // BLOCK
    means = pixels.astype(np.float64).reshape(len(pixels), 3, sides, BLOCK, sides, BLOCK).mean(axis=(3, 5))
    return np.asarray(means.reshape(len(pixels), -1) @ weights(seed).astype(np.float64), np.float64)


def put_embedder(
    folder: Path,
    name: str = "tiny",
    *,
    batch: int | str = "batch",
    second: bool = False,
    real: int = DIMENSIONS,
    **parameters: Any,
) -> Path:
    """Write a network of one layer and its card; return the ONNX file.

    Args:
        folder: where to.
        name: of the model.
        batch: size of the first axis, or a word.
        second: give it an output for masked faces, of other weights.
        real: dimensions that the file really gives.
        parameters: changes of the card's parameters; None takes one away.
    """
    onnx = pytest.importorskip("onnx")
    helper, outputs = onnx.helper, ["template", "covered"] if second else ["template"]
    nodes = [
        helper.make_node("AveragePool", ["pixels"], ["means"], kernel_shape=[BLOCK, BLOCK], strides=[BLOCK, BLOCK]),
        helper.make_node("Flatten", ["means"], ["flat"]),
    ]
    nodes += [helper.make_node("MatMul", ["flat", f"weights_{out}"], [out]) for out in outputs]
    graph = helper.make_graph(
        nodes,
        "blocks",
        [helper.make_tensor_value_info("pixels", 1, [batch, 3, SIZE, SIZE])],
        [helper.make_tensor_value_info(out, 1, [batch, real]) for out in outputs],
        [onnx.numpy_helper.from_array(weights(seed)[:, :real], f"weights_{out}") for seed, out in enumerate(outputs)],
    )
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()
    target = folder / f"{name}.onnx"
    target.write_bytes(content)
    if second:
        parameters.setdefault("masked_output", "covered")
    target.with_suffix(".json").write_text(
        json.dumps(card(content, name, batch, outputs, DIMENSIONS if real == DIMENSIONS else "free", **parameters)),
        encoding="utf-8",
    )
    return target


def card(
    content: bytes = b"",
    name: str = "tiny",
    batch: int | str = "batch",
    outputs: Any = ("template",),
    width: int | str = DIMENSIONS,
    **changes: Any,
) -> dict[str, Any]:
    """Its card, as the file has it; ``width`` is that of the outputs."""
    parameters = {
        "size": SIZE,
        "colour": "rgb",
        "mean": 127.5,
        "scale": 1 / 128,
        "template": "arcface",
        "dimensions": DIMENSIONS,
        **changes,
    }
    return {
        "name": name,
        "version": "1",
        "task": "face-identity",
        "file": f"{name}.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": "Apache-2.0",
        "commercial_use": True,
        "source": "made by a test",
        "trained_on": "nothing",
        "inputs": [{"name": "pixels", "shape": [batch, 3, SIZE, SIZE], "meaning": "a face"}],
        "outputs": [{"name": out, "shape": [batch, width], "meaning": "template"} for out in outputs],
        "parameters": {key: value for key, value in parameters.items() if value is not None},
    }


def units(count: int, seed: int = 0, width: int = DIMENSIONS) -> NDArray[np.float32]:
    """Vectors of unit length: (count, width)."""
    vectors = np.random.default_rng(seed).normal(size=(count, width))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def made_templates(count: int, seed: int = 0, model: str = MODEL, **changes: Any) -> Templates:
    """Templates of nobody."""
    rng = np.random.default_rng(seed)
    values: dict[str, Any] = {
        "photos": np.array([f"{number}.jpg" for number in range(count)], np.str_),
        "boxes": rng.uniform(0, 90, (count, 4)),
        "template": units(count, seed + 1),
        "masked": rng.random(count) < 0.5,
        "template_masked": units(count, seed + 2),
        **changes,
    }
    return Templates(model, **values)
