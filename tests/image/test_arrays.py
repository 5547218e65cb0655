"""Numpy arrays as pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from masquerade.errors import ImageEmpty, ImageError, ImageInvalid
from masquerade.image import Header, read_header, read_image
from tests.image.pictures import gradient

RGB = gradient()
SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=7).flatmap(
    lambda shape: st.sampled_from([shape, (*shape, 1), (*shape, 3), (*shape, 4)])
)


def expected(array: NDArray[Any]) -> NDArray[np.float64]:
    """Compute the plain way, in floats, what a valid array looks like."""
    scale = {"u1": 1.0, "u2": 1 / 257, "b1": 255.0}.get(array.dtype.str[1:], 255.0)
    values = np.rint(np.atleast_3d(array).astype(np.float64) * scale)
    if values.shape[2] == 4:
        alpha = values[..., 3:] / 255
        return values[..., :3] * alpha + 255 * (1 - alpha)
    return np.broadcast_to(values, (*values.shape[:2], 3))


def test_a_picture_is_returned_itself() -> None:
    assert read_image(RGB) is RGB
    assert read_header(RGB) == Header("ARRAY", 32, 24, 1)


VIEWS = [
    # not contiguous: every second column, transposed, reversed channels
    RGB[:, ::2],
    RGB.transpose(1, 0, 2),
    RGB[..., ::-1],
]


@pytest.mark.parametrize("view", VIEWS)
def test_views_become_contiguous(view: NDArray[np.uint8]) -> None:
    pixels = read_image(view)
    assert pixels.flags.c_contiguous
    assert np.array_equal(pixels, view)


@settings(deadline=None)  # the machine may be busy
@given(st.sampled_from(["u1", "?", "<u2", ">u2"]).flatmap(lambda dtype: hnp.arrays(np.dtype(dtype), SHAPES)))
def test_whole_numbers(array: NDArray[Any]) -> None:
    pixels = read_image(array)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (*array.shape[:2], 3)
    assert pixels.flags.c_contiguous
    assert np.abs(pixels - expected(array)).max() <= (0.51 if array.shape[2:] == (4,) else 0)


@settings(deadline=None)  # the machine may be busy
@given(
    st.one_of(
        hnp.arrays(np.float16, SHAPES, elements=st.floats(0, 1, width=16)),
        hnp.arrays(np.float32, SHAPES, elements=st.floats(0, 1, width=32)),
        hnp.arrays(np.float64, SHAPES, elements=st.floats(0, 1)),
    )
)
def test_floats(array: NDArray[Any]) -> None:
    # A value of 32 bits may fall on the other side of a half, and the mixture once more.
    assert np.abs(read_image(array) - expected(array)).max() <= 1.51


def test_the_array_is_not_changed() -> None:
    array = np.full((3, 3, 4), 100, np.uint8)
    read_image(array)
    assert np.all(array == 100)


BAD = [
    # shapes: one dimension, four, two channels, five, channels first
    (np.zeros(5, np.uint8), ImageInvalid, r"shape \(5,\), uint8; expected shape \(h, w\).*array.tobytes"),
    (np.zeros((1, 4, 4, 3), np.uint8), ImageInvalid, r"array\[0\]"),
    (np.zeros((4, 4, 2), np.uint8), ImageInvalid, r"\(4, 4, 2\)"),
    (np.zeros((4, 4, 5), np.uint8), ImageInvalid, r"\(4, 4, 5\)"),
    (np.zeros((3, 8, 8), np.uint8), ImageInvalid, r"transpose\(1, 2, 0\)"),
    (np.array(5, np.uint8), ImageInvalid, r"shape \(\)"),
    # dtypes
    (np.zeros((4, 4), np.int32), ImageInvalid, "array of int32"),
    (np.zeros((4, 4), np.complex64), ImageInvalid, "complex64"),
    (np.zeros((4, 4), object), ImageInvalid, "object"),
    (np.zeros((4, 4), "S3"), ImageInvalid, "S3"),
    # no pixels
    (np.zeros((0, 4, 3), np.uint8), ImageEmpty, "at least 1 x 1"),
    (np.zeros((4, 0), np.uint8), ImageEmpty, "at least 1 x 1"),
    # floats out of range
    (np.full((2, 2), np.nan), ImageInvalid, "nan to nan, expected 0 to 1"),
    (np.full((2, 2, 3), np.inf, np.float32), ImageInvalid, "inf"),
    (np.full((2, 2), 255.0), ImageInvalid, "255 to 255, expected 0 to 1"),
    (np.full((2, 2), -0.1), ImageInvalid, "-0.1"),
]


@pytest.mark.parametrize(("array", "error", "message"), BAD)
def test_refused(array: NDArray[Any], error: type[ImageError], message: str) -> None:
    with pytest.raises(error, match=message):
        read_image(array)
