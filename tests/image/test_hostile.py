"""Hostile, broken and foreign files are refused, quickly, with the right error."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.fuzz_cases import make_case, seed_pictures
from benchmarks.fuzz_images import main, run, table
from masquerade.errors import (
    ImageDamaged,
    ImageEmpty,
    ImageError,
    ImageFormatUnknown,
    ImageTooLarge,
)
from masquerade.image import Limits, read_header, read_image
from masquerade.image.guards import MAX_CHUNKS, MAX_SCANS
from masquerade.image.limits import MAX_SIDE
from tests.image.pictures import bmp_header, chunk, encoded, gradient, grey_tiff_tags, png, tiff

PICTURE = Image.fromarray(gradient())
LARGE = Image.fromarray(gradient(200, 300))
JPEG = encoded(PICTURE, "JPEG")
PROGRESSIVE = encoded(PICTURE, "JPEG", progressive=True)
LAST_SCAN = PROGRESSIVE[PROGRESSIVE.rindex(b"\xff\xda") : -2]
HUGE_WEBP = b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff" + bytes(8)


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.jpg", JPEG)
    return file.getvalue()


def tiff_with_many_tags() -> bytes:
    return b"II*\0\x08\0\0\0" + struct.pack("<H", 65535) + struct.pack("<HHII", 300, 3, 1, 1) * 65535


def half(image: Image.Image, kind: str, **options: str) -> bytes:
    data = encoded(image, kind, **options)
    return data[: len(data) // 2]


def label(value: object) -> str:
    return value if isinstance(value, str) else value.__name__ if isinstance(value, type) else "data"


TOO_LARGE = [
    # a BMP that claims 60000 x 60000
    (bmp_header(60_000, 60_000), ImageTooLarge, "60000 x 60000 = 3,600,000,000 pixels, expected at most"),
    # a BMP with the largest height, upside down
    (bmp_header(3, -(2**31) + 1), ImageError, "."),
    # a PNG with a huge header
    (png(2**31 - 1, 2**31 - 1, 8, 2, [b"abc"]), ImageTooLarge, "2147483647 x 2147483647"),
    # a JPEG with the largest size there is
    (JPEG.replace(struct.pack(">HH", 24, 32), b"\xff\xdc\xff\xdc"), ImageTooLarge, "65500 x 65500"),
    # a WebP canvas of 16,777,216 x 16,777,216
    (HUGE_WEBP, ImageTooLarge, "16777216 x 16777216"),
    # a TIFF that claims 2 gigapixels
    (tiff(grey_tiff_tags(50_000, 40_000), bytes(16)), ImageTooLarge, "50000 x 40000"),
    # few pixels in all, in one long line
    (png(50_000_000, 1, 8, 0, [b"a"]), ImageTooLarge, "50000000 x 1 pixels, expected sides of at most 65,535"),
    (bmp_header(1, 65_536), ImageTooLarge, "1 x 65536 pixels, expected sides of at most 65,535"),
    # a small TIFF in one gigantic tile
    (tiff(grey_tiff_tags(4, 4, t322=(4, 1, 60_000), t323=(4, 1, 60_000)), bytes(16)), ImageTooLarge, "one tile of it"),
]

BROKEN = [
    # width or height 0
    (png(0, 5, 8, 2, []), ImageError, "."),
    (bmp_header(0, 5), ImageError, "."),
    # a header of 100 x 100 over the pixels of 2 x 2
    (png(100, 100, 8, 0, [b"ab", b"cd"]), ImageDamaged, "damaged"),
    # a BMP with too few pixels
    (bmp_header(100, 100), ImageDamaged, "truncated"),
    # a TIFF whose strip lies beyond the end
    (tiff(grey_tiff_tags(4, 4, t273=(4, 1, 99_999)), bytes(16)), ImageDamaged, "truncated"),
    # cut in the middle
    (half(LARGE, "JPEG"), ImageDamaged, "truncated"),
    (half(LARGE, "PNG"), ImageDamaged, "truncated"),
    (half(LARGE, "WEBP"), ImageDamaged, "the WEBP is damaged"),
    (half(LARGE, "BMP"), ImageDamaged, "truncated"),
    (half(LARGE, "TIFF"), ImageDamaged, "the TIFF is damaged"),
    (half(LARGE, "TIFF", compression="tiff_lzw"), ImageDamaged, "the TIFF is damaged"),
    # cut in the header
    (JPEG[:200], ImageDamaged, "the JPEG is damaged"),
    # a text chunk that would unfold to 64 MB, before and behind the pixels
    (png(1, 1, 8, 0, [b"a"], before=chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2**26)))), ImageDamaged, "large"),
    (png(1, 1, 8, 0, [b"a"], after=chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2**26)))), ImageDamaged, "large"),
    # as many empty chunks as fit into a megabyte
    (png(1, 1, 8, 0, [b"a"], before=chunk(b"abCd", b"") * (MAX_CHUNKS + 1)), ImageDamaged, "chunks"),
    # a scan again and again, each of which costs a pass over all pixels
    (PROGRESSIVE[:-2] + LAST_SCAN * MAX_SCANS + b"\xff\xd9", ImageDamaged, "scans"),
    # nothing but segments
    (b"\xff\xd8" + b"\xff\xfe\0\x02" * 100_000, ImageDamaged, "segments"),
    # nothing but padding, and nothing but zeros
    (b"\xff\xd8" + b"\xff" * 1_000_000 + b"\xe0", ImageDamaged, "bytes between"),
    (b"\xff\xd8\xff\xe0\0\x02" + bytes(1_000_000), ImageDamaged, "no picture data"),
    # tags and strips without end
    (tiff_with_many_tags(), ImageDamaged, "65535 tags"),
    (tiff(grey_tiff_tags(4, 4, t273=(4, 2**26, 8)), bytes(16)), ImageDamaged, "strips or tiles"),
]

FOREIGN = [
    # no bytes at all
    (b"", ImageEmpty, "no bytes"),
    # text
    (b"hello, world\n", ImageFormatUnknown, r"begins with b'hello, w', expected JPEG, PNG, WebP"),
    # a zip archive, a PDF, a GIF, an AVIF, a video
    (zipped(), ImageFormatUnknown, "a zip archive"),
    (b"%PDF-1.7\n" + bytes(50), ImageFormatUnknown, "a PDF"),
    (encoded(PICTURE, "GIF"), ImageFormatUnknown, "a GIF"),
    (b"\0\0\0\x18ftypavif" + bytes(50), ImageFormatUnknown, "an AVIF"),
    (b"\0\0\0\x18ftypisom" + bytes(50), ImageFormatUnknown, "a video"),
    # a WebP of a kind that does not exist
    (b"RIFF\x1e\0\0\0WEBPVP9 " + bytes(20), ImageEmpty, "0 x 0"),
    # begins like a BMP
    (b"BM is how this text begins", ImageFormatUnknown, "begins with"),
    # a TIFF with 5 bits a pixel
    (tiff(grey_tiff_tags(4, 4, t258=(3, 1, 5)), bytes(16)), ImageFormatUnknown, "unknown pixel mode"),
    # a JPEG in a BMP
    (bmp_header(4, 4)[:30] + b"\x04" + bmp_header(4, 4)[31:], ImageFormatUnknown, "Unsupported BMP compression"),
    # a magic number and nothing else
    (b"\xff\xd8\xff", ImageDamaged, "."),
    (b"\x89PNG\r\n\x1a\n", ImageDamaged, "."),
    (b"II*\0", ImageDamaged, "."),
]


@pytest.mark.parametrize(("data", "error", "message"), TOO_LARGE + BROKEN + FOREIGN, ids=label)
def test_refused(data: bytes, error: type[ImageError], message: str) -> None:
    start = time.process_time()
    tracemalloc.start()
    try:
        with pytest.raises(error, match=message) as caught:
            read_image(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.process_time() - start < 3  # many times what it takes
    assert peak < 30 * 2**20 + 3 * len(data)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(("data", "error", "message"), TOO_LARGE, ids=label)
def test_headers_are_refused_too(data: bytes, error: type[ImageError], message: str) -> None:
    with pytest.raises(error, match=message):
        read_header(data)


def test_what_a_file_is_called_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "actually_a_jpeg.png"
    path.write_bytes(JPEG)
    assert read_header(path).format == "JPEG"
    assert read_image(path).shape == (24, 32, 3)
    path = tmp_path / "archive.jpg"
    path.write_bytes(zipped())
    with pytest.raises(ImageFormatUnknown, match=r"archive\.jpg: a zip archive"):
        read_image(path)


def test_scans_that_are_not_too_many() -> None:
    few = PROGRESSIVE[:-2] + LAST_SCAN * 20 + b"\xff\xd9"
    assert read_image(few).shape == (24, 32, 3)
    # What looks like scans in a comment, and behind the end, does not count.
    comment = b"\xff\xfe" + struct.pack(">H", 2 + 2 * 300) + b"\xff\xda" * 300
    assert read_image(JPEG[:2] + comment + JPEG[2:] + b"\xff\xda" * 300).shape == (24, 32, 3)


def test_pixel_limit_is_inclusive() -> None:
    assert read_image(JPEG, Limits(10_000, 768)).shape == (24, 32, 3)
    with pytest.raises(ImageTooLarge, match=r"32 x 24 = 768 pixels, expected at most 767 .*MASQUERADE_MAX_PIXELS"):
        read_image(JPEG, Limits(10_000, 767))
    for image in (PICTURE, np.asarray(PICTURE)):
        with pytest.raises(ImageTooLarge):
            read_image(image, Limits(10_000, 767))
        with pytest.raises(ImageTooLarge):
            read_header(image, Limits(10_000, 767))


def test_side_limit_is_inclusive() -> None:
    limits = Limits(10_000, 10**12)
    for shape in ((1, MAX_SIDE, 3), (MAX_SIDE, 1, 3)):
        assert read_image(np.zeros(shape, np.uint8), limits).shape == shape
    for shape in ((1, MAX_SIDE + 1, 3), (MAX_SIDE + 1, 1, 3)):
        with pytest.raises(ImageTooLarge, match="sides of at most 65,535"):
            read_image(np.zeros(shape, np.uint8), limits)


def test_memory_errors_are_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load_prepare", fail)
    with pytest.raises(ImageDamaged, match="MemoryError"):
        read_image(JPEG)


def test_fuzz() -> None:
    tally = run(300, seed=7)
    assert tally.passed, table(tally)
    assert sum(tally.outcomes.values()) == 300
    assert tally.stderr_bytes == 0, tally.stderr_start


def test_fuzz_cases_are_reproducible() -> None:
    pictures = seed_pictures()
    assert [make_case(3, index, pictures) for index in range(50)] == [
        make_case(3, index, pictures) for index in range(50)
    ]


def test_fuzz_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--cases", "5", "--json", str(tmp_path / "fuzz.json")]) == 0
    assert "passed" in capsys.readouterr().out
    assert main(["--write", "3", str(tmp_path / "case.bin")]) == 0
    assert (tmp_path / "case.bin").is_file()
