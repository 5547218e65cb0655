"""A trained network of the study as an ONNX file with its card, which ``masquerade.wearing`` reads."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from masquerade.files import write_whole
from masquerade.models.card import ModelCard
from masquerade.models.card import Tensor as CardTensor
from masquerade.training.study.folder import CARD, MODEL, write_json
from masquerade.training.study.registry import View
from masquerade.training.tracing import traced
from masquerade.wearing.classifier import TASK


class Exported(nn.Module):
    """The network with what stands before and after it: pixels of 0 to 255 in, probabilities out."""

    def __init__(self, net: nn.Module, view: View, classes: int) -> None:
        """Take a network whose first ``classes`` outputs are the labels' logits."""
        super().__init__()
        self.net, self.classes = net, classes
        self.register_buffer("mean", torch.tensor(view.mean).view(1, 3, 1, 1) * 255)
        self.register_buffer("scale", 1 / (torch.tensor(view.std).view(1, 3, 1, 1) * 255))

    def forward(self, pixels: Tensor) -> Tensor:
        """Map (n, 3, size, size) to probabilities (n, classes)."""
        logits = self.net((pixels - self.mean) * self.scale)
        return logits[:, : self.classes].softmax(1)


def to_onnx(net: nn.Module, view: View, classes: int, size: int) -> bytes:
    """Return the ONNX file of a network, with a free batch.

    Args:
        net: gives at least ``classes`` logits for a normalised batch.
        view: what it sees of a face.
        classes: how many labels.
        size: side of its input in pixels.
    """
    return traced(Exported(net, view, classes), size, ("probabilities",))


def write_model(
    run: Path, content: bytes, size: int, view: View, labels: tuple[str, ...], words: dict[str, Any]
) -> None:
    """Write ``model.onnx`` and its card.

    Args:
        run: the run folder.
        content: the ONNX file.
        size: side of the input in pixels.
        view: what the network sees of a face.
        labels: names of the outputs, in order.
        words: the card's name, version, licence, whether commercial use is allowed, source, data, metrics and limits.
    """
    area = "a square around the face's box" if view.crop == "square" else "the face's box, squashed into a square,"
    card = ModelCard(
        **words,
        task=TASK,
        file=MODEL,
        sha256=hashlib.sha256(content).hexdigest(),
        inputs=(
            CardTensor(
                name="pixels",
                shape=("batch", 3, size, size),
                meaning=f"RGB, 0 to 255, float32; {area} with a margin of {view.margin:g}",
            ),
        ),
        outputs=(
            CardTensor(name="probabilities", shape=("batch", len(labels)), meaning=f"{', '.join(labels)}; sums to 1"),
        ),
        parameters={"labels": list(labels), "size": size, "margin": view.margin, "crop": view.crop},
    )
    write_whole(run / MODEL, content)
    write_json(run / CARD, card.model_dump(mode="json"))
