"""Export a trained wearing network as ONNX, with its card.

``python -m masquerade.training.export --run FOLDER --card TEMPLATE.json --out src/masquerade/models/weights``
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from masquerade.models.card import ModelCard
from masquerade.training.wearing import MEAN, RECIPES, STD, load_net

OPSET = 17


class Exported(nn.Module):
    """The network with what stands before and after it: pixels 0 to 255 in, probabilities out."""

    def __init__(self, net: nn.Module, incorrect_bias: float = 0.0) -> None:
        """Wrap a network that gives six logits; the bias is added to the logit of ``incorrect``."""
        super().__init__()
        self.net = net
        self.register_buffer("bias", torch.tensor([[0.0, 0.0, incorrect_bias]]))
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1) * 255)
        self.register_buffer("scale", 1 / (torch.tensor(STD).view(1, 3, 1, 1) * 255))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Map (n, 3, size, size) to label probabilities (n, 3) and part probabilities (n, 3)."""
        logits = self.net((pixels - self.mean) * self.scale)
        return (logits[:, :3] + self.bias).softmax(1), logits[:, 3:].sigmoid()


def export(net: nn.Module, size: int, incorrect_bias: float = 0.0) -> bytes:
    """Return the ONNX file of a network, batch free.

    Args:
        net: gives six logits for a normalised batch (n, 3, size, size).
        size: side of its input in pixels.
        incorrect_bias: added to the logit of ``incorrect``, the rarest label and the dearest to
            miss; chosen on the part of the training groups that is set aside.
    """
    buffer = io.BytesIO()
    torch.onnx.export(
        Exported(net, incorrect_bias).eval(),
        (torch.zeros(1, 3, size, size),),
        buffer,
        input_names=["pixels"],
        output_names=["probabilities", "visible"],
        dynamic_axes={"pixels": {0: "batch"}, "probabilities": {0: "batch"}, "visible": {0: "batch"}},
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load_from_string(buffer.getvalue())
    model.producer_name, model.producer_version = "masquerade", ""
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def main() -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=sorted(RECIPES), default="teacher")
    parser.add_argument("--run", type=Path, required=True, help="run folder of the network")
    parser.add_argument("--card", type=Path, required=True, help="the card, whose sha256 and file are filled in")
    parser.add_argument("--out", type=Path, required=True, help="folder for NAME.onnx and NAME.json")
    parser.add_argument("--size", type=int, help="side of the input in pixels, where not that of training")
    parser.add_argument("--incorrect-bias", type=float, default=0.0, help="added to the logit of incorrect")
    arguments = parser.parse_args()
    size = arguments.size or RECIPES[arguments.kind].size
    content = export(load_net(arguments.kind, arguments.run), size, arguments.incorrect_bias)
    fields = json.loads(arguments.card.read_text(encoding="utf-8"))
    fields["file"] = f"{fields['name']}.onnx"
    fields["sha256"] = hashlib.sha256(content).hexdigest()
    fields["parameters"] = {**fields.get("parameters", {}), "size": size, "incorrect_bias": arguments.incorrect_bias}
    ModelCard.model_validate(fields)
    card = json.dumps(fields, indent=2, ensure_ascii=False) + "\n"
    for name, data in ((fields["file"], content), (f"{fields['name']}.json", card.encode("utf-8"))):
        partial = arguments.out / f".{name}.partial"
        partial.write_bytes(data)
        partial.replace(arguments.out / name)
    sys.stdout.write(f"{fields['name']}  {fields['sha256']}  {len(content)} bytes\n")


if __name__ == "__main__":
    main()
