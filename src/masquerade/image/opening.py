"""From the bytes of a picture file to a checked header and a way to decode it.

Pillow's classes for each format are called directly, not through ``Image.open``: this is the
allow-list, and the limit on pixels is ours alone. ``Image.open`` would warn or fail above
``PIL.Image.MAX_IMAGE_PIXELS``, which is one global of the process and not ours to change.
"""

from __future__ import annotations

import ctypes
import io
import logging
import struct
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from PIL import _imaging
from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from masquerade.errors import ExtraMissing, ImageDamaged, ImageFormatUnknown, MasqueradeError
from masquerade.image.guards import check_jpeg, check_png, check_tiff
from masquerade.image.header import (
    ORIENTATION_TAG,
    Header,
    exif_orientation,
    png_exif,
    sniff,
    stored_exif,
    valid_orientation,
    webp_size,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL import Image, ImageFile

    from masquerade.image.limits import Limits

# Pillow logs some errors that it also raises; without any handler Python prints them to stderr.
logging.getLogger("PIL").addHandler(logging.NullHandler())

UNSUPPORTED = ("unsupported", "unknown pixel mode", "not yet supported", "not supported")


class _Jpeg(JpegImageFile):
    """A JPEG without the density in its EXIF block, whose reading warns when the block is broken."""

    def _read_dpi_from_exif(self) -> None:
        return


class _Tiff(TiffImageFile):
    """A TIFF that is decoded whatever Pillow's own limit says: ours has been checked."""

    def load_prepare(self) -> None:
        if self._im is None:
            self.im = _imaging.new(self.mode, self._tile_size)
        super().load_prepare()


class _ShortFirstRead(io.BytesIO):
    """Bytes whose first read ends early, as those of a pipe may.

    Pillow compares the size of a WebP with its own limit when the first read gives all of the
    head. Ours has been checked by then.
    """

    short = True

    def read(self, size: int | None = -1, /) -> bytes:
        """Read; the first time that a number of bytes is asked for, at most 16."""
        if self.short and size is not None and size > 0:
            self.short, size = False, 16
        return super().read(size)


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture whose header has been read and found within the limits.

    Attributes:
        name: what to call it in messages.
        header: what it says about itself.
        load: decodes it to a Pillow image, and gives the orientation that remains to be applied.
    """

    name: str
    header: Header
    load: Callable[[], tuple[Image.Image, int]]


@contextmanager
def decoding(name: str, what: str) -> Iterator[None]:
    """Turn whatever a decoder raises into ImageDamaged or ImageFormatUnknown.

    Args:
        name: of the picture.
        what: format, for the message.
    """
    try:
        yield
    except MasqueradeError:
        raise
    # Foreign decoders raise anything on hostile bytes: OSError, SyntaxError, struct.error, MemoryError ...
    except Exception as error:
        raise _typed(name, what, error) from error


def _typed(name: str, what: str, error: Exception) -> ImageDamaged | ImageFormatUnknown:
    reason = str(error) or type(error).__name__
    if isinstance(error, struct.error) or isinstance(error.__cause__, struct.error):
        reason = "truncated in the middle of a header"
    if any(sign in reason.lower() for sign in UNSUPPORTED):
        return ImageFormatUnknown(
            f"{name}: a {what} of a kind that is not read: {reason}", hint="convert it to JPEG or 8-bit PNG"
        )
    return ImageDamaged(
        f"{name}: the {what} is damaged: {reason}, expected a whole file", hint="fetch or export it again"
    )


def open_picture(data: bytes, name: str, limits: Limits) -> Opened:
    """Read the header of a picture file.

    Args:
        data: all bytes of the file.
        name: what to call it in messages.
        limits: of which ``max_pixels`` is kept.

    Raises:
        ImageFormatUnknown: not a supported format.
        ImageTooLarge: more pixels than ``limits.max_pixels``.
        ImageDamaged: the header is broken, or the structure is out of all proportion.
        ExtraMissing: HEIC, and pillow-heif is not installed.
    """
    kind = sniff(data, name)
    with decoding(name, kind):
        if kind == "HEIC":
            return _open_heic(data, name, limits)
        if kind == "TIFF":
            return _open_tiff(data, name, limits)
        image = _OPENERS[kind](data, name, limits)
        limits.check_pixels(*image.size, name)
        block = png_exif(data, image.info) if kind == "PNG" else stored_exif(image.info)
        orientation = exif_orientation(block)
        header = Header.of_stored(kind, image.size, orientation)
        return Opened(name, header, lambda: (loaded(image), orientation))


def loaded(image: ImageFile.ImageFile) -> Image.Image:
    """Decode; refuse a picture whose size turns out to be another than its header said."""
    size = image.size
    image.load()
    if image.size != size:
        raise ValueError(f"{image.width} x {image.height} pixels, the header says {size[0]} x {size[1]}")
    return image


def _open_jpeg(data: bytes, _name: str, _limits: Limits) -> ImageFile.ImageFile:
    check_jpeg(data)
    return _Jpeg(io.BytesIO(data))


def _open_png(data: bytes, _name: str, _limits: Limits) -> ImageFile.ImageFile:
    check_png(data)
    silence_pillow()
    return PngImageFile(io.BytesIO(data))


def _open_bmp(data: bytes, _name: str, _limits: Limits) -> ImageFile.ImageFile:
    return BmpImageFile(io.BytesIO(data))


def _open_webp(data: bytes, name: str, limits: Limits) -> ImageFile.ImageFile:
    limits.check_pixels(*webp_size(data), name)  # opening allocates the canvas
    return WebPImageFile(_ShortFirstRead(data))


_OPENERS = {"JPEG": _open_jpeg, "PNG": _open_png, "BMP": _open_bmp, "WEBP": _open_webp}


def _open_tiff(data: bytes, name: str, limits: Limits) -> Opened:
    check_tiff(data, limits, name)
    silence_pillow()
    silence_libtiff()
    image = _Tiff(io.BytesIO(data))
    limits.check_pixels(*image.size, name)
    # Pillow turns a TIFF upright itself, and states the turned size.
    orientation = valid_orientation(image.tag_v2.get(ORIENTATION_TAG))
    return Opened(name, Header("TIFF", *image.size, orientation), lambda: (loaded(image), 1))


def _open_heic(data: bytes, name: str, limits: Limits) -> Opened:
    try:
        import pillow_heif  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ExtraMissing.of(f"{name}: a HEIC, and pillow-heif is not installed", "heic") from error
    file = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
    width, height = file.size
    limits.check_pixels(width, height, name)

    def load() -> tuple[Image.Image, int]:
        image: Image.Image = file.to_pillow()
        limits.check_pixels(*image.size, name)
        return image, 1

    # libheif applies the rotation of the container; the EXIF block only repeats it.
    return Opened(name, Header("HEIC", width, height, 1), load)


_filters: list[object] = []


def silence_pillow() -> None:
    """Keep Pillow's remarks on broken TIFF tags and animated PNGs from the user.

    ``warnings.catch_warnings`` is not safe with threads: two that overlap may leave each other's
    filters behind for good. So one narrow filter is put first and stays.
    """
    if not (_filters and warnings.filters and warnings.filters[0] is _filters[0]):
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.(Tiff|Png)ImagePlugin$")
        _filters[:] = warnings.filters[:1]


@lru_cache(maxsize=1)
def silence_libtiff() -> None:
    """Keep libtiff from printing errors to stderr: Pillow reports them as exceptions too."""
    try:
        library = ctypes.CDLL(_imaging.__file__)  # a lookup there also finds the libtiff that it is linked with
        library.TIFFSetErrorHandler(None)
    except (OSError, AttributeError, TypeError):  # linked statically: it prints, nothing else
        return
