"""The networks that can be trained: how each is built, what it sees of a face, where its weights come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
import torchvision
from torch import nn

from masquerade.errors import ModelUnknown, StudyInvalid
from masquerade.training.networks import MEAN, STD, small_net
from masquerade.training.study.plan import ALIASES
from masquerade.training.study.weights import imagenet_state, load_backbone, read_weights


@dataclass(frozen=True, slots=True)
class View:
    """What a network sees of a face.

    Attributes:
        crop: ``square`` around the box, or ``stretch``: the box itself, squashed into a square.
        margin: room on each side, as a share of the box's longer side (``stretch``: of each side).
        mean, std: normalisation of pixels in 0 to 1, for each of red, green, blue.
    """

    crop: str
    margin: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


REPORT_VIEW = View("stretch", 0.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
MODERN_VIEW = View("square", 0.25, MEAN, STD)


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """One network.

    Attributes:
        name: its name in the registry.
        make: gives the network with so many outputs, random weights.
        view: what it sees of a face.
        size: side of its input in pixels, where recipe and plan do not say.
        fixed: whether it takes no other size.
        channels_last: whether it is faster with its channels last in memory; 4 channels are twice as slow that way.
        imagenet: its torchvision weights, as ``MobileNet_V2_Weights.IMAGENET1K_V1``; empty where it starts from random
            ones.
        faithful: outputs in report 1's code, or None where the report has no such network.
        note: where it comes from.
    """

    name: str
    make: Callable[[int], nn.Module]
    view: View
    size: int
    fixed: bool = False
    channels_last: bool = True
    imagenet: str = ""
    faithful: int | None = None
    note: str = ""


def report_cnn(outputs: int) -> nn.Module:
    """The network that report 1 built by hand: two convolutions of 4 channels, one linear layer, for 224 pixels."""
    layers: list[nn.Module] = []
    for inputs in (3, 4):
        layers += [nn.Conv2d(inputs, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * 56 * 56, outputs))


def resnet34(outputs: int) -> nn.Module:
    """Torchvision's ResNet34 (He and others, CVPR 2016)."""
    return cast(nn.Module, torchvision.models.resnet34(num_classes=outputs))


def mobilenetv2(outputs: int) -> nn.Module:
    """Torchvision's MobileNetV2 (Sandler and others, CVPR 2018)."""
    return cast(nn.Module, torchvision.models.mobilenet_v2(num_classes=outputs))


def product(outputs: int) -> nn.Module:
    """The network of the packaged wearing model, with a logit a label."""
    return small_net(outputs=outputs)


NETWORKS = {
    spec.name: spec
    for spec in (
        NetworkSpec("report-cnn", report_cnn, REPORT_VIEW, 224, fixed=True, faithful=10, note="report 1's own network"),
        NetworkSpec(
            "report-resnet34",
            resnet34,
            REPORT_VIEW,
            224,
            imagenet="ResNet34_Weights.IMAGENET1K_V1",
            faithful=1000,
            note="torchvision's ResNet34, all layers trained, without normalisation, as in report 1",
        ),
        NetworkSpec(
            "mobilenetv2",
            mobilenetv2,
            MODERN_VIEW,
            112,
            imagenet="MobileNet_V2_Weights.IMAGENET1K_V1",
            note="torchvision's MobileNetV2",
        ),
        NetworkSpec("product", product, MODERN_VIEW, 80, note="the network of the packaged wearing model"),
    )
}


def find_spec(name: str) -> NetworkSpec:
    """Return a network's entry by its name or short name.

    Raises:
        ModelUnknown: there is none; the message lists those that there are.
    """
    found = NETWORKS.get(ALIASES.get(name, name))
    if found is None:
        known = [*NETWORKS, *(f"{alias} (for {full})" for alias, full in ALIASES.items())]
        raise ModelUnknown(f"no network is called {name!r}; known: {', '.join(known)}")
    return found


def input_size(spec: NetworkSpec, wished: int | None) -> int:
    """Side of the input in pixels: the wished one, else the network's own.

    Raises:
        StudyInvalid: the network takes only its own.
    """
    if spec.fixed and wished not in {None, spec.size}:
        raise StudyInvalid(f"size {wished}: {spec.name} takes {spec.size} pixels only")
    return wished or spec.size


def output_count(spec: NetworkSpec, classes: int, faithful: bool) -> int:
    """Outputs of the last layer: one a class, or as many as in report 1's code.

    Raises:
        StudyInvalid: report 1 has no such network.
    """
    if not faithful:
        return classes
    if spec.faithful is None:
        reports = ", ".join(name for name, other in NETWORKS.items() if other.faithful is not None)
        raise StudyInvalid(f"faithful: report 1 has no {spec.name}; it has {reports}")
    return spec.faithful


def build_network(spec: NetworkSpec, outputs: int, weights: Path | None, random: bool) -> tuple[nn.Module, str]:
    """Build a network and give it the weights to start from.

    Args:
        spec: its entry.
        outputs: of its last layer.
        weights: file of weights, or None for the network's own.
        random: take random weights, whatever the network's own are.

    Returns:
        The network, and where its weights come from, in words.

    Raises:
        WeightsUnusable: the weights cannot be had or do not fit.
    """
    net = spec.make(outputs)
    if random or (weights is None and not spec.imagenet):
        return net, "random weights"
    if weights is not None:
        load_backbone(net, read_weights(weights), head_of(net), weights.name)
        return net, f"weights of the file {weights.name}"
    state, source = imagenet_state(spec.imagenet)
    load_backbone(net, state, head_of(net), source)
    return net, f"ImageNet weights of torchvision (BSD-3-Clause), {source}"


def memory_format(spec: NetworkSpec) -> torch.memory_format:
    """How the network's weights and its batches lie in memory."""
    return torch.channels_last if spec.channels_last else torch.contiguous_format


def head_of(net: nn.Module) -> str:
    """Prefix of the names of the last layer's weights."""
    return [name for name, module in net.named_modules() if isinstance(module, nn.Linear)][-1] + "."


def parameter_count(net: nn.Module) -> int:
    """Count the parameters that are trained."""
    return sum(parameter.numel() for parameter in net.parameters() if parameter.requires_grad)


def has_bf16() -> bool:
    """Tell whether this processor multiplies bfloat16 in hardware, without which it is slower than float32."""
    able: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
