"""The two ways into a picture: ``read_header`` and ``read_image``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from masquerade.image.arrays import check_array, from_array
from masquerade.image.convert import to_pixels
from masquerade.image.header import ORIENTATION_TAG, Header, exif_orientation, stored_exif, valid_orientation
from masquerade.image.limits import Limits
from masquerade.image.opening import decoding, open_picture, silence_libtiff, silence_pillow
from masquerade.image.sources import read_bytes

if TYPE_CHECKING:
    from masquerade.image.types import ImageSource, Pixels


def read_header(source: ImageSource, limits: Limits | None = None) -> Header:
    """Return format, upright size and orientation without decoding.

    A file is read up to ``limits.max_bytes``, because EXIF may stand at its end.

    Args:
        source: as for ``read_image``; a file object stands behind what was read afterwards.
        limits: the settings' when None.

    Raises:
        ImageError: one of its kinds, as for ``read_image``.
        ExtraMissing: HEIC, and pillow-heif is not installed.
    """
    limits = limits or Limits.from_settings()
    if isinstance(source, np.ndarray):
        return Header("ARRAY", *check_array(source, limits), 1)
    if isinstance(source, Image.Image):
        return _header_of_pillow(source, limits)
    data, name = read_bytes(source, limits)
    return open_picture(data, name, limits).header


def read_image(source: ImageSource, limits: Limits | None = None) -> Pixels:
    """Decode a picture to upright RGB.

    EXIF orientation is applied, transparency is laid on white, 16 bits are scaled to 8, of
    several frames or pages the first is taken. Colour profiles are not applied.

    Args:
        source: path, bytes, binary file object (read from where it stands), numpy array in RGB
            order, or Pillow image.
        limits: the settings' when None.

    Returns:
        (height, width, 3) uint8, C-contiguous. An array that already is that is returned itself.

    Raises:
        ImageNotFound: the path leads nowhere or to something that is not a file.
        ImageUnreadable: the system refuses to read it.
        ImageEmpty: no bytes, or no pixels.
        ImageTooLarge: above ``limits``; nothing has been decoded.
        ImageFormatUnknown: not a supported format.
        ImageDamaged: truncated or broken.
        ImageInvalid: an array or object of the wrong kind, or values out of range.
        ExtraMissing: HEIC, and pillow-heif is not installed.
    """
    limits = limits or Limits.from_settings()
    if isinstance(source, np.ndarray):
        return from_array(source, limits)
    if isinstance(source, Image.Image):
        return _read_pillow(source, limits)
    data, name = read_bytes(source, limits)
    opened = open_picture(data, name, limits)
    with decoding(name, opened.header.format):
        image, orientation = opened.load()
        return to_pixels(image, orientation, name)


def _name_of_pillow(image: Image.Image) -> str:
    return f"Pillow image of mode {image.mode}"


def _header_of_pillow(image: Image.Image, limits: Limits) -> Header:
    limits.check_pixels(*image.size, _name_of_pillow(image))
    kind = image.format or "PILLOW"
    tags = getattr(image, "tag_v2", None)
    if tags is not None:  # a TIFF, whose size Pillow states upright
        return Header(kind, *image.size, valid_orientation(tags.get(ORIENTATION_TAG)))
    return Header.of_stored(kind, image.size, exif_orientation(stored_exif(image.info)))


def _read_pillow(image: Image.Image, limits: Limits) -> Pixels:
    name = _name_of_pillow(image)
    limits.check_pixels(*image.size, name)
    silence_pillow()
    silence_libtiff()
    with decoding(name, image.format or "image"):
        image.load()
        limits.check_pixels(*image.size, name)
        return to_pixels(image, exif_orientation(stored_exif(image.info)), name)
