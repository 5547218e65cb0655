"""What the study needs beyond the base install."""

from __future__ import annotations

from importlib.util import find_spec

from masquerade.errors import ExtraMissing

NEEDED = ("torch", "torchvision", "onnx", "safetensors", "tensorboard", "matplotlib")


def require_extra() -> None:
    """Do nothing where the extra ``[train]`` is installed.

    Raises:
        ExtraMissing: it is not, or not all of it; names what is missing.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ExtraMissing.of(f"training needs {', '.join(missing)}", "train")
