"""The networks of the package as eyes of a watch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.faces import Faces
from masquerade.faces.passes import whole
from masquerade.geometry import opencv
from masquerade.image import read_image
from masquerade.live.watching import eyes
from masquerade.live.watching.eyes import Networks


@pytest.fixture(scope="module")
def picture(samples: Path) -> NDArray[np.uint8]:
    image = read_image(samples / "person_b_1.jpg")
    size = (round(image.shape[1] * 320 / image.shape[0]), 320)
    return np.asarray(opencv().resize(image, size, interpolation=opencv().INTER_AREA), np.uint8)


def found(picture: NDArray[np.uint8]) -> Faces:
    return Networks(0.25).find(picture, [whole((picture.shape[1], picture.shape[0]), 480)])


def test_a_good_look_counts_fully_and_a_blurred_or_small_one_hardly(picture: NDArray[np.uint8]) -> None:
    faces = found(picture).surest
    wearing, weights = Networks(0.25).read(picture, faces)
    assert wearing.labels == ["without_mask"]
    assert weights[0] > 0.8
    blurred = np.asarray(opencv().GaussianBlur(picture, (0, 0), 9), np.uint8)
    assert Networks(0.25).read(blurred, faces)[1][0] < 0.3 * weights[0]


def test_no_views_and_no_faces(picture: NDArray[np.uint8]) -> None:
    nobody = Networks(0.25).find(picture, [])
    assert len(nobody) == 0
    wearing, weights = Networks(0.25).read(picture, nobody)
    assert len(wearing) == len(weights) == 0


def test_a_mesh_that_collapsed_counts_nothing(picture: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch) -> None:
    def collapsed(image: object, boxes: NDArray[np.float32], points: object) -> tuple[NDArray[np.float32], object]:
        return np.full((len(boxes), 468, 3), 50, np.float32), None

    faces = found(picture).surest
    monkeypatch.setattr(eyes, "fit_mesh", collapsed)
    assert Networks(0.25).read(picture, faces)[1].tolist() == [0.0]
    monkeypatch.setattr(eyes, "fit_mesh", lambda *_: (np.full((1, 468, 3), np.nan, np.float32), None))
    assert Networks(0.25).read(picture, faces)[1].tolist() == [0.0]
