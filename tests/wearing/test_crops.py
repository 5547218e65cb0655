"""Where the crops of faces are cut."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.wearing.crops import MARGIN, face_crops

IMAGE = np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8)


def cut(box: tuple[float, ...], size: int, margin: float = MARGIN) -> NDArray[np.uint8]:
    return np.asarray(face_crops(IMAGE, np.array([box], np.float32), size, margin)[0], np.uint8)


def test_without_scaling_it_is_a_slice() -> None:
    np.testing.assert_array_equal(cut((40, 30, 80, 70), 60), IMAGE[20:80, 30:90])
    np.testing.assert_array_equal(cut((40, 30, 80, 70), 40, margin=0), IMAGE[30:70, 40:80])


@pytest.mark.parametrize(
    "box",
    [
        # wide and tall boxes: a square about the same centre, as long as the longer side
        (40.0, 40.0, 80.0, 60.0),
        (50.0, 30.0, 70.0, 70.0),
    ],
)
def test_the_square_lies_about_the_centre(box: tuple[float, float, float, float]) -> None:
    np.testing.assert_array_equal(cut(box, 60), IMAGE[20:80, 30:90])


def test_halving_averages_blocks() -> None:
    blocks = IMAGE[20:80, 30:90].reshape(30, 2, 30, 2, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(cut((40, 30, 80, 70), 30) - blocks).max() <= 1


def test_doubling_keeps_the_centre() -> None:
    y, x = np.mgrid[0:120, 0:160]
    ramp = np.repeat((x + y)[..., None], 3, axis=2).astype(np.uint8)
    crop = face_crops(ramp[:, :120], np.array([[30, 20, 70, 60]], np.float32), 120, MARGIN)[0].astype(float)
    # Pixel u of the crop shows 20 + (u + 0.5) / 2 - 0.5, and the same downwards from 10.
    u = (np.arange(120) + 0.5) / 2 - 0.5
    assert np.abs(crop[..., 0] - (20 + u[None] + 10 + u[:, None])).max() <= 1


def test_beyond_the_picture_is_grey() -> None:
    crop = cut((-20, -20, 20, 20), 60)  # 30 pixels of 60 lie outside, up and left
    assert (crop[:29, :] == 127).all()
    assert (crop[:, :29] == 127).all()
    np.testing.assert_array_equal(crop[31:, 31:], IMAGE[1:30, 1:30])
    assert (cut((500, 500, 540, 540), 60) == 127).all()


def test_no_face_no_crop() -> None:
    crops = face_crops(IMAGE, np.zeros((0, 4), np.float32), 96)
    assert crops.shape == (0, 96, 96, 3)
    assert crops.dtype == np.uint8


def test_one_crop_a_box_in_their_order() -> None:
    boxes = np.array([[40, 30, 80, 70], [10, 10, 50, 50]], np.float32)
    crops = face_crops(IMAGE, boxes, 48)
    assert crops.shape == (2, 48, 48, 3)
    assert crops.dtype == np.uint8
    for crop, box in zip(crops, boxes, strict=True):
        np.testing.assert_array_equal(crop, cut(tuple(box.tolist()), 48))
