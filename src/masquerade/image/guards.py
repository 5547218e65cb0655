"""Refuses files that are small on disk and cost a decoder minutes or gigabytes.

Pillow checks the pixel count only. A JPEG with a million empty scans, a PNG with millions of
empty chunks or a TIFF with one gigantic tile passes that check; these functions look at the
structure of the file first. They read a few hundred bytes of an ordinary picture.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from masquerade.image.header import png_chunks

if TYPE_CHECKING:
    from masquerade.image.limits import Limits

MAX_SCANS = 100  # encoders write 10, optimisers up to about 60; on 50 megapixels each takes 0.1 s
MAX_SEGMENTS = 10_000  # a large colour profile and a panorama's metadata take hundreds
MAX_JUNK = 65_536  # bytes between segments
MAX_CHUNKS = 50_000  # 50 megapixels in pieces of 8 KB are 20,000
MAX_TAGS = 4_096
MAX_STRIPS = 262_144  # 50 megapixels in tiles of 16 x 16 are 195,000
STRIP_TAGS = frozenset({273, 279, 324, 325})
TILE_WIDTH_TAG, TILE_HEIGHT_TAG = 322, 323
MARKER = re.compile(rb"\xff[^\x00\xff]")
SCAN_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9


class Hostile(ValueError):
    """The structure of a file is out of all proportion; the text says how."""


def check_jpeg(data: bytes) -> None:
    """Raise Hostile for too many scans or segments, or too much junk between them."""
    many_scans = data.count(b"\xff\xda") > MAX_SCANS  # by chance also in metadata: then count exactly
    at, segments, scans, junk = 2, 0, 0, 0
    while (found := MARKER.search(data, at)) is not None:
        segments, junk = segments + 1, junk + found.start() - at
        if segments > MAX_SEGMENTS or junk > MAX_JUNK:
            raise Hostile(f"over {MAX_SEGMENTS} segments or {MAX_JUNK} bytes between them")
        marker = data[found.end() - 1]
        at = found.end()
        if marker == END_OF_IMAGE:
            return
        if marker not in BARE_MARKERS:
            at += max(2, int.from_bytes(data[at : at + 2], "big"))
        if marker == START_OF_SCAN:
            scans += 1
            if not many_scans:
                return
            if scans > MAX_SCANS:
                raise Hostile(f"over {MAX_SCANS} scans")
            end = SCAN_END.search(data, at)
            at = end.start() if end else len(data)
    if scans == 0 and len(data) - at > MAX_JUNK:
        raise Hostile("no picture data")


def check_png(data: bytes) -> None:
    """Raise Hostile for too many chunks."""
    for count, (chunk, _, _) in enumerate(png_chunks(data)):
        if count >= MAX_CHUNKS:
            raise Hostile(f"over {MAX_CHUNKS} chunks")
        if chunk == b"IEND":
            return


def check_tiff(data: bytes, limits: Limits, name: str) -> None:
    """Look through the first directory of a TIFF.

    Raises:
        Hostile: too many tags or strips.
        ImageTooLarge: a tile with more pixels than a picture may have.
    """
    tile = [1, 1]
    for tag, values, value in _tiff_entries(data):
        if tag in STRIP_TAGS and values > MAX_STRIPS:
            raise Hostile(f"{values} strips or tiles, expected at most {MAX_STRIPS}")
        if tag in {TILE_WIDTH_TAG, TILE_HEIGHT_TAG}:
            tile[tag - TILE_WIDTH_TAG] = max(1, value)
    limits.check_pixels(tile[0], tile[1], f"{name}, one tile of it")


def _tiff_entries(data: bytes) -> list[tuple[int, int, int]]:
    """Return (tag, number of values, first value) of each entry that is there."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2] == 43
    at = _number(data, 8 if big else 4, order, "Q" if big else "I")
    count = _number(data, at, order, "Q" if big else "H")
    if count > MAX_TAGS:
        raise Hostile(f"{count} tags, expected at most {MAX_TAGS}")
    start, size = at + (8 if big else 2), 20 if big else 12
    entries = []
    for entry in range(start, min(start + count * size, len(data) - size + 1), size):
        tag, kind = struct.unpack_from(f"{order}HH", data, entry)
        values = _number(data, entry + 4, order, "Q" if big else "I")
        value = _number(data, entry + (12 if big else 8), order, {1: "B", 3: "H", 16: "Q"}.get(kind, "I"))
        entries.append((tag, values, value))
    return entries


def _number(data: bytes, at: int, order: str, kind: str) -> int:
    """Return one number; 0 when the file ends before."""
    if at + struct.calcsize(order + kind) > len(data):
        return 0
    return int(struct.unpack_from(order + kind, data, at)[0])
