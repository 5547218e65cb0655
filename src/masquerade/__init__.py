"""Masquerade sees faces with and without medical masks.

``masquerade.look("photo.jpg")`` finds the faces and tells how each wears a mask;
``masquerade.masks`` draws masks onto faces. Names are loaded
on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from masquerade import masks
    from masquerade.errors import MasqueradeError
    from masquerade.faces import Faces, Pose, Search, align_faces, find_faces
    from masquerade.image import read_image
    from masquerade.looking import FaceWearing, Seen, SeenFace, look
    from masquerade.wearing import Wearing, read_wearing

_HOMES = {
    "Faces": "faces",
    "FaceWearing": "looking",
    "MasqueradeError": "errors",
    "Pose": "faces",
    "Search": "faces",
    "Seen": "looking",
    "SeenFace": "looking",
    "Wearing": "wearing",
    "align_faces": "faces",
    "find_faces": "faces",
    "look": "looking",
    "read_image": "image",
    "read_wearing": "wearing",
}

_ROOMS = ("masks",)
"""Rooms that are public as a whole; importing one makes it a name of the package."""

__all__ = [
    "FaceWearing",
    "Faces",
    "MasqueradeError",
    "Pose",
    "Search",
    "Seen",
    "SeenFace",
    "Wearing",
    "align_faces",
    "find_faces",
    "look",
    "masks",
    "read_image",
    "read_wearing",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its room."""
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - takes as long as all the rest

        try:
            return version("masquerade")
        except PackageNotFoundError:
            return "unknown"
    if name in _ROOMS:
        return import_module(f"masquerade.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'masquerade' has no attribute {name!r}")
    value = getattr(import_module(f"masquerade.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*__all__, "__version__"])
