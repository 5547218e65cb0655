"""SFace as a torch network: the product's embedder starts from its weights.

A MobileNet (Howard and others, 2017) of 13 blocks at 112 pixels with PReLU, and one dense layer over its last map; Zhong
and others, "SFace: Sigmoid-constrained hypersphere loss for robust face recognition", IEEE TIP 2021.
"""

from __future__ import annotations

import copy

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

SIZE = 112
DIMENSIONS = 128
MEAN, SCALE = 127.5, 1 / 128
"""Pixels 0 to 255 are shifted and scaled by these before the first layer."""
BLOCKS = (
    *((32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2)),
    *((512, 512, 1),) * 5,
    *((512, 1024, 2), (1024, 1024, 1)),
)
"""Channels in, channels out and stride of each block."""


class Step(nn.Sequential):
    """A convolution with batch normalisation and PReLU."""

    def __init__(self, inner: int, outer: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        """Make one of so many channels in and out."""
        super().__init__(
            nn.Conv2d(inner, outer, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outer, eps=1e-3),
            nn.PReLU(outer),
        )


class SFace(nn.Module):
    """The network: (n, 3, 112, 112) pixels, RGB, 0 to 255, to templates (n, 128) that are not normalised."""

    def __init__(self) -> None:
        """Make it with random weights."""
        super().__init__()
        steps = [Step(3, 32, 3)]
        for inner, outer, stride in BLOCKS:
            steps += [Step(inner, inner, 3, stride, inner), Step(inner, outer, 1)]
        self.steps = nn.Sequential(*steps)
        self.last_map = nn.BatchNorm2d(BLOCKS[-1][1], eps=2e-5)
        self.dropout = nn.Dropout(0.4)
        self.dense = nn.Linear(BLOCKS[-1][1] * 49, DIMENSIONS)
        self.template = nn.BatchNorm1d(DIMENSIONS, eps=2e-5)

    def forward(self, pixels: Tensor) -> Tensor:
        """Map faces to templates."""
        return self.head(self.steps((pixels - MEAN) * SCALE))

    def head(self, last: Tensor) -> Tensor:
        """Map the last map (n, 1024, 7, 7) to templates."""
        flat = self.dropout(self.last_map(last)).flatten(1)
        # Under autocast the sum over 50,176 numbers stays exact.
        with torch.autocast("cpu", enabled=False):
            return self.template(self.dense(flat.float()))


def load_sface(content: bytes) -> SFace:
    """Carry the weights of the folded ONNX file (``tools.weights.sface``) over.

    Raises:
        ValueError: the file is another network's.
    """
    arrays = {item.name: numpy_helper.to_array(item) for item in onnx.load_from_string(content).graph.initializer}
    net = SFace()
    names = ["conv_1", *(name for block in range(2, 15) for name in (f"conv_{block}_dw", f"conv_{block}"))]
    try:
        for step, name in zip(net.steps, names, strict=True):
            convolution, norm, bend = step.children()
            _set(convolution.weight, arrays[f"{name}_conv2d_weight_reshaped"])
            _set_norm(norm, arrays, f"{name}_batchnorm")
            _set(bend.weight, arrays[f"{name}_relu_gamma"].reshape(-1))
        _set_norm(net.last_map, arrays, "bn1")
        _set(net.dense.weight, arrays["pre_fc1_weight_dequantized"])
        _set(net.dense.bias, arrays["pre_fc1_bias_dequantized"])
        _set_norm(net.template, arrays, "fc1")
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"not SFace as tools.weights.sface folds it: {error}") from error
    return net.eval()


def _set(target: Tensor, values: np.ndarray) -> None:
    with torch.no_grad():
        target.copy_(torch.from_numpy(np.array(values)))


def _set_norm(norm: nn.Module, arrays: dict[str, np.ndarray], name: str) -> None:
    for target, part in (("weight", "gamma"), ("bias", "beta"), ("running_mean", "moving_mean")):
        _set(getattr(norm, target), arrays[f"{name}_{part}"])
    _set(norm.running_var, arrays[f"{name}_moving_var"])  # type: ignore[arg-type]


class Bend(nn.Module):
    """PReLU with slope s as ``s x + relu((1 - s) x)``, or ``s x + (1 - s) relu(x)`` where a slope passes 1.

    ONNX Runtime keeps convolutions in a blocked layout, out of which its PReLU falls (docs/decisions/0003).
    """

    def __init__(self, slope: Tensor) -> None:
        """Take the slope of each channel (n,)."""
        super().__init__()
        count = len(slope)
        self.through = nn.Conv2d(count, count, 1, groups=count, bias=False)
        self.rest = nn.Conv2d(count, count, 1, groups=count, bias=False)
        self.before = bool(slope.max() <= 1)
        _set(self.through.weight, slope.detach().numpy().reshape(-1, 1, 1, 1))
        _set(self.rest.weight, 1 - slope.detach().numpy().reshape(-1, 1, 1, 1))

    def forward(self, values: Tensor) -> Tensor:
        """Bend (n, c, h, w)."""
        bent = self.rest(values).relu() if self.before else self.rest(values.relu())
        return self.through(values) + bent


def folded(net: SFace) -> SFace:
    """A copy whose batch normalisation is folded into the convolutions, with the statistics that it has."""
    ready = copy.deepcopy(net).eval()
    for step in ready.steps:
        if not isinstance(step[1], nn.Identity):
            step[0], step[1] = fuse_conv_bn_eval(step[0], step[1]), nn.Identity()
    return ready


def deployed(net: SFace) -> SFace:
    """A copy for ONNX Runtime: folded, and with PReLU as it likes it."""
    ready = folded(net)
    for step in ready.steps:
        step[2] = Bend(step[2].weight)
    return ready
