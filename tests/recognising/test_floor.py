"""What is too little to tell a person by."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.faces import Faces, find_faces
from masquerade.geometry import transform
from masquerade.recognising import QualityFloor
from tests.faces.photos import NAMES, SEARCH, found, photo
from tests.recognising.made import masked_photo

BARE, COVERED = np.zeros(1, np.bool_), np.ones(1, np.bool_)
NAME = "person_b_1"


def refusal(image: NDArray[np.uint8], faces: Faces, masked: NDArray[np.bool_] = BARE) -> str | None:
    (reason,), quality = QualityFloor().refusals(image, faces, masked)
    assert len(quality) == 1
    return reason


@pytest.mark.parametrize("name", NAMES)
def test_the_samples_pass_bare_and_masked(name: str) -> None:
    assert refusal(photo(name), found(name)) is None
    # black and white masks do not make a photo too dark or too bright
    for colour in ("#000000", "#ffffff"):
        assert refusal(masked_photo(name, "ffp2", colour), found(name), COVERED) is None


def smaller(name: str, eyes: float) -> tuple[NDArray[np.uint8], Faces]:
    """A photo shrunk until so many pixels lie between the eyes."""
    faces = found(name)
    factor = eyes / float(np.linalg.norm(faces.points[0, 0] - faces.points[0, 1]))
    image = cv2.resize(photo(name), None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    matrix = np.array([[factor, 0, 0], [0, factor, 0]])
    assert faces.landmarks is not None
    moved = np.concatenate([transform(matrix, faces.landmarks[..., :2]), faces.landmarks[..., 2:] * factor], axis=-1)
    boxes = faces.boxes * np.float32(factor)
    size = (image.shape[1], image.shape[0])
    points = transform(matrix, faces.points).astype(np.float32)
    return image, replace(faces, size=size, boxes=boxes, points=points, landmarks=moved)


def test_too_small() -> None:
    assert refusal(*smaller(NAME, 14)) is None
    reason = refusal(*smaller(NAME, 7))
    assert reason is not None and reason.startswith("inter-eye distance")
    assert reason.endswith("expected at least 10")


def test_too_blurred() -> None:
    image, faces = smaller(NAME, 40)
    assert refusal(cv2.GaussianBlur(image, (0, 0), 1), faces) is None
    reason = refusal(cv2.GaussianBlur(image, (0, 0), 9), faces)
    assert reason is not None and reason.startswith("sharpness")


@pytest.mark.parametrize(("factor", "shift", "measure"), [(0.08, 0, "under-exposure"), (0.3, 235, "over-exposure")])
def test_too_dark_and_too_bright(factor: float, shift: float, measure: str) -> None:
    image = np.clip(photo(NAME).astype(float) * factor + shift, 0, 255).astype(np.uint8)
    floor = replace(QualityFloor(), sharpness=0.0)
    (reason,), _ = floor.refusals(image, found(NAME), BARE)
    assert reason is not None and reason.startswith(f"{measure} prevention")


TURNED = [([70.0, 0, 0], "yaw 70"), ([0, -50.0, 0], "pitch 50"), ([0, 0, 90.0], None), ([40.0, 20.0, 0], None)]


@pytest.mark.parametrize(("pose", "begins"), TURNED)
def test_turned_away(pose: list[float], begins: str | None) -> None:
    reason = refusal(photo(NAME), replace(found(NAME), pose=np.array([pose], np.float32)))
    assert (reason or "")[: len(begins or "")] == (begins or "")
    assert (reason is None) == (begins is None)


def test_half_out_of_the_picture() -> None:
    faces = found(NAME)
    middle = int(faces.boxes[0, [0, 2]].mean())
    cut = photo(NAME)[:, middle:]
    assert faces.landmarks is not None
    left = np.array([middle, 0], np.float32)
    there = replace(
        faces,
        size=(cut.shape[1], cut.shape[0]),
        boxes=faces.boxes - np.tile(left, 2),
        points=faces.points - left,
        landmarks=faces.landmarks - np.append(left, 0).astype(np.float32),
    )
    reason = refusal(cut, there)
    assert reason is not None and reason.startswith("crop of face 0.")


SCORES = [
    # detector, mesh, masked, refused
    (0.6, 0.01, False, True),
    (0.9, 0.01, False, False),
    (0.6, 0.9, False, False),
    # of a masked face the mesh's score says nothing
    (0.6, 0.01, True, False),
]


@pytest.mark.parametrize(("detector", "mesh", "masked", "refused"), SCORES)
def test_what_is_hardly_a_face(detector: float, mesh: float, masked: bool, refused: bool) -> None:
    faces = replace(found(NAME), scores=np.array([detector]), mesh_scores=np.array([mesh]))
    reason = refusal(photo(NAME), faces, np.array([masked]))
    assert (reason is not None) == refused
    if refused:
        assert reason == "mesh score 0.01, expected at least 0.3"


def test_each_face_by_itself() -> None:
    faces = find_faces(photo(NAME), "photo", SEARCH)
    two = replace(faces[[0, 0]], pose=np.array([[0, 0, 0], [80, 0, 0]], np.float32))
    reasons, quality = QualityFloor().refusals(photo(NAME), two, np.zeros(2, np.bool_))
    assert reasons[0] is None and reasons[1] is not None
    assert len(quality) == 2
