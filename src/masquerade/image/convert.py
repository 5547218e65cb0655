"""From a decoded Pillow image of any mode to upright RGB, a band of rows at a time.

Bands stay in the cache of the core: this is three times as fast as converting the picture in one
piece, and the only full-size memory beside the decoder's is the result.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from masquerade.errors import ImageInvalid
from masquerade.image.header import as_stored

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from masquerade.image.types import Pixels

BAND_PIXELS = 2**18
WITH_ALPHA = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
WITH_KEY = frozenset({"1", "L", "P", "RGB"})
BITS_TAG, PHOTOMETRIC_TAG = 258, 262


def to_pixels(image: Image.Image, orientation: int, name: str) -> Pixels:
    """Convert a decoded image.

    Args:
        image: of any mode that Pillow converts.
        orientation: EXIF orientation 1..8 to apply.
        name: for messages.

    Returns:
        (height, width, 3) uint8, upright, in memory of its own.

    Raises:
        ImageInvalid: 32-bit values outside of the range that can be shown.
    """
    width, height = image.size
    pixels = np.empty((height, width, 3) if orientation < 5 else (width, height, 3), np.uint8)
    stored = as_stored(pixels, orientation)
    convert = _converter(image, name)
    # Pillow compares even a crop with its global limit on pixels.
    rows = max(1, min(BAND_PIXELS, Image.MAX_IMAGE_PIXELS or BAND_PIXELS) // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        stored[top:bottom] = convert(image.crop((0, top, width, bottom)))
    return pixels


def _converter(image: Image.Image, name: str) -> Callable[[Image.Image], NDArray[np.uint8]]:
    """Return what turns a band into (rows, width, 3) or (rows, width, 1) uint8."""
    mode = image.mode
    if mode.startswith("I;16"):
        table, key = _grey16_table(image), image.info.get("transparency")
        return lambda band: _grey16(band, table, key)
    if mode == "I":
        return lambda band: _integers(band, name)
    if mode == "F":
        return lambda band: _floats(band, name)
    if mode in WITH_ALPHA or (mode in WITH_KEY and "transparency" in image.info):
        return _on_white
    target = "L" if mode in {"1", "L"} else "RGB"
    return lambda band: _opaque(band, target)


def _opaque(band: Image.Image, mode: str) -> NDArray[np.uint8]:
    values = np.asarray(band if band.mode == mode else band.convert(mode))
    return values if mode == "RGB" else values[..., None]


def _on_white(band: Image.Image) -> NDArray[np.uint8]:
    key = band.info.get("transparency")
    if isinstance(key, tuple) and max(key) > 255:  # of a 16-bit PNG, of which Pillow keeps the high bytes
        band.info["transparency"] = tuple(value >> 8 for value in key)
    band = band if band.mode != "La" else band.convert("LA")
    rgba = band.convert("RGBA")
    paper = Image.new("RGB", band.size, (255, 255, 255))
    paper.paste(rgba, (0, 0), rgba)
    return np.asarray(paper)


@lru_cache(maxsize=4)
def byte_table(white: int = 65535, *, inverted: bool = False) -> NDArray[np.uint8]:
    """Return (65536,) uint8: for each 16-bit value, value / white * 255 to the nearest.

    For 16-bit values this is division by 257.
    """
    values = np.minimum(np.arange(65536), white)
    table = (values * 255 + white // 2) // white
    return (255 - table if inverted else table).astype(np.uint8)


def _grey16_table(image: Image.Image) -> NDArray[np.uint8]:
    """Choose the table: a TIFF may hold 12-bit values in 16, or have 0 as white."""
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    white = 4095 if tags.get(BITS_TAG) == (12,) else 65535
    return byte_table(white, inverted=tags.get(PHOTOMETRIC_TAG) == 0)


def _grey16(band: Image.Image, table: NDArray[np.uint8], key: object) -> NDArray[np.uint8]:
    values: NDArray[np.uint16] = np.asarray(band)
    grey = table[values]
    if isinstance(key, int):
        grey[values == key] = 255
    return grey[..., None]


def _integers(band: Image.Image, name: str) -> NDArray[np.uint8]:
    values: NDArray[np.int32] = np.asarray(band)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise ImageInvalid(f"{name}: 32-bit integers {low} to {high}, expected 0 to 65535", hint="scale them")
    return byte_table()[values][..., None]


def _floats(band: Image.Image, name: str) -> NDArray[np.uint8]:
    return floats_to_bytes(np.asarray(band), name)[..., None]


def floats_to_bytes(values: NDArray[Any], name: str) -> NDArray[np.uint8]:
    """Return floats of 0 to 1 as uint8 of the same shape.

    Raises:
        ImageInvalid: a value is outside, or not a number.
    """
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):  # also when either is NaN
        raise ImageInvalid(f"{name}: floats {low:g} to {high:g}, expected 0 to 1", hint="divide by the largest value")
    # A scalar of 32 bits, so that half precision is not computed in itself.
    scaled: NDArray[np.uint8] = np.rint(values * np.float32(255)).astype(np.uint8)
    return scaled
