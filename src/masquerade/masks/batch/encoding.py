"""In what format, with what options, a picture is written; and which name says so."""

from __future__ import annotations

import io
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from masquerade.errors import ImageTooLarge

WRITABLE = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
}
"""Suffixes that a masked photo keeps; any other one has ``.png`` added."""

FORMATS: dict[str, dict[str, Any]] = {
    # 4:2:0 whatever the photo had: a classifier must not tell masked photos by finer colours.
    "JPEG": {"quality": 95, "subsampling": "4:2:0"},
    "PNG": {"compress_level": 1},
    "WEBP": {"quality": 95, "method": 2},
}
"""Options of each format; they stand in the manifest."""


def format_of(name: str) -> str:
    """Give Pillow's name of the format that the suffix of a file stands for."""
    return WRITABLE[PurePosixPath(name).suffix.lower()]


def encode(image: NDArray[np.uint8], name: str) -> bytes:
    """Encode a picture in the format that ``name`` stands for.

    Args:
        image: (height, width, 3) uint8 RGB, or (height, width) uint8.
        name: a file name with a suffix of ``WRITABLE``.

    Raises:
        ImageTooLarge: a side too long for the format.
    """
    kind = format_of(name)
    buffer = io.BytesIO()
    try:
        Image.fromarray(image).save(buffer, kind, **FORMATS[kind])
    except (OSError, ValueError) as error:  # in memory, so it is the picture
        size = f"{image.shape[1]} x {image.shape[0]}"
        raise ImageTooLarge(f"{name}: {size} pixels cannot be written as {kind}: {error}") from error
    return buffer.getvalue()
