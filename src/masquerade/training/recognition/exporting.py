"""A trained network as an ONNX file with its card: an embedder for every command that takes ``--model``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from masquerade.faces.align import ARCFACE_SIZE
from masquerade.files import write_whole
from masquerade.identity.contract import ARCFACE, TASK
from masquerade.models.card import ModelCard
from masquerade.models.card import Tensor as CardTensor
from masquerade.training.recognition.backbones import BackboneSpec
from masquerade.training.study.folder import CARD, MODEL, write_json
from masquerade.training.tracing import traced


class Exported(nn.Module):
    """The network with what stands after it: templates of unit length."""

    def __init__(self, net: nn.Module) -> None:
        """Take a network."""
        super().__init__()
        self.net = net

    def forward(self, pixels: Tensor) -> Tensor:
        """Map normalised crops (n, 3, 112, 112) to templates (n, d)."""
        return functional.normalize(self.net(pixels))


def to_onnx(net: nn.Module) -> bytes:
    """Return the ONNX file of a network, with a free batch."""
    return traced(Exported(net), ARCFACE_SIZE, ("template",))


def write_model(run: Path, content: bytes, spec: BackboneSpec, dimensions: int, words: dict[str, Any]) -> None:
    """Write ``model.onnx`` and its card.

    Args:
        run: the run folder.
        content: the ONNX file.
        spec: entry of the backbone, which says how it sees pixels.
        dimensions: of a template.
        words: the card's name, version, licence, source, data, metrics and limits.
    """
    size = ARCFACE_SIZE
    card = ModelCard(
        **words,
        task=TASK,
        file=MODEL,
        sha256=hashlib.sha256(content).hexdigest(),
        inputs=(
            CardTensor(
                name="pixels",
                shape=("batch", 3, size, size),
                meaning="RGB, (0 to 255 - mean) * scale, float32; a face on ArcFace's template",
            ),
        ),
        outputs=(CardTensor(name="template", shape=("batch", dimensions), meaning="template of unit length"),),
        parameters={
            "size": size,
            "colour": "rgb",
            "mean": list(spec.mean),
            "scale": list(spec.scale),
            "template": ARCFACE,
            "rest_on": "five",
            "dimensions": dimensions,
        },
    )
    write_whole(run / MODEL, content)
    write_json(run / CARD, card.model_dump(mode="json"))
