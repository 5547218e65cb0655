"""Alignment onto the ArcFace template."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from masquerade.errors import FacesInvalid
from masquerade.faces import ARCFACE_TEMPLATE, align_faces, alignment, find_faces, key_points
from masquerade.faces.align import Rest
from masquerade.geometry import transform
from tests.faces.photos import NAMES, SEARCH, found, photo

PUBLISHED = [
    # right eye, left eye, nose tip, right and left mouth corner, as in insightface's face_align.py
    (38.2946, 51.6963),
    (73.5318, 51.5014),
    (56.0252, 71.7366),
    (41.5493, 92.3655),
    (70.7299, 92.2041),
]


def test_the_template_is_the_published_one() -> None:
    np.testing.assert_array_equal(ARCFACE_TEMPLATE, PUBLISHED)


@pytest.mark.parametrize("name", NAMES)
def test_key_points_land_on_the_template(name: str) -> None:
    """Seen in the crop itself: the finder looks at it again."""
    faces = found(name)
    crop = align_faces(photo(name), faces)[0]
    again = find_faces(crop, "photo", SEARCH)
    assert len(again) == 1
    assert again.landmarks is not None
    strays = np.linalg.norm(key_points(again.landmarks)[0] - ARCFACE_TEMPLATE, axis=1)
    # Pixels of 112. People differ from the template by this much, most at the corners of a smiling mouth.
    assert strays[:2].max() < 4
    assert strays.max() < 9


@pytest.mark.parametrize("size", [112, 224, 80])
@pytest.mark.parametrize("name", NAMES)
def test_eyes_land_exactly(name: str, size: int) -> None:
    points = found(name).points[0]
    landed = transform(alignment(points, size, "eyes"), points[:2])
    # pixel centres lie at whole numbers, so places scale about the outer edge
    np.testing.assert_allclose(landed, (ARCFACE_TEMPLATE[:2] + 0.5) * size / 112 - 0.5, atol=1e-6)


def test_eyes_alone_ignore_the_mouth() -> None:
    points = found("person_b_1").points[0].copy()
    before = alignment(points, rest_on="eyes"), alignment(points, rest_on="five")
    points[2:] += 30
    np.testing.assert_array_equal(alignment(points, rest_on="eyes"), before[0])
    assert np.abs(alignment(points, rest_on="five") - before[1]).max() > 0.01


RESTS: list[Rest] = ["five", "eyes"]


@pytest.mark.parametrize("rest_on", RESTS)
@pytest.mark.parametrize("name", NAMES)
def test_twice_the_size_shows_the_same(name: str, rest_on: Rest) -> None:
    small = align_faces(photo(name), found(name), 112, rest_on)[0].astype(float)
    large = align_faces(photo(name), found(name), 224, rest_on)[0].astype(float)
    blocks = large.reshape(112, 2, 112, 2, 3).mean(axis=(1, 3))
    difference = np.abs(blocks - small).mean()
    shifted = np.abs(np.roll(blocks, 1, axis=1) - small).mean()
    assert difference < 4
    assert difference < 0.7 * shifted  # half a pixel of error would not pass


def test_the_mesh_gives_the_points_where_it_was_fitted() -> None:
    faces = found("person_a_1")
    assert faces.landmarks is not None
    image = photo("person_a_1")
    by_mesh = align_faces(image, faces)
    by_detector = align_faces(image, replace(faces, landmarks=None))
    assert (by_mesh != by_detector).any()
    given = replace(faces, landmarks=None, points=key_points(faces.landmarks))
    np.testing.assert_array_equal(align_faces(image, given), by_mesh)


def test_shapes() -> None:
    faces = found("person_a_1")
    image = photo("person_a_1")
    assert align_faces(image, faces[[0, 0, 0]], 96).shape == (3, 96, 96, 3)
    none = align_faces(image, faces[:0])
    assert none.shape == (0, 112, 112, 3)
    assert none.dtype == np.uint8


@pytest.mark.parametrize(("rest_on", "which"), [("five", "five key points"), ("eyes", "two eyes")])
def test_points_that_fall_together(rest_on: Rest, which: str) -> None:
    faces = replace(found("person_a_1"), landmarks=None, points=np.full((1, 5, 2), 7, np.float32))
    with pytest.raises(FacesInvalid, match=f"points: expected {which} apart from each other"):
        align_faces(photo("person_a_1"), faces, rest_on=rest_on)
