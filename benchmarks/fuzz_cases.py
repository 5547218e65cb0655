"""Damaged pictures for the fuzz run: small valid ones of every format, and what is done to them.

Each case is made from (seed, index) alone, so any of them can be made again.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_CASE_BYTES = 2 * 2**20

# ---------------------------------------------------------------- pictures to start from


def seed_pictures() -> dict[str, bytes]:
    """Make a small valid picture of each format and mode, name -> file."""
    y, x = np.mgrid[0:48, 0:64]
    noise = np.random.default_rng(0).integers(0, 40, (48, 64, 3))
    rgb = Image.fromarray(((np.dstack([x * 3, y * 4, x + y]) + noise) % 256).astype(np.uint8))
    alpha = Image.fromarray((x * 4).astype(np.uint8))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    grey16 = Image.fromarray((x * y * 20).astype(np.uint16))
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        **_jpegs(rgb, exif),
        **_pngs(rgb, rgba, grey16, exif),
        **_webps(rgb, rgba, exif),
        **_bmps(rgb, rgba),
        **_tiffs(rgb, rgba, grey16),
        **_heics(rgb, rgba),
    }


def _save(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _jpegs(rgb: Image.Image, exif: Image.Exif) -> dict[str, bytes]:
    return {
        "jpeg": _save(rgb, "JPEG"),
        "jpeg progressive": _save(rgb, "JPEG", progressive=True),
        "jpeg grey": _save(rgb.convert("L"), "JPEG"),
        "jpeg cmyk": _save(rgb.convert("CMYK"), "JPEG"),
        "jpeg exif": _save(rgb, "JPEG", exif=exif, quality=95, subsampling=0, icc_profile=b"x" * 500),
        "jpeg restarts": _save(rgb, "JPEG", restart_marker_blocks=2),
    }


def _pngs(rgb: Image.Image, rgba: Image.Image, grey16: Image.Image, exif: Image.Exif) -> dict[str, bytes]:
    return {
        "png": _save(rgb, "PNG", exif=exif),
        "png alpha": _save(rgba, "PNG"),
        "png palette": _save(rgb.quantize(32), "PNG", transparency=3),
        "png 1 bit": _save(rgb.convert("1"), "PNG"),
        "png grey alpha": _save(rgba.convert("LA"), "PNG"),
        "png 16": _save(grey16, "PNG"),
        "png 16 rgb": png_file(64, 48, 16, 2, np.asarray(rgb).astype(">u2").tobytes()),
        "png interlaced": interlaced_png(np.asarray(rgb)),
        "png animated": _save(rgb, "PNG", save_all=True, append_images=[rgb.rotate(90), rgb]),
    }


def _webps(rgb: Image.Image, rgba: Image.Image, exif: Image.Exif) -> dict[str, bytes]:
    return {
        "webp": _save(rgb, "WEBP", exif=exif),
        "webp lossless": _save(rgba, "WEBP", lossless=True),
        "webp alpha": _save(rgba, "WEBP"),
        "webp animated": _save(rgb, "WEBP", save_all=True, append_images=[rgb.rotate(90)]),
    }


def _bmps(rgb: Image.Image, rgba: Image.Image) -> dict[str, bytes]:
    rows = b"".join(bytes([64, row]) + b"\0\0" for row in range(48)) + b"\0\1"
    palette = b"".join(bytes([i, 255 - i, i // 2, 0]) for i in range(256))
    head = struct.pack("<IiiHHIIiiII", 40, 64, 48, 1, 8, 1, len(rows), 0, 0, 256, 0)
    return {
        "bmp": _save(rgb, "BMP"),
        "bmp alpha": _save(rgba, "BMP"),
        "bmp palette": _save(rgb.quantize(16), "BMP"),
        "bmp 1 bit": _save(rgb.convert("1"), "BMP"),
        "bmp run length": b"BM" + struct.pack("<III", 1078 + len(rows), 0, 1078) + head + palette + rows,
    }


def _tiffs(rgb: Image.Image, rgba: Image.Image, grey16: Image.Image) -> dict[str, bytes]:
    grey = rgb.convert("L")
    return {
        "tiff": _save(rgb, "TIFF"),
        "tiff lzw": _save(rgb, "TIFF", compression="tiff_lzw"),
        "tiff deflate": _save(rgba, "TIFF", compression="tiff_adobe_deflate"),
        "tiff jpeg": _save(rgb, "TIFF", compression="jpeg"),
        "tiff packbits": _save(grey, "TIFF", compression="packbits"),
        "tiff fax": _save(rgb.convert("1"), "TIFF", compression="group4"),
        "tiff pages": _save(rgb, "TIFF", save_all=True, append_images=[grey, rgba]),
        "tiff 16": _save(grey16, "TIFF", compression="tiff_lzw"),
        "tiff float": _save(Image.fromarray(np.asarray(grey, np.float32) / 255), "TIFF"),
        "tiff cmyk": _save(rgb.convert("CMYK"), "TIFF"),
        "tiff lab": _save(rgb.convert("LAB"), "TIFF"),
        "tiff turned": _save(rgb, "TIFF", tiffinfo={0x0112: 6}),
        "tiff big": _save(rgb, "TIFF", big_tiff=True, compression="tiff_lzw"),
    }


def _heics(rgb: Image.Image, rgba: Image.Image) -> dict[str, bytes]:
    try:
        import pillow_heif
    except ImportError:
        return {}
    found = {}
    for name, image in {"heic": rgb, "heic alpha": rgba}.items():
        file = io.BytesIO()
        pillow_heif.from_pillow(image).save(file, quality=50)
        found[name] = file.getvalue()
    return found


def png_chunk(name: bytes, content: bytes) -> bytes:
    """Give a PNG chunk with its right checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_file(width: int, height: int, bits: int, kind: int, rows: bytes, extra: bytes = b"") -> bytes:
    """Give a PNG of unfiltered rows; ``extra`` are chunks before the pixels."""
    stride = len(rows) // height if height else 0
    filtered = b"".join(b"\0" + rows[at : at + stride] for at in range(0, len(rows), stride or 1))
    return _png(struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0), zlib.compress(filtered), extra)


def _png(header: bytes, pixels: bytes, extra: bytes = b"") -> bytes:
    return (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")
    )


def interlaced_png(rgb: np.ndarray[Any, Any]) -> bytes:
    """Give an Adam7 PNG, which Pillow reads and does not write."""
    rows = b""
    for top, left, down, right in (
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    ):
        part = rgb[top::down, left::right]
        rows += b"".join(b"\0" + row.tobytes() for row in part if part.shape[1])
    return _png(struct.pack(">IIBBBBB", rgb.shape[1], rgb.shape[0], 8, 2, 0, 0, 1), zlib.compress(rows))


# ---------------------------------------------------------------- mutations


def _truncate(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytearray:
    return data[: rng.randrange(len(data))]


def _flip_bits(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytearray:
    end = min(len(data), 256) if rng.random() < 0.5 else len(data)
    for _ in range(rng.choice((1, 2, 8, 32))):
        data[rng.randrange(end)] ^= 1 << rng.randrange(8)
    return data


def _swap_head(data: bytearray, rng: random.Random, others: list[bytes]) -> bytearray:
    count = rng.choice((4, 12, 16, 64))
    data[:count] = rng.choice(others)[:count]
    return data


def _overwrite(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytearray:
    at, count = rng.randrange(len(data)), rng.choice((1, 2, 4, 16, 128, 1024))
    count = min(count, len(data) - at)
    data[at : at + count] = rng.choice((bytes(count), b"\xff" * count, rng.randbytes(count)))
    return data


def _splice(data: bytearray, rng: random.Random, others: list[bytes]) -> bytearray:
    other = rng.choice(others)
    return data[: rng.randrange(len(data))] + other[rng.randrange(len(other)) :]


def _huge(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytearray:
    """Set a size, at the place where the format keeps one or anywhere near the start, to something large."""
    places = [at for at in _size_fields(bytes(data)) if at + 4 <= len(data)]
    at = rng.choice(places) if places and rng.random() < 0.8 else rng.randrange(max(1, min(len(data), 512) - 4))
    value = rng.choice((0, 1, 0x7FFF, 0xFFFF, 0x1B58, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, rng.getrandbits(32)))
    kind = rng.choice(("<I", ">I", "<H", ">H"))
    data[at : at + struct.calcsize(kind)] = struct.pack(kind, value & (0xFFFF if "H" in kind else 0xFFFFFFFF))
    return data


def _size_fields(data: bytes) -> list[int]:
    if data.startswith(b"\x89PNG"):
        return [16, 20, 24]
    if data.startswith(b"BM"):
        return [10, 14, 18, 22, 28, 46]
    if data.startswith(b"RIFF"):
        return [4, 16, 21, 24, 26, 27, 28]
    if data.startswith(b"\xff\xd8"):
        return [at + 5 for marker in (b"\xff\xc0", b"\xff\xc2", b"\xff\xda") if (at := data.find(marker)) > 0]
    if data[:2] in {b"II", b"MM"}:
        order = "<" if data[:2] == b"II" else ">"
        directory = struct.unpack_from(f"{order}I", data, 4)[0] if len(data) > 8 else 0
        return [directory + 2 + 12 * entry + part for entry in range(16) for part in (4, 8)]
    return [at + 4 for name in (b"ispe", b"iloc", b"hvcC", b"mdat") if (at := data.find(name)) > 0]


def _duplicate(data: bytearray, rng: random.Random, _others: list[bytes]) -> bytearray:
    """Repeat a chunk, some times very often."""
    start, end = rng.choice(_chunks(bytes(data)) or [(0, len(data))])
    if end <= start or rng.random() < 0.3:
        start = rng.randrange(len(data))
        end = min(len(data), start + rng.choice((4, 12, 100)))
    times = min(rng.choice((1, 1, 2, 50, 2000, 50_000)), MAX_CASE_BYTES // (end - start))
    return data[:end] + data[start:end] * times + data[end:]


def _chunks(data: bytes) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    at = 8 if data.startswith(b"\x89PNG") else 12 if data.startswith(b"RIFF") else 2
    while at + 8 < len(data) and len(found) < 200:
        if data.startswith(b"\x89PNG"):
            end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        elif data.startswith(b"RIFF"):
            end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        elif data.startswith(b"\xff\xd8"):
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        else:
            break
        found.append((at, min(end, len(data))))
        at = end
    return found


MUTATIONS: tuple[Callable[[bytearray, random.Random, list[bytes]], bytearray], ...] = (
    _truncate,
    _flip_bits,
    _flip_bits,
    _swap_head,
    _overwrite,
    _splice,
    _huge,
    _huge,
    _duplicate,
)


def _right_checksums(data: bytes) -> bytes:
    """Correct the checksums of a PNG, so that damage reaches the code behind them."""
    fixed = bytearray(data)
    for start, end in _chunks(data):
        if end - start >= 12 and data.startswith(b"\x89PNG"):
            fixed[end - 4 : end] = struct.pack(">I", zlib.crc32(data[start + 4 : end - 4]))
    return bytes(fixed)


def make_case(seed: int, index: int, pictures: dict[str, bytes]) -> tuple[str, bytes]:
    """Make case ``index`` of the run ``seed``: its name and its bytes."""
    rng = random.Random(f"{seed}:{index}")  # noqa: S311 - reproducible on purpose
    name = rng.choice(sorted(pictures))
    others = list(pictures.values())
    data = bytearray(pictures[name])
    for _ in range(rng.choice((1, 1, 2, 3))):
        if data:
            mutate = rng.choice(MUTATIONS)
            data = mutate(data, rng, others)
            name += f" > {mutate.__name__.strip('_')}"
    return name, _right_checksums(bytes(data)) if rng.random() < 0.5 else bytes(data)
