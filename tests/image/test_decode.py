"""Valid pictures of each format and mode become the pixels that they should."""

from __future__ import annotations

import importlib.util
import io
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from masquerade.errors import ExtraMissing, ImageDamaged, ImageInvalid
from masquerade.image import Header, Limits, read_header, read_image
from tests.image.pictures import chunk, encoded, exif_block, gradient, grey_tiff_tags, png, tiff

RGB = gradient()
PICTURE = Image.fromarray(RGB)
GREY = Image.fromarray(RGB[..., 0])
RGBA = Image.fromarray(np.dstack([RGB, RGB[..., 1]]))
HEIC = importlib.util.find_spec("pillow_heif") is not None
ORIENTATIONS = range(1, 9)


def on_white(rgba: NDArray[np.uint8]) -> NDArray[np.float64]:
    alpha = rgba[..., 3:] / 255
    return rgba[..., :3] * alpha + 255 * (1 - alpha)


def grey(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(values[..., None], 3, axis=2)


LA = np.asarray(RGBA.convert("LA"))
LA_ON_WHITE = on_white(np.dstack([grey(LA[..., 0]), LA[..., 1]]))

CASES = [
    # JPEG loses a little
    ("JPEG", encoded(PICTURE, "JPEG", quality=95, subsampling=0), RGB, 6),
    # progressive
    ("JPEG", encoded(PICTURE, "JPEG", quality=95, subsampling=0, progressive=True), RGB, 6),
    # one channel becomes three
    ("JPEG", encoded(GREY, "JPEG", quality=95), grey(RGB[..., 0]), 5),
    # CMYK, which JPEG stores inverted
    ("JPEG", encoded(PICTURE.convert("CMYK"), "JPEG", quality=95), RGB, 24),
    # plain PNG, exact
    ("PNG", encoded(PICTURE, "PNG"), RGB, 0),
    # grey PNG
    ("PNG", encoded(GREY, "PNG"), grey(RGB[..., 0]), 0),
    # 1 bit
    (
        "PNG",
        encoded(GREY.point(lambda v: 255 * (v > 99), "1"), "PNG"),
        grey(((RGB[..., 0] > 99) * 255).astype("u1")),
        0,
    ),
    # alpha is laid on white
    ("PNG", encoded(RGBA, "PNG"), on_white(np.asarray(RGBA)), 1),
    # grey with alpha
    ("PNG", encoded(RGBA.convert("LA"), "PNG"), LA_ON_WHITE, 1),
    # palette
    ("PNG", encoded(PICTURE.quantize(16), "PNG"), np.asarray(PICTURE.quantize(16).convert("RGB")), 0),
    # WebP without loss
    ("WEBP", encoded(PICTURE, "WEBP", lossless=True), RGB, 0),
    # WebP with alpha, without loss; exact keeps the colour below transparency
    ("WEBP", encoded(RGBA, "WEBP", lossless=True, exact=True), on_white(np.asarray(RGBA)), 1),
    # WebP with loss
    ("WEBP", encoded(PICTURE, "WEBP", quality=95), RGB, 16),
    # BMP
    ("BMP", encoded(PICTURE, "BMP"), RGB, 0),
    # BMP with a palette
    ("BMP", encoded(GREY, "BMP"), grey(RGB[..., 0]), 0),
    # TIFF, raw
    ("TIFF", encoded(PICTURE, "TIFF"), RGB, 0),
    # TIFF through libtiff
    ("TIFF", encoded(PICTURE, "TIFF", compression="tiff_lzw"), RGB, 0),
    # TIFF with alpha, deflated
    ("TIFF", encoded(RGBA, "TIFF", compression="tiff_adobe_deflate"), on_white(np.asarray(RGBA)), 1),
    # TIFF, JPEG inside, YCbCr
    ("TIFF", encoded(PICTURE, "TIFF", compression="jpeg", quality=95), RGB, 40),
    # BigTIFF
    ("TIFF", encoded(PICTURE, "TIFF", big_tiff=True), RGB, 0),
    # CMYK without loss
    ("TIFF", encoded(PICTURE.convert("CMYK"), "TIFF"), RGB, 1),
    # 8-bit LAB, in which saturated colours lose
    ("TIFF", encoded(PICTURE.convert("LAB"), "TIFF"), RGB, 34),
    # several pages: the first
    ("TIFF", encoded(PICTURE, "TIFF", save_all=True, append_images=[GREY, GREY]), RGB, 0),
    # animated: the first frame
    ("WEBP", encoded(PICTURE, "WEBP", lossless=True, save_all=True, append_images=[GREY.convert("RGB")]), RGB, 0),
    ("PNG", encoded(PICTURE, "PNG", save_all=True, append_images=[GREY.convert("RGB")]), RGB, 0),
]


@pytest.mark.parametrize(("kind", "data", "expected", "tolerance"), CASES)
def test_pixels(kind: str, data: bytes, expected: NDArray[np.float64], tolerance: int) -> None:
    pixels = read_image(data)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert pixels.flags.writeable
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected.astype(float)).max() <= tolerance
    assert read_header(data) == Header(kind, 32, 24, 1)


@pytest.mark.skipif(not HEIC, reason="needs the [heic] extra")
def test_heic() -> None:
    import pillow_heif

    file = io.BytesIO()
    pillow_heif.from_pillow(PICTURE).save(file, quality=95, chroma=444)
    data = file.getvalue()
    assert read_header(data) == Header("HEIC", 32, 24, 1)
    assert np.abs(read_image(data) - RGB.astype(float)).max() <= 16


def test_heic_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ExtraMissing, match=r"pip install -e '\.\[heic\]'"):
        read_image(b"\0\0\0\x18ftypheic" + bytes(100))


# --- orientation

ARROW = np.array([[1, 2, 3], [4, 5, 6]], np.uint8) * 40
# Written out by hand from the EXIF specification, where orientation n says which edges of the
# stored picture are the top and the left of the scene.
UPRIGHT = {
    1: [[1, 2, 3], [4, 5, 6]],  # top, left: as it is
    2: [[3, 2, 1], [6, 5, 4]],  # top, right: mirrored
    3: [[6, 5, 4], [3, 2, 1]],  # bottom, right: turned by 180 degrees
    4: [[4, 5, 6], [1, 2, 3]],  # bottom, left: upside down
    5: [[1, 4], [2, 5], [3, 6]],  # left, top: transposed
    6: [[4, 1], [5, 2], [6, 3]],  # right, top: turn clockwise
    7: [[6, 3], [5, 2], [4, 1]],  # right, bottom: transposed along the other diagonal
    8: [[3, 6], [2, 5], [1, 4]],  # left, bottom: turn anticlockwise
}


def turned(kind: str, orientation: int, scale: int = 1) -> bytes:
    picture = Image.fromarray(np.kron(ARROW, np.ones((scale, scale), np.uint8))).convert("RGB")
    if kind == "TIFF":
        return encoded(picture, kind, tiffinfo={0x0112: orientation})
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {"lossless": True}
    return encoded(picture, kind, exif=b"Exif\0\0" + exif_block(orientation), **options)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation(kind: str, orientation: int) -> None:
    data = turned(kind, orientation, scale=16)
    expected = np.kron(np.array(UPRIGHT[orientation], np.uint8) * 40, np.ones((16, 16), np.uint8))
    pixels = read_image(data)
    assert pixels.shape == (*expected.shape, 3)
    assert pixels.flags.c_contiguous
    assert np.abs(pixels - expected[..., None].astype(int)).max() <= (4 if kind == "JPEG" else 0)
    assert read_header(data) == Header(kind, expected.shape[1], expected.shape[0], orientation)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_orientation_of_pillow_images(kind: str, orientation: int) -> None:
    # An image that Pillow has opened and not decoded yet, and the same one decoded.
    image = Image.open(io.BytesIO(turned(kind, orientation)))
    assert (read_header(image).height, read_header(image).width) == np.shape(UPRIGHT[orientation])
    assert read_image(image).shape[:2] == np.shape(UPRIGHT[orientation])
    assert read_image(image).shape[:2] == np.shape(UPRIGHT[orientation])


@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_behind_the_pixels_of_a_png(order: str) -> None:
    data = png(3, 2, 8, 0, [bytes(row) for row in ARROW], after=chunk(b"eXIf", exif_block(6, order)))
    assert np.array_equal(read_image(data)[..., 0], np.array(UPRIGHT[6]) * 40)
    assert read_header(data).orientation == 6


@pytest.mark.parametrize(("digits", "expected"), [(exif_block(6).hex(), 6), ("no digits", 1)])
def test_orientation_as_imagemagick_writes_it(digits: str, expected: int) -> None:
    text = f"\nexif\n      26\n{digits}\n".encode()
    data = png(3, 2, 8, 0, [bytes(row) for row in ARROW], before=chunk(b"tEXt", b"Raw profile type exif\0" + text))
    assert read_header(data).orientation == expected
    assert np.array_equal(read_image(data)[..., 0], np.array(UPRIGHT[expected]) * 40)


BROKEN_EXIF = [
    b"",  # nothing
    b"II*\0",  # ends after the magic number
    b"II*\0\xff\xff\xff\xff" + bytes(20),  # directory beyond the end
    b"II*\0\x08\0\0\0\xff\xff" + bytes(10),  # 65535 entries in no space
    exif_block(0),  # orientation out of range
    exif_block(9),
    exif_block(6).replace(b"\x03\0\x01\0", b"\x02\0\x01\0"),  # orientation as text
    b"XX" + exif_block(6)[2:],  # no byte order
    exif_block(6)[:-10],  # cut within the entry
    exif_block(6).replace(b"\x12\x01", b"\x13\x01"),  # another tag
]


@pytest.mark.parametrize("block", BROKEN_EXIF)
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_broken_exif_is_no_orientation(kind: str, block: bytes) -> None:
    data = encoded(PICTURE, kind, exif=b"Exif\0\0" + block)
    assert read_header(data).orientation == 1
    assert read_image(data).shape == RGB.shape


# --- 16 and 32 bits

STEPS = np.linspace(0, 65535, 71 * 71).astype(np.uint16).reshape(71, 71)
STEPS_AS_BYTES = grey(np.rint(STEPS / 257).astype(np.uint8))
DIVISIBLE = (np.arange(256) * 257).astype(np.uint16).reshape(16, 16)

SIXTEEN = [
    # 16-bit PNG
    encoded(Image.fromarray(STEPS), "PNG"),
    # TIFF, little-endian
    encoded(Image.fromarray(STEPS), "TIFF"),
    # through libtiff
    encoded(Image.fromarray(STEPS), "TIFF", compression="tiff_lzw"),
    # 0 is white
    tiff(grey_tiff_tags(71, 71, t258=(3, 1, 16), t262=(3, 1, 0), t279=(4, 1, 71 * 142)), (65535 - STEPS).tobytes()),
]


@pytest.mark.parametrize("data", SIXTEEN)
def test_sixteen_bits_are_divided_by_257(data: bytes) -> None:
    assert np.array_equal(read_image(data), STEPS_AS_BYTES)


@pytest.mark.parametrize("mode", ["I;16", "I;16L", "I;16B", "I;16N", "I", "F"])
def test_deep_pillow_modes(mode: str) -> None:
    values = {"I;16B": ">u2", "I;16N": "=u2", "I": "<i4", "F": "<f4"}.get(mode, "<u2")
    stored = (STEPS / 65535 if mode == "F" else STEPS).astype(values)
    image = Image.frombytes(mode, (71, 71), stored.tobytes())
    difference = np.abs(read_image(image).astype(int) - STEPS_AS_BYTES)
    assert difference.max() <= (1 if mode == "F" else 0)  # a float may fall on the other side of a half


def test_twelve_bits_reach_white() -> None:
    # Two values of 12 bits are packed into three bytes.
    data = tiff(grey_tiff_tags(2, 1, t258=(3, 1, 12), t279=(4, 1, 3)), b"\xff\xf0\x00")
    assert read_image(data)[0, :, 0].tolist() == [255, 0]


@pytest.mark.parametrize("kind", [2, 6])
def test_sixteen_bit_colour(kind: int) -> None:
    # Colour kind 2 is RGB, 6 is RGBA; values that are multiples of 257 are exact.
    rows = []
    for row in DIVISIBLE:
        channels = [row, row[::-1], row] + ([np.full(16, 65535, np.uint16)] if kind == 6 else [])
        rows.append(np.stack(channels, axis=1).astype(">u2").tobytes())
    expected = np.dstack([DIVISIBLE, DIVISIBLE[:, ::-1], DIVISIBLE]) // 257
    assert np.array_equal(read_image(png(16, 16, 16, kind, rows)), expected)


def test_sixteen_bit_transparency() -> None:
    rows = [np.array([257, 65535, 514], ">u2").tobytes()]
    data = png(3, 1, 16, 0, rows, before=chunk(b"tRNS", b"\x01\x01"))  # the value 257 is transparent
    assert read_image(data)[0, :, 0].tolist() == [255, 255, 2]
    colours = [np.array([0x1234, 0, 0, 0x4300, 0, 0], ">u2").tobytes()]
    data = png(2, 1, 16, 2, colours, before=chunk(b"tRNS", b"\x12\x34\0\0\0\0"))
    assert read_image(data)[0].tolist() == [[255, 255, 255], [0x43, 0, 0]]


TRANSPARENT = [
    # one entry of the palette
    ("P", 1, [[255, 255, 255], [10, 20, 30]]),
    # an alpha for each entry of the palette
    ("P", b"\xff\x80", [[132, 137, 142], [10, 20, 30]]),
]


@pytest.mark.parametrize(("mode", "transparency", "expected"), TRANSPARENT)
def test_palette_transparency(mode: str, transparency: int | bytes, expected: list[list[int]]) -> None:
    image = Image.new(mode, (2, 1))
    image.putpalette([10, 20, 30, 10, 20, 30])
    image.putpixel((0, 0), 1)
    data = encoded(image, "PNG", transparency=transparency)
    assert np.abs(read_image(data)[0].astype(int) - expected).max() <= 1


OUT_OF_RANGE = [
    # integers above 16 bits, below 0; floats above 1, below 0, not a number
    ("I", "<i4", 65536, "0 to 65536, expected 0 to 65535"),
    ("I", "<i4", -1, "-1 to 0, expected 0 to 65535"),
    ("F", "<f4", 1.5, "0 to 1.5, expected 0 to 1"),
    ("F", "<f4", -0.5, "-0.5 to 0, expected 0 to 1"),
    ("F", "<f4", float("nan"), "nan to nan, expected 0 to 1"),
]


@pytest.mark.parametrize(("mode", "dtype", "value", "message"), OUT_OF_RANGE)
def test_deep_values_out_of_range(mode: str, dtype: str, value: float, message: str) -> None:
    values = np.zeros((2, 2), dtype)
    values[1, 1] = value
    image = Image.frombytes(mode, (2, 2), values.tobytes())
    for source in (image, encoded(image, "TIFF")):
        with pytest.raises(ImageInvalid, match=message):
            read_image(source)


# --- Pillow images in memory

PILLOW_MODES = [
    # mode, how it differs at most from the picture itself
    ("RGB", 0),
    ("RGBX", 0),
    ("RGBA", 0),
    ("RGBa", 0),
    ("CMYK", 1),
    ("YCbCr", 4),
    ("HSV", 10),
    ("LAB", 34),
]


@pytest.mark.parametrize(("mode", "tolerance"), PILLOW_MODES)
def test_pillow_modes(mode: str, tolerance: int) -> None:
    image = PICTURE.convert("RGBA").convert("RGBa") if mode == "RGBa" else PICTURE.convert(mode)
    assert np.abs(read_image(image).astype(int) - RGB).max() <= tolerance


@pytest.mark.parametrize("mode", ["1", "L", "LA", "La", "P", "PA"])
def test_grey_pillow_modes(mode: str) -> None:
    source = GREY.convert("LA") if mode == "La" else GREY
    image = source.convert(mode)
    expected = np.asarray(GREY.convert("1").convert("RGB")) if mode == "1" else grey(RGB[..., 0])
    assert np.array_equal(read_image(image), expected)


def test_pillow_image_is_left_as_it_was() -> None:
    image = RGBA.copy()
    read_image(image)
    assert image.mode == "RGBA"
    assert np.array_equal(np.asarray(image), np.asarray(RGBA))


def test_bands_join_without_a_seam() -> None:
    # Larger than one band, turned, with alpha.
    rgba = np.random.default_rng(0).integers(0, 256, (700, 900, 4), dtype=np.uint8)
    data = encoded(Image.fromarray(rgba), "PNG", compress_level=1, exif=b"Exif\0\0" + exif_block(8))
    assert np.abs(read_image(data) - on_white(np.rot90(rgba))).max() <= 1


# --- our limits, not Pillow's


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "LZW", "LOSSLESS"])
def test_pillows_own_limit_does_not_count(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = {
        "LZW": lambda: encoded(PICTURE, "TIFF", compression="tiff_lzw"),
        "LOSSLESS": lambda: encoded(RGBA, "WEBP", lossless=True),
    }.get(kind, lambda: encoded(PICTURE, kind))()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # the picture has 768
    assert read_header(data).width == 32
    assert read_image(data).shape == RGB.shape
    assert Image.MAX_IMAGE_PIXELS == 100


def test_a_size_that_changes_while_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(image: Image.Image) -> None:
        image._size = (5, 5)

    data = encoded(PICTURE, "JPEG")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    with pytest.raises(ImageDamaged, match="5 x 5 pixels, the header says 32 x 24"):
        read_image(data)


def test_no_warning_from_broken_tags(capfd: pytest.CaptureFixture[str]) -> None:
    # A tag with too many values, and one whose values lie beyond the end.
    odd = tiff(grey_tiff_tags(4, 4, t266=(3, 2, 0x10001), t282=(5, 1, 99_999)), bytes(16))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert read_image(odd).shape == (4, 4, 3)
    assert not caught
    assert capfd.readouterr().err == ""


def test_nothing_on_stderr_from_libtiff(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(encoded(PICTURE, "TIFF", compression="tiff_adobe_deflate"))
    data[20:60] = bytes(40)
    with pytest.raises(ImageDamaged):
        read_image(bytes(data))
    assert capfd.readouterr().err == ""


def test_threads() -> None:
    sources = [data for _, data, _, _ in CASES] * 2
    expected = [read_image(data) for data in sources]
    wrong: list[int] = []

    def read(index: int) -> None:
        if not np.array_equal(read_image(sources[index]), expected[index]):
            wrong.append(index)

    threads = [threading.Thread(target=read, args=(index,)) for index in range(len(sources))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(sys.flags.dev_mode, reason="memory is filled with patterns")
def test_reading_a_jpeg_costs_little_over_pillow(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    Image.fromarray(gradient(1500, 2000)).save(path, quality=90)
    limits = Limits(2**26, 50_000_000)

    def best(read: object) -> float:
        assert callable(read)
        times = []
        for _ in range(5):
            start = time.process_time()
            read(path)
            times.append(time.process_time() - start)
        return min(times)

    ours = best(lambda path: read_image(path, limits))
    pillows = best(lambda path: np.array(Image.open(path)))
    assert ours < 3 * pillows + 0.05  # it is about 0.8
