"""MobileFaceNet: about a million parameters for faces of 112 pixels.

Chen and others, "MobileFaceNets: efficient CNNs for accurate real-time face verification on mobile devices", CCBR 2018,
table 1.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

STAGES = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
"""Expansion, channels, repeats and the first one's stride of each row of bottlenecks."""
LAST = 512
STRIDE = 16
"""Pixels of the picture in a step of the last map."""


def convolution(
    inner: int, outer: int, kernel: int = 1, stride: int = 1, groups: int = 1, bend: bool = True
) -> nn.Sequential:
    """A convolution with batch norm, and PReLU unless it is to stay linear; a kernel of 3 keeps the size."""
    layers = [
        nn.Conv2d(inner, outer, kernel, stride, 1 if kernel == 3 else 0, groups=groups, bias=False),
        nn.BatchNorm2d(outer),
    ]
    return nn.Sequential(*layers, *([nn.PReLU(outer)] if bend else []))


class Bottleneck(nn.Module):
    """Widen, look around, narrow (Sandler and others, "MobileNetV2", CVPR 2018), with PReLU."""

    def __init__(self, inner: int, outer: int, stride: int, expansion: int) -> None:
        """Take channels in and out; with stride 1 and as many out as in, the input is added."""
        super().__init__()
        wide = inner * expansion
        self.residual = stride == 1 and inner == outer
        self.steps = nn.Sequential(
            convolution(inner, wide),
            convolution(wide, wide, 3, stride, groups=wide),
            convolution(wide, outer, bend=False),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map (n, inner, h, w) to (n, outer, h / stride, w / stride)."""
        out = self.steps(features)
        return features + out if self.residual else out


def mobilefacenet(dimensions: int = 128, size: int = 112, dropout: float = 0.0) -> nn.Sequential:
    """The network: (n, 3, size, size) to (n, dimensions).

    Args:
        dimensions: of the embedding; 128 in the paper.
        size: side of the input in pixels, a multiple of 16; the last map, which is weighed place by place (GDConv),
            has size / 16 of them on a side.
        dropout: before the last layer; the paper has none.
    """
    layers: list[nn.Module] = [convolution(3, 64, 3, 2), convolution(64, 64, 3, groups=64)]
    inner = 64
    for expansion, outer, repeats, stride in STAGES:
        for number in range(repeats):
            layers.append(Bottleneck(inner, outer, 1 if number else stride, expansion))
            inner = outer
    layers += [convolution(inner, LAST), convolution(LAST, LAST, size // STRIDE, groups=LAST, bend=False)]
    head = nn.Sequential(
        nn.Dropout(dropout), nn.Flatten(), nn.Linear(LAST, dimensions, bias=False), nn.BatchNorm1d(dimensions)
    )
    return nn.Sequential(OrderedDict(body=nn.Sequential(*layers), head=head))
