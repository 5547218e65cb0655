"""What the head of a picture file says: its format, its size, which way is up."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from masquerade.errors import ImageFormatUnknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

SUPPORTED = "JPEG, PNG, WebP, BMP, TIFF or HEIC"
HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II\0*", b"MM*\0", b"II+\0", b"MM\0+")
BMP_HEADER_SIZES = frozenset({12, 40, 52, 56, 64, 108, 124})
KNOWN_BUT_NOT_READ = {
    b"GIF8": "a GIF",
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive",
    b"\x00\x00\x01\x00": "an icon",
    b"8BPS": "a Photoshop file",
    b"\x00\x00\x00\x0cjP  ": "a JPEG 2000",
}
ORIENTATION_TAG = 0x0112


@dataclass(frozen=True, slots=True)
class Header:
    """What is known about a picture without decoding it.

    Attributes:
        format: "JPEG", "PNG", "WEBP", "BMP", "TIFF" or "HEIC"; "ARRAY" or Pillow's name for objects in memory.
        width: of the upright picture, in pixels.
        height: of the upright picture, in pixels.
        orientation: EXIF orientation 1..8 of the stored picture; 1 when there is none or it is broken.
    """

    format: str
    width: int
    height: int
    orientation: int

    @classmethod
    def of_stored(cls, format_name: str, size: tuple[int, int], orientation: int) -> Header:
        """Build from the size as stored, which orientations 5..8 swap."""
        width, height = size if orientation < 5 else size[::-1]
        return cls(format_name, width, height, orientation)


def sniff(data: bytes, name: str) -> str:
    """Return the format that the first bytes show, whatever the file is called.

    Raises:
        ImageFormatUnknown: none of the supported ones.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith(TIFF_MAGIC):
        return "TIFF"
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in BMP_HEADER_SIZES:
        return "BMP"
    if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
        return "HEIC"
    raise ImageFormatUnknown(f"{name}: {_looks_like(data)}, expected {SUPPORTED}", hint="convert it to JPEG or PNG")


def _looks_like(data: bytes) -> str:
    if data[4:8] == b"ftyp":
        return "an AVIF" if data[8:12] in {b"avif", b"avis"} else "a video"
    for magic, what in KNOWN_BUT_NOT_READ.items():
        if data.startswith(magic):
            return what
    return f"begins with {data[:8]!r}"


def webp_size(data: bytes) -> tuple[int, int]:
    """Return (width, height) that the head of a WebP states; (0, 0) when there is none."""
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8 " and len(data) >= 30:
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    return 0, 0


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, start of the content, length) of each chunk of a PNG, as far as they go."""
    at = 8
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], at + 8, length
        at += 12 + length


def png_exif(data: bytes, info: Mapping[str | tuple[int, int], object]) -> bytes:
    """Return the EXIF block of a PNG, which may also stand behind the pixels; empty when there is none."""
    for chunk, start, length in png_chunks(data):
        if chunk == b"eXIf":
            return data[start : start + length]
    return stored_exif(info)


def stored_exif(info: Mapping[str | tuple[int, int], object]) -> bytes:
    """Return the EXIF block in Pillow's ``info``; empty when there is none."""
    block = info.get("exif")
    if isinstance(block, bytes):
        return block
    text = info.get("Raw profile type exif")  # ImageMagick: hexadecimal digits behind three lines
    try:
        return bytes.fromhex("".join(text.split("\n")[3:])) if isinstance(text, str) else b""
    except ValueError:
        return b""


def exif_orientation(block: bytes) -> int:
    """Return orientation 1..8 from an EXIF block; 1 when it is absent, broken or out of range."""
    tiff = block.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 10:
        return 1
    (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
    if directory + 2 > len(tiff):
        return 1
    (count,) = struct.unpack_from(f"{order}H", tiff, directory)
    for at in range(directory + 2, min(directory + 2 + 12 * count, len(tiff) - 11), 12):
        tag, kind, values, value = struct.unpack_from(f"{order}HHIH", tiff, at)
        if tag == ORIENTATION_TAG:
            return valid_orientation(value) if kind == 3 and values == 1 else 1
    return 1


def valid_orientation(value: object) -> int:
    """Return ``value`` when it is an orientation, else 1."""
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def as_stored(upright: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Return a view of the upright picture whose rows and columns run as in the file.

    Writing stored rows into the view turns the picture without a copy.

    Args:
        upright: (height, width, 3).
        orientation: EXIF orientation 1..8.
    """
    swapped = upright.transpose(1, 0, 2)
    views = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: swapped,
        6: np.rot90(upright),
        7: swapped[::-1, ::-1],
        8: np.rot90(upright, -1),
    }
    return views[orientation]
