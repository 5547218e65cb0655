"""Trace a network into an ONNX file."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence

import onnx
import torch
from torch import nn

OPSET = 17


def traced(net: nn.Module, size: int, outputs: Sequence[str]) -> bytes:
    """Return the ONNX file of a network, with a free batch; the same weights give the same bytes.

    Args:
        net: takes ``pixels`` (n, 3, size, size) float32, and gives one tensor for each output.
        size: side of its input in pixels.
        outputs: their names.
    """
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that traces is old, and gives the plainer graph
        torch.onnx.export(
            net.eval().to(memory_format=torch.contiguous_format),
            (torch.zeros(1, 3, size, size),),
            buffer,
            input_names=["pixels"],
            output_names=list(outputs),
            dynamic_axes={name: {0: "batch"} for name in ("pixels", *outputs)},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load_from_string(buffer.getvalue())
    model.producer_name, model.producer_version = "masquerade", ""
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))
