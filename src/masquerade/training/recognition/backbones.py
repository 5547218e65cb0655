"""The networks that turn an aligned face into an embedding, and the weights that they start from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torchvision
from google.protobuf.message import DecodeError
from torch import nn

from masquerade.errors import ModelUnknown, StudyInvalid, WeightsUnusable
from masquerade.training.networks import MEAN, STD
from masquerade.training.recognition.mobilefacenet import STRIDE, mobilefacenet
from masquerade.training.recognition.sface import DIMENSIONS, SIZE, SFace, load_sface
from masquerade.training.study.registry import head_of
from masquerade.training.study.weights import imagenet_state, load_backbone, read_weights

IMAGENET = "imagenet"
"""In place of a weights file: what torchvision has."""
Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class BackboneSpec:
    """One backbone.

    Attributes:
        name: in the registry.
        make: takes dimensions, size and dropout, gives the network with random weights.
        mean, scale: it sees (pixels - mean) * scale, for red, green, blue in 0 to 255.
        dropout: where none is asked for.
        imagenet: its torchvision weights, as ``ResNet18_Weights.IMAGENET1K_V1``; empty where there are none.
        head: prefix of the names of the last layers, which a file of weights need not fit; empty: the last one's.
        dimensions: of its embedding where it has no other, else None.
        size: side of its input where it takes no other, else None.
        note: where it comes from.
    """

    name: str
    make: Callable[[int, int, float], nn.Module]
    mean: Three
    scale: Three
    dropout: float
    imagenet: str = ""
    head: str = ""
    dimensions: int | None = None
    size: int | None = None
    note: str = ""


def resnet(layers: int, dimensions: int, size: int, dropout: float) -> nn.Module:
    """Torchvision's ResNet with the head of ArcFace's section 3.1 on its last map: BN-Dropout-FC-BN."""
    net: nn.Module = torchvision.models.get_model(f"resnet{layers}")
    channels, side = net.fc.in_features, math.ceil(size / 32)
    net.avgpool = nn.Identity()
    # Torchvision flattens before ``fc``.
    net.fc = nn.Sequential(
        nn.Unflatten(1, (channels, side, side)),
        nn.BatchNorm2d(channels),
        nn.Dropout(dropout),
        nn.Flatten(),
        nn.Linear(channels * side**2, dimensions),
        nn.BatchNorm1d(dimensions),
    )
    return net


def report2_resnet(layers: int, dimensions: int, dropout: float) -> nn.Module:
    """The network of report 2's code: torchvision's ResNet, averaged over its last map, and one linear layer."""
    net: nn.Module = torchvision.models.get_model(f"resnet{layers}")
    last = nn.Linear(net.fc.in_features, dimensions)
    net.fc = nn.Sequential(nn.Dropout(dropout), last) if dropout else last
    return net


def _resnet(layers: int, version: str = "IMAGENET1K_V1") -> BackboneSpec:
    mean = (255 * MEAN[0], 255 * MEAN[1], 255 * MEAN[2])
    scale = (1 / (255 * STD[0]), 1 / (255 * STD[1]), 1 / (255 * STD[2]))
    return BackboneSpec(
        f"resnet{layers}",
        lambda dimensions, size, dropout: resnet(layers, dimensions, size, dropout),
        mean,
        scale,
        dropout=0.4,
        imagenet=f"ResNet{layers}_Weights.{version}",
        head="fc.",
        note=f"torchvision's ResNet{layers} (He and others, CVPR 2016) with BN-Dropout-FC-BN (ArcFace)",
    )


def _report2(layers: int) -> BackboneSpec:
    return BackboneSpec(
        f"report2-resnet{layers}",
        lambda dimensions, _, dropout: report2_resnet(layers, dimensions, dropout),
        (127.5,) * 3,
        (1 / 127.5,) * 3,
        dropout=0.0,
        imagenet=f"ResNet{layers}_Weights.IMAGENET1K_V1",
        head="fc.",
        note=f"report 2's own network: torchvision's ResNet{layers} without its last layer, one linear layer",
    )


BACKBONES = {
    spec.name: spec
    for spec in (
        *(_resnet(layers) for layers in (18, 34, 50, 101)),
        BackboneSpec(
            "mobilefacenet",
            mobilefacenet,
            (127.5,) * 3,
            (1 / 128,) * 3,
            dropout=0.0,
            head="head.",
            note="MobileFaceNet (Chen and others, CCBR 2018)",
        ),
        BackboneSpec(
            "sface",
            lambda *_: SFace(),
            (0.0,) * 3,
            (1.0,) * 3,
            dropout=0.4,
            dimensions=DIMENSIONS,
            size=SIZE,
            note="SFace's network (Zhong and others, IEEE TIP 2021)",
        ),
        *(_report2(layers) for layers in (18, 50, 101)),
    )
}


def find_backbone(name: str) -> BackboneSpec:
    """Return a backbone's entry.

    Raises:
        ModelUnknown: there is none of that name; the message lists those that there are.
    """
    spec = BACKBONES.get(name)
    if spec is None:
        raise ModelUnknown(f"no backbone is called {name!r}", hint=f"known: {', '.join(BACKBONES)}")
    return spec


def build_backbone(
    name: str,
    dimensions: int = 512,
    weights: str | Path | None = None,
    dropout: float | None = None,
    size: int = 112,
) -> nn.Module:
    """Build a backbone: (n, 3, size, size) float32, normalised as its entry says, to (n, dimensions), not normalised.

    Args:
        name: one of ``BACKBONES``.
        dimensions: of the embedding; ``sface`` has 128 only.
        weights: None for random ones, ``imagenet`` for torchvision's, or a file: torchvision's own, a state dict of
            this network (.pth, .safetensors, a run's checkpoint), for ``sface`` also its ONNX file. The last layers
            are taken from a file where they fit.
        dropout: share dropped in the head, 0 to below 1; None for the backbone's own.
        size: side of the input in pixels.

    Raises:
        ModelUnknown: no backbone is called so.
        StudyInvalid: dimensions, dropout or size are out of range, or the backbone takes others only.
        WeightsUnusable: the weights cannot be had or do not fit.
    """
    spec = find_backbone(name)
    _check(spec, dimensions, size, dropout)
    dropout = spec.dropout if dropout is None else dropout
    if weights is None:
        return _with_dropout(spec.make(dimensions, size, dropout), dropout)
    path = Path(weights)
    if str(weights) != IMAGENET and path.suffix == ".onnx":
        return _with_dropout(_from_onnx(spec, path), dropout)
    net = spec.make(dimensions, size, dropout)
    if str(weights) == IMAGENET:
        if not spec.imagenet:
            raise WeightsUnusable(
                f"{name}: torchvision has no weights of it", hint="give a file, or start from random weights"
            )
        state, source = imagenet_state(spec.imagenet)
    else:
        state, source = read_weights(path), path.name
    load_backbone(net, state, spec.head or head_of(net), source)
    return _with_dropout(net, dropout)


def _check(spec: BackboneSpec, dimensions: int, size: int, dropout: float | None) -> None:
    step = 32 if spec.imagenet else STRIDE
    wrong = [
        f"{name} {value}: {spec.name} takes {expected}"
        for name, value, expected, good in (
            ("dimensions", dimensions, spec.dimensions or "1 to 4096", 1 <= dimensions <= 4096),
            ("dimensions", dimensions, spec.dimensions, spec.dimensions in {None, dimensions}),
            ("size", size, spec.size, spec.size in {None, size}),
            ("size", size, f"{step} to 512 pixels", step <= size <= 512),
            ("size", size, f"multiples of {STRIDE}", size % STRIDE == 0),
            ("dropout", dropout, "0 to below 1", dropout is None or 0 <= dropout < 1),
        )
        if not good
    ]
    if wrong:
        raise StudyInvalid(wrong[0])


def _from_onnx(spec: BackboneSpec, path: Path) -> nn.Module:
    if spec.name != "sface":
        raise WeightsUnusable(f"{path}: an ONNX file gives weights to sface only", hint="give .pth or .safetensors")
    try:
        return load_sface(path.read_bytes())
    except (OSError, ValueError, DecodeError) as error:
        raise WeightsUnusable(f"{path}: {error}", hint="make it with python -m tools.weights.sface") from error


def _with_dropout(net: nn.Module, dropout: float) -> nn.Module:
    for module in net.modules():
        if isinstance(module, nn.Dropout):
            module.p = dropout
    return net.train()
