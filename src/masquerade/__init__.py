"""Masquerade sees faces with and without medical masks.

``masquerade.look("photo.jpg")`` finds the faces and tells how each wears a mask;
``masquerade.masks`` draws masks onto faces;
``masquerade.verify("a.jpg", "b.jpg")`` tells whether two photos show one person, masked or not. Names are loaded
on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from masquerade import masks
    from masquerade.errors import MasqueradeError
    from masquerade.faces import Faces, Pose, Search, align_faces, find_faces
    from masquerade.identity import Calibration, Templates, compare, compare_all
    from masquerade.image import read_image
    from masquerade.looking import FaceWearing, Seen, SeenFace, look
    from masquerade.recognising import Verdict, read_templates, templates_of, templates_of_photos, verify
    from masquerade.wearing import Wearing, read_wearing

_HOMES = {
    "Calibration": "identity",
    "Faces": "faces",
    "FaceWearing": "looking",
    "MasqueradeError": "errors",
    "Pose": "faces",
    "Search": "faces",
    "Seen": "looking",
    "SeenFace": "looking",
    "Templates": "identity",
    "Verdict": "recognising",
    "Wearing": "wearing",
    "align_faces": "faces",
    "compare": "identity",
    "compare_all": "identity",
    "find_faces": "faces",
    "look": "looking",
    "read_image": "image",
    "read_templates": "recognising",
    "read_wearing": "wearing",
    "templates_of": "recognising",
    "templates_of_photos": "recognising",
    "verify": "recognising",
}

_ROOMS = ("masks",)
"""Rooms that are public as a whole; importing one makes it a name of the package."""

__all__ = [
    "Calibration",
    "FaceWearing",
    "Faces",
    "MasqueradeError",
    "Pose",
    "Search",
    "Seen",
    "SeenFace",
    "Templates",
    "Verdict",
    "Wearing",
    "align_faces",
    "compare",
    "compare_all",
    "find_faces",
    "look",
    "masks",
    "read_image",
    "read_templates",
    "read_wearing",
    "templates_of",
    "templates_of_photos",
    "verify",
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
