"""Numpy arrays as pictures: checked, and converted to uint8 RGB where they are something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from masquerade.errors import ImageEmpty, ImageInvalid
from masquerade.image.convert import BAND_PIXELS, byte_table, floats_to_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from masquerade.image.limits import Limits
    from masquerade.image.types import Pixels

NAME = "array"
WHOLE = {("u", 1), ("u", 2), ("b", 1)}  # kind and size of a dtype, in whichever byte order
EXPECTED = "shape (h, w), (h, w, 1), (h, w, 3) in RGB order or (h, w, 4) in RGBA order, of uint8, uint16, bool or float"


def check_array(array: NDArray[Any], limits: Limits) -> tuple[int, int]:
    """Return (width, height) of an array that can be taken as picture.

    Raises:
        ImageInvalid: wrong shape or dtype.
        ImageEmpty: no pixels.
        ImageTooLarge: more pixels than ``limits.max_pixels``.
    """
    shape = array.shape
    if len(shape) not in {2, 3} or (len(shape) == 3 and shape[2] not in {1, 3, 4}):
        raise ImageInvalid(f"array of shape {shape}, {array.dtype}; expected {EXPECTED}", hint=_hint(array))
    if array.dtype.kind != "f" and (array.dtype.kind, array.dtype.itemsize) not in WHOLE:
        raise ImageInvalid(f"array of {array.dtype}, shape {shape}; expected {EXPECTED}", hint="convert to uint8")
    if 0 in shape:
        raise ImageEmpty(f"array of shape {shape}; expected at least 1 x 1 pixels")
    limits.check_pixels(shape[1], shape[0], NAME)
    return shape[1], shape[0]


def _hint(array: NDArray[Any]) -> str:
    if array.ndim == 3 and array.shape[0] in {1, 3, 4}:
        return "move the channels last: array.transpose(1, 2, 0)"
    if array.ndim == 4:
        return "give one picture at a time: array[0]"
    if array.ndim == 1 and array.dtype == np.uint8:
        return "for the bytes of a file give array.tobytes()"
    return ""


def from_array(array: NDArray[Any], limits: Limits) -> Pixels:
    """Return the array itself when it is uint8 (h, w, 3) and contiguous, else a converted copy.

    Args:
        array: (h, w), (h, w, 1), (h, w, 3) RGB or (h, w, 4) RGBA; uint8, uint16 (0..65535),
            bool, or float (0..1).
        limits: of which ``max_pixels`` is kept.

    Raises:
        ImageInvalid: wrong shape, dtype or range.
        ImageEmpty: no pixels.
        ImageTooLarge: more pixels than ``limits.max_pixels``.
    """
    width, height = check_array(array, limits)
    if array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] == 3:
        return np.ascontiguousarray(array)
    pixels = np.empty((height, width, 3), np.uint8)
    source = np.asarray(array).reshape(height, width, -1)
    rows = max(1, BAND_PIXELS // width)
    for top in range(0, height, rows):
        band = _to_bytes(source[top : top + rows])
        pixels[top : top + rows] = _on_white(band) if band.shape[2] == 4 else band
    return pixels


def _to_bytes(band: NDArray[Any]) -> NDArray[np.uint8]:
    if band.dtype.itemsize == 2 and band.dtype.kind == "u":
        laid_out: NDArray[np.uint8] = byte_table()[band]
        return laid_out
    if band.dtype == np.bool_:
        return band.astype(np.uint8) * np.uint8(255)
    if band.dtype.kind == "f":
        return floats_to_bytes(band, NAME)
    return np.asarray(band, np.uint8)


def _on_white(band: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay (h, w, 4) on white: colour * alpha + white * (1 - alpha), to the nearest."""
    alpha = band[..., 3:].astype(np.uint16)
    mixed = band[..., :3] * alpha + 255 * (255 - alpha) + 127  # at most 65,152
    laid: NDArray[np.uint8] = (mixed // 255).astype(np.uint8)
    return laid
