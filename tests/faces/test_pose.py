"""Yaw, pitch and roll: against rotations built with OpenCV, and on turned photos."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from masquerade.faces import find_faces, head_pose
from masquerade.faces.pose import RIGID, mean_face, rotations
from tests.faces.photos import NAMES, SEARCH, found, photo

Matrix = NDArray[np.float64]


def about(axis: tuple[float, float, float], degrees: float) -> Matrix:
    """The rotation by an angle about an axis, by Rodrigues' formula; right-handed."""
    return np.asarray(cv2.Rodrigues(np.array(axis) * np.radians(degrees))[0], np.float64)


def turned(yaw: float, pitch: float, roll: float) -> Matrix:
    """A head that first tilts, then nods, then turns, as a rotation.

    x points to the right edge, y down, z away from the viewer. Thumb along the axis, fingers from the
    first axis to the second: a tilt clockwise in the picture turns x to y, about +z. Looking up turns
    the nose (-z) to -y: about -x, as z goes to y. Turning to the right edge takes the nose (-z) to x:
    about -y, as x goes to z.
    """
    return about((0, -1, 0), yaw) @ about((-1, 0, 0), pitch) @ about((0, 0, 1), roll)


def test_the_rotations_of_this_test_do_what_they_say() -> None:
    nose = np.array([0, 0, -1.0])
    assert (turned(30, 0, 0) @ nose)[0] > 0
    assert (turned(0, 30, 0) @ nose)[1] < 0
    assert (turned(0, 0, 30) @ [1.0, 0, 0])[1] > 0


@settings(deadline=None)
@given(
    st.floats(-85, 85),
    st.floats(-80, 80),
    st.floats(-175, 175),
    st.floats(0.5, 500),
    st.tuples(st.floats(-500, 500), st.floats(-500, 500), st.floats(-500, 500)),
)
def test_known_angles_are_found(
    yaw: float, pitch: float, roll: float, scale: float, shift: tuple[float, float, float]
) -> None:
    """The mean face turned, scaled and shifted gives exactly the angles it was turned by."""
    landmarks = scale * mean_face() @ turned(yaw, pitch, roll).T + shift
    found_pose = head_pose(landmarks[None].astype(np.float32))
    assert found_pose.dtype == np.float32
    np.testing.assert_allclose(found_pose, [[yaw, pitch, roll]], atol=0.1)


def test_several_faces_at_once() -> None:
    angles = np.array([[0, 0, 0], [25, -10, 5], [-40, 15, -30]])
    landmarks = np.stack([mean_face() @ turned(*row).T for row in angles]).astype(np.float32)
    np.testing.assert_allclose(head_pose(landmarks), angles, atol=1e-3)
    assert head_pose(landmarks[:0]).shape == (0, 3)


def test_rotations_are_rotations() -> None:
    """Also for points that a mirror would fit better."""
    rng = np.random.default_rng(0)
    landmarks = np.stack([mean_face() * [-1, 1, 1], mean_face() * [1, 1, -1], rng.normal(0, 1, (468, 3))])
    for matrix in rotations(landmarks.astype(np.float32)):
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(matrix) == pytest.approx(1)


def test_the_lower_face_does_not_matter() -> None:
    """A mask, or a wide-open mouth, leaves the pose as it is."""
    landmarks = (mean_face() @ turned(20, 5, -8).T).astype(np.float32)[None]
    lower = np.setdiff1d(np.arange(468), RIGID)
    landmarks[:, lower] += np.random.default_rng(0).normal(0, 1, (1, len(lower), 3)).astype(np.float32)
    np.testing.assert_allclose(head_pose(landmarks), [[20, 5, -8]], atol=1e-3)


def test_the_mean_face() -> None:
    face = mean_face()
    assert face.shape == (468, 3)
    eyes = face[[33, 133]].mean(axis=0) - face[[362, 263]].mean(axis=0)
    assert np.linalg.norm(eyes) == pytest.approx(1, abs=1e-5)
    assert eyes[0] < 0  # the right eye stands on the left of the picture
    assert abs(eyes[1]) < 1e-5
    assert abs(eyes[2]) < 1e-5
    assert face[152, 1] > face[10, 1]  # the chin is below
    assert face[1, 2] < face[[33, 263, 234, 454], 2].min()  # the nose is nearest
    # Mirror-symmetric: every landmark has a twin (itself, on the midline).
    mirrored = face * [-1, 1, 1]
    assert np.linalg.norm(mirrored[:, None] - face[None], axis=2).min(axis=1).max() < 1e-5


def pose_of(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    faces = find_faces(np.ascontiguousarray(image), "photo", SEARCH)
    assert faces.pose is not None
    return np.asarray(faces.pose[0], np.float32)  # the largest


@pytest.mark.parametrize("name", NAMES)
def test_portraits_look_ahead(name: str) -> None:
    pose = found(name).pose
    assert pose is not None
    assert np.abs(pose).max() < 16


@pytest.mark.parametrize("name", NAMES)
def test_a_mirror_flips_yaw_and_roll(name: str) -> None:
    yaw, pitch, roll = pose_of(photo(name))
    np.testing.assert_allclose(pose_of(photo(name)[:, ::-1]), [-yaw, pitch, -roll], atol=3)


@pytest.mark.parametrize("degrees", [20, -20])
@pytest.mark.parametrize("name", NAMES)
def test_a_turned_picture_moves_roll_alone(name: str, degrees: float) -> None:
    image = photo(name)
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)  # OpenCV's sign is the other way
    yaw, pitch, roll = pose_of(image)
    turned_image = cv2.warpAffine(image, matrix, (width, height), borderValue=(90, 90, 90))
    new_yaw, new_pitch, new_roll = pose_of(np.asarray(turned_image, np.uint8))
    assert new_roll - roll == pytest.approx(degrees, abs=2)
    assert new_yaw == pytest.approx(yaw, abs=4)
    assert new_pitch == pytest.approx(pitch, abs=5)
