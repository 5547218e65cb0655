"""Small pictures for the tests: valid, hand-made and hostile."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Encode with Pillow."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def gradient(height: int = 24, width: int = 32) -> NDArray[np.uint8]:
    """Return a smooth picture without any symmetry, (height, width, 3)."""
    y, x = np.mgrid[0:height, 0:width]
    return np.dstack([x * 255 // width, y * 255 // height, (x + 2 * y) * 255 // (width + 2 * height)]).astype(np.uint8)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(
    width: int, height: int, bits: int, kind: int, rows: list[bytes], before: bytes = b"", after: bytes = b""
) -> bytes:
    """A PNG of unfiltered rows, with chunks before and after the pixels; rows need not fit the header."""
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", pixels) + after + chunk(b"IEND", b"")


def exif_block(orientation: int, order: str = "<") -> bytes:
    """An EXIF block (without "Exif\\0\\0") with nothing but an orientation."""
    head = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    return head + struct.pack(f"{order}IH", 8, 1) + entry + bytes(4)


def bmp_header(width: int, height: int) -> bytes:
    """A BMP that claims a size and has 100 bytes of pixels."""
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<III", 154, 0, 54) + info + bytes(100)


def tiff(tags: dict[int, tuple[int, int, int]], pixels: bytes = b"") -> bytes:
    """A little-endian TIFF from tag -> (type, count, value); pixels stand at byte 8."""
    entries = b"".join(
        struct.pack("<HHII", tag, kind, count, value) for tag, (kind, count, value) in sorted(tags.items())
    )
    return b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels + struct.pack("<H", len(tags)) + entries + bytes(4)


def grey_tiff_tags(width: int, height: int, **changes: tuple[int, int, int]) -> dict[int, tuple[int, int, int]]:
    """Tags of an uncompressed 8-bit grey TIFF; changes are named t256 and so on."""
    tags = {
        256: (4, 1, width),
        257: (4, 1, height),
        258: (3, 1, 8),
        259: (3, 1, 1),
        262: (3, 1, 1),
        273: (4, 1, 8),
        277: (3, 1, 1),
        278: (4, 1, height),
        279: (4, 1, width * height),
    }
    return {**tags, **{int(name[1:]): value for name, value in changes.items()}}
