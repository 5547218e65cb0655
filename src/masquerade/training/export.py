"""Export a trained wearing network as ONNX, with its card.

``python -m masquerade.training.export --run FOLDER --card TEMPLATE.json --out src/masquerade/models/weights``
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from masquerade.files import write_whole
from masquerade.models.card import ModelCard
from masquerade.training.augment import view
from masquerade.training.networks import MEAN, STD
from masquerade.training.objective import state_sums
from masquerade.training.shrinking import halved, quantised
from masquerade.training.tracing import traced
from masquerade.training.wearing import RECIPES, load_net
from masquerade.training.wearing_data import CACHE, load_crops, split_check
from masquerade.wearing.rule import MASK_KINDS, STATES, label_of_states
from masquerade.wearing.types import LABELS


class Exported(nn.Module):
    """The network with what stands before and after it: pixels 0 to 255 in, probabilities out."""

    def __init__(self, net: nn.Module, incorrect_bias: float = 0.0, temperature: float = 1.0) -> None:
        """Wrap a network that gives twenty logits.

        Args:
            net: the network.
            incorrect_bias: added to the logits of the states that are ``incorrect``.
            temperature: divides the logits of the states, so that probabilities mean what they say.
        """
        super().__init__()
        self.net = net
        incorrect = label_of_states() == LABELS.index("incorrect")
        bias = np.concatenate([incorrect * incorrect_bias, np.zeros(len(MASK_KINDS))]).astype(np.float32)
        scale = np.concatenate([np.full(STATES, 1 / temperature), np.ones(len(MASK_KINDS))]).astype(np.float32)
        self.register_buffer("bias", torch.from_numpy(bias)[None])
        self.register_buffer("heat", torch.from_numpy(scale)[None])
        self.register_buffer("sums", state_sums())
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1) * 255)
        self.register_buffer("scale", 1 / (torch.tensor(STD).view(1, 3, 1, 1) * 255))

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map (n, 3, size, size) to probabilities of labels (n, 3), of parts that show (n, 3), of kinds (n, 6)."""
        logits = (self.net((pixels - self.mean) * self.scale) + self.bias) * self.heat
        sums = logits[:, :STATES].softmax(1) @ self.sums
        none, mask, other = sums[:, 6:7], sums[:, 7:8], sums[:, 8:]
        kinds = torch.cat([none, mask * logits[:, STATES:].softmax(1), other], 1)
        return sums[:, :3], sums[:, 3:6], kinds


def export(net: nn.Module, size: int, incorrect_bias: float = 0.0, temperature: float = 1.0) -> bytes:
    """Return the ONNX file of a network, batch free.

    Args:
        net: gives twenty logits for a normalised batch (n, 3, size, size).
        size: side of its input in pixels.
        incorrect_bias: added to the states that are ``incorrect``, the rarest label and the dearest to miss; chosen on
            the part of the training groups that is set aside.
        temperature: divides the logits of the states; chosen there, too.
    """
    names = ("probabilities", "visible", "kinds")
    return traced(Exported(net, incorrect_bias, temperature), size, names)


def training_views(cache: Path, size: int, count: int = 300) -> NDArray[np.uint8]:
    """Plain views (count, size, size, 3) of training crops by chance, on which ranges are read."""
    crops = load_crops(cache)
    train = split_check(crops.where(~crops.held_out))[0]
    chosen = np.random.default_rng(0).choice(len(train.labels), count, replace=False)
    return np.stack([view(train.images[index], size) for index in chosen])


def main() -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=sorted(RECIPES), default="student")
    parser.add_argument("--run", type=Path, required=True, help="run folder of the network")
    parser.add_argument("--card", type=Path, required=True, help="the card, whose sha256 and file are filled in")
    parser.add_argument("--out", type=Path, required=True, help="folder for NAME.onnx and NAME.json")
    parser.add_argument("--size", type=int, help="side of the input in pixels, where not the recipe's")
    parser.add_argument("--incorrect-bias", type=float, default=0.0, help="added to the states that are incorrect")
    parser.add_argument("--temperature", type=float, default=1.0, help="divides the logits of the states")
    parser.add_argument("--store", choices=["float", "half", "int8"], default="float", help="how weights are kept")
    parser.add_argument("--cache", type=Path, default=CACHE, help="crops whose training part sets the ranges of int8")
    arguments = parser.parse_args()
    size = arguments.size or RECIPES[arguments.kind].size
    content = export(load_net(arguments.kind, arguments.run), size, arguments.incorrect_bias, arguments.temperature)
    if arguments.store == "half":
        content = halved(content)
    if arguments.store == "int8":
        content = quantised(content, training_views(arguments.cache, size))
    fields = json.loads(arguments.card.read_text(encoding="utf-8"))
    fields["file"] = f"{fields['name']}.onnx"
    fields["sha256"] = hashlib.sha256(content).hexdigest()
    settled = {"size": size, "incorrect_bias": arguments.incorrect_bias, "temperature": arguments.temperature}
    fields["parameters"] = {**fields.get("parameters", {}), **settled}
    fields["inputs"][0]["shape"][2:] = [size, size]
    ModelCard.model_validate(fields)
    card = json.dumps(fields, indent=2, ensure_ascii=False) + "\n"
    write_whole(arguments.out / fields["file"], content)
    write_whole(arguments.out / f"{fields['name']}.json", card.encode("utf-8"))
    sys.stdout.write(f"{fields['name']}  {fields['sha256']}  {len(content)} bytes\n")


if __name__ == "__main__":
    main()
