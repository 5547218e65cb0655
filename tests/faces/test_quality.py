"""Quality of faces, against plain formulas on the picture and against what was done to it."""

from __future__ import annotations

from dataclasses import fields, replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.errors import FacesInvalid
from masquerade.faces import Faces, Quality, assess
from masquerade.faces.quality import OUTLINE
from tests.faces.photos import NAMES, found, photo

Picture = NDArray[np.uint8]
FIELDS = [field.name for field in fields(Quality)]


def moved(faces: Faces, shift: tuple[float, float]) -> Faces:
    """The same faces elsewhere in the picture."""
    assert faces.landmarks is not None
    return replace(
        faces,
        boxes=faces.boxes + np.tile(np.array(shift, np.float32), 2),
        points=faces.points + np.array(shift, np.float32),
        landmarks=faces.landmarks + np.array([*shift, 0], np.float32),
    )


def face_pixels(name: str) -> NDArray[np.float64]:
    """Luminance of the picture's own pixels inside the outline, by the published weights."""
    landmarks = found(name).landmarks
    assert landmarks is not None
    image = photo(name)
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.rint(landmarks[0, OUTLINE, :2]).astype(np.int32)], 1)
    return np.asarray(image[mask > 0] @ np.array([0.299, 0.587, 0.114]), np.float64)


@pytest.mark.parametrize("name", NAMES)
def test_light_against_the_pictures_own_pixels(name: str) -> None:
    quality = assess(photo(name), found(name))
    pixels = face_pixels(name)
    assert quality.luminance[0] == pytest.approx(pixels.mean(), abs=2)
    assert quality.under_exposure_prevention[0] == pytest.approx((pixels > 25).mean(), abs=0.02)
    assert quality.over_exposure_prevention[0] == pytest.approx((pixels < 247).mean(), abs=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_sizes_and_pose_against_plain_formulas(name: str) -> None:
    faces = found(name)
    assert faces.landmarks is not None
    assert faces.pose is not None
    quality = assess(photo(name), faces)
    corners = faces.landmarks[0, [33, 133, 362, 263], :2].astype(float)
    right, left = corners[:2].mean(axis=0), corners[2:].mean(axis=0)
    assert quality.inter_eye_distance[0] == pytest.approx(np.hypot(*(left - right)), rel=1e-5)
    forehead, chin = faces.landmarks[0, [10, 152], :2].astype(float)
    assert quality.head_size[0] == pytest.approx(np.hypot(*(chin - forehead)) / photo(name).shape[0], rel=1e-5)
    assert quality.head_pose[0] == max(abs(faces.pose[0]))
    assert quality.crop_of_face[0] == 0


def test_the_outline_is_a_ring_around_the_face() -> None:
    landmarks = found("person_b_1").landmarks
    assert landmarks is not None
    ring = np.rint(landmarks[0, OUTLINE, :2]).astype(np.int32)
    assert len(set(OUTLINE)) == 36
    hull = cv2.convexHull(landmarks[0, :, :2].astype(np.float32))
    assert cv2.contourArea(ring) == pytest.approx(cv2.contourArea(hull), rel=0.02)


def test_blur_lowers_sharpness() -> None:
    image, faces = photo("person_b_1"), found("person_b_1")
    blurred = [image, *(np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8) for sigma in (2, 4, 8))]
    sharpness = [float(assess(step, faces).sharpness[0]) for step in blurred]
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[0] > 15
    assert sharpness[-1] < 5


LIGHT = [
    # gain, luminance at most or at least, share not too dark, share not too bright
    (0.0, (0, 0), 0.0, 1.0),
    (0.1, (5, 25), 0.05, 1.0),
    (1.0, (100, 200), 0.95, 0.99),
    (20.0, (240, 255), 0.99, 0.1),
]


@pytest.mark.parametrize(("gain", "luminance", "not_dark", "not_bright"), LIGHT)
def test_light(gain: float, luminance: tuple[float, float], not_dark: float, not_bright: float) -> None:
    image = np.clip(photo("person_b_1") * gain, 0, 255).astype(np.uint8)
    quality = assess(image, found("person_b_1"))
    assert luminance[0] <= quality.luminance[0] <= luminance[1]
    assert quality.under_exposure_prevention[0] == pytest.approx(not_dark, abs=0.06)
    assert quality.over_exposure_prevention[0] == pytest.approx(not_bright, abs=0.1)


CUTS = [
    # shift to the left in widths of the box past the edge, share of the box outside
    (0.0, 0.0),
    (0.25, 0.25),
    (0.8, 0.8),
    (1.0, 1.0),
    (3.0, 1.0),
]


@pytest.mark.parametrize(("widths", "share"), CUTS)
def test_cut_by_the_frame(widths: float, share: float) -> None:
    faces = found("person_b_1")
    x0, _, x1, _ = (float(value) for value in faces.boxes[0])
    quality = assess(photo("person_b_1"), moved(faces, (-x0 - widths * (x1 - x0), 0)))
    assert quality.crop_of_face[0] == pytest.approx(share, abs=1e-4)


def test_what_lies_outside_the_picture_does_not_count() -> None:
    """A face half out of a white picture is as bright as one inside, not darkened by the void."""
    faces = found("person_b_1")
    white = np.full_like(photo("person_b_1"), 200)
    x0, y0, x1, y1 = (float(value) for value in faces.boxes[0])
    for shift in ((-(x0 + x1) / 2, 0.0), (716 - (x0 + x1) / 2, 0.0), (0.0, 900 - (y0 + y1) / 2)):
        quality = assess(white, moved(faces, shift))
        assert quality.luminance[0] == 200
        assert quality.sharpness[0] == 0
        assert quality.under_exposure_prevention[0] == quality.over_exposure_prevention[0] == 1


def test_a_face_wholly_outside_has_no_light() -> None:
    quality = assess(photo("person_b_1"), moved(found("person_b_1"), (5000, 0)))
    assert quality.crop_of_face[0] == 1
    assert quality.luminance[0] == quality.sharpness[0] == 0
    assert quality.under_exposure_prevention[0] == quality.over_exposure_prevention[0] == 0


def test_pose_is_measured_where_the_faces_carry_none() -> None:
    faces = found("person_a_2")
    with_pose, without = (assess(photo("person_a_2"), item) for item in (faces, replace(faces, pose=None)))
    assert with_pose.head_pose[0] == pytest.approx(without.head_pose[0], abs=1e-4)


def test_the_same_each_time_and_for_each_face() -> None:
    image, faces = photo("person_a_1"), found("person_a_1")
    once, thrice = assess(image, faces), assess(image, faces[[0, 0, 0]])
    assert (len(once), len(thrice)) == (1, 3)
    for name in FIELDS:
        values = getattr(thrice, name)
        assert values.dtype == np.float32
        assert not values.flags.writeable
        np.testing.assert_array_equal(values, np.repeat(getattr(once, name), 3))
    assert len(thrice[np.array([True, False, True])]) == 2


def test_no_faces() -> None:
    quality = assess(photo("person_a_1"), found("person_a_1")[:0])
    assert len(quality) == 0
    assert all(getattr(quality, name).shape == (0,) for name in FIELDS)


def test_faces_that_cannot_be_assessed() -> None:
    faces = found("person_a_1")
    with pytest.raises(FacesInvalid, match=r"landmarks: .*\(find_faces fits it\)"):
        assess(photo("person_a_1"), replace(faces, landmarks=None))
    with pytest.raises(FacesInvalid, match=r"size: expected faces of a picture of \(716, 900\)"):
        assess(photo("person_b_1"), faces)
    with pytest.raises(FacesInvalid, match="points: expected two eyes apart"):
        assess(photo("person_a_1"), replace(faces, landmarks=np.full((1, 468, 3), 50, np.float32)))


def test_arrays_of_one_length() -> None:
    values = {name: np.zeros(2, np.float32) for name in FIELDS}
    assert len(Quality(**values)) == 2
    with pytest.raises(FacesInvalid, match=r"luminance: expected shape \(2,\), got \(3,\)"):
        Quality(**{**values, "luminance": np.zeros(3, np.float32)})


def test_a_picture_of_a_few_pixels() -> None:
    """Smaller than what lies between two pixels of the crop: there is nothing to read light from."""
    faces = replace(found("person_b_1"), size=(2, 2))
    quality = assess(np.full((2, 2, 3), 90, np.uint8), faces)
    assert quality.luminance[0] == 0
    assert quality.crop_of_face[0] == 1
