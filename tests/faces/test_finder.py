"""Finding faces on real photos, small and large, and finding none where there are none."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace
from typing import Any, Literal

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.faces import Faces, detect_faces, find_faces, finder, passes
from masquerade.faces.finder import default_search
from masquerade.faces.yunet import Detections
from masquerade.geometry import box_iou
from masquerade.settings import get_settings
from tests.faces.photos import NAMES, SEARCH, found, photo

Picture = NDArray[np.uint8]
Effort = Literal["photo", "frame"]
EFFORTS: list[Effort] = ["photo", "frame"]


def resized(image: Picture, factor: float) -> Picture:
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)


def mesh_box(faces: Faces) -> NDArray[np.float32]:
    assert faces.landmarks is not None
    flat = faces.landmarks[..., :2]
    return np.concatenate([flat.min(axis=1), flat.max(axis=1)], axis=1)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("name", NAMES)
def test_one_face_a_sample(name: str, effort: Effort) -> None:
    image = photo(name)
    faces = find_faces(image, effort, SEARCH)
    assert len(faces) == 1
    assert faces.size == (image.shape[1], image.shape[0])
    assert faces.scores[0] > 0.85
    assert faces.mesh_scores is not None
    assert faces.mesh_scores[0] > 0.95
    # The detector and the mesh, two networks, mean the same face.
    assert box_iou(faces.boxes, mesh_box(faces))[0, 0] > 0.7
    x0, y0, x1, y1 = faces.boxes[0]
    assert ((faces.points[0] > (x0, y0)) & (faces.points[0] < (x1, y1))).all()
    right_eye, left_eye, nose, right_mouth, left_mouth = faces.points[0]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert right_mouth[0] < left_mouth[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(right_mouth[1], left_mouth[1])


def test_frame_makes_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes: list[tuple[int, ...]] = []

    def count(canvases: Picture, threshold: float) -> list[Detections]:
        shapes.append(canvases.shape)
        none = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32))
        return [none] * len(canvases)

    monkeypatch.setattr(passes, "detect", count)
    assert len(detect_faces(np.zeros((480, 640, 3), np.uint8), "frame", SEARCH)) == 0
    assert shapes == [(1, 384, 480, 3)]
    shapes.clear()
    detect_faces(np.zeros((480, 640, 3), np.uint8), "photo", SEARCH)
    assert sum(shape[0] for shape in shapes) > 4


def in_a_crowd(height: int, seed: int, size: tuple[int, int] = (1280, 960)) -> tuple[Picture, NDArray[np.float32]]:
    """A wall with one person whose face is so many pixels high; the picture and the face's box."""
    name = NAMES[seed % len(NAMES)]
    box = found(name).boxes[0]
    factor = height / float(box[3] - box[1])
    small = resized(photo(name), factor)
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0 : size[1], 0 : size[0]]
    wall = (120 + 40 * np.sin(x / 97) * np.cos(y / 61))[..., None] + rng.normal(0, 4, (size[1], size[0], 3))
    canvas = np.clip(wall, 0, 255).astype(np.uint8)
    left, top = int(rng.integers(0, size[0] - small.shape[1])), int(rng.integers(0, size[1] - small.shape[0]))
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return canvas, (box * factor + [left, top, left, top])[None].astype(np.float32)


@pytest.mark.parametrize("seed", range(6))
def test_a_face_of_20_pixels_in_a_large_photo(seed: int) -> None:
    image, box = in_a_crowd(20, seed)
    faces = find_faces(image, "photo", SEARCH)
    assert len(faces) == 1
    assert box_iou(box, faces.boxes)[0, 0] > 0.5


PORTRAITS = [
    # cut at the box, side of the picture in pixels or None as it is
    (0.0, None),
    (0.0, 160),
    # into the face
    (-0.05, None),
    (-0.05, 160),
]


@pytest.mark.parametrize(("margin", "side"), PORTRAITS)
@pytest.mark.parametrize("name", NAMES)
def test_a_portrait_that_fills_its_frame(name: str, margin: float, side: int | None) -> None:
    x0, y0, x1, y1 = (float(value) for value in found(name).boxes[0])
    dx, dy = (x1 - x0) * margin, (y1 - y0) * margin
    tight = photo(name)[round(y0 - dy) : round(y1 + dy), round(x0 - dx) : round(x1 + dx)]
    if side is not None:
        tight = resized(tight, side / max(tight.shape))
    faces = find_faces(np.ascontiguousarray(tight), "photo", SEARCH)
    assert len(faces) == 1
    whole = np.array([[0, 0, tight.shape[1], tight.shape[0]]], np.float32)
    assert box_iou(whole, faces.boxes)[0, 0] > 0.7


def test_two_people_the_larger_first() -> None:
    large, small = photo("person_b_1"), resized(photo("impostor_2"), 0.4)
    canvas = np.full((900, 716 + small.shape[1], 3), 90, np.uint8)
    canvas[: small.shape[0], : small.shape[1]] = small
    canvas[:, small.shape[1] :] = large
    for effort in EFFORTS:
        faces = find_faces(canvas, effort, SEARCH)
        assert len(faces) == 2
        assert faces.heights[0] > 2 * faces.heights[1]
        assert faces.boxes[0, 0] > small.shape[1] > faces.boxes[1, 2]


def empty_pictures() -> list[tuple[str, Picture]]:
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:480, 0:640]
    return [
        ("black", np.zeros((480, 640, 3), np.uint8)),
        ("white", np.full((480, 640, 3), 255, np.uint8)),
        ("noise", rng.integers(0, 256, (480, 640, 3), dtype=np.uint8)),
        ("coarse noise", cv2.resize(rng.integers(0, 256, (15, 20, 3), dtype=np.uint8), (640, 480))),
        ("checkerboard", np.repeat((255 * ((x // 40 + y // 40) % 2)).astype(np.uint8)[..., None], 3, axis=2)),
        ("gradient", np.dstack([x * 255 // 640, y * 255 // 480, (x + y) * 255 // 1120]).astype(np.uint8)),
    ]


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize(("what", "image"), empty_pictures())
def test_no_face_where_there_is_none(what: str, image: Picture, effort: Effort) -> None:
    faces = find_faces(image, effort, SEARCH)
    assert len(faces) == 0
    assert faces.landmarks is not None
    assert faces.pose is not None
    assert faces.landmarks.shape == (0, 468, 3)
    assert faces.pose.shape == (0, 3)


SHAPES = [
    # width, height: a pixel, less than a cell of the detector, lines, ribbons
    (1, 1),
    (3, 2),
    (7, 31),
    (1, 500),
    (500, 1),
    (8, 2000),
    (2000, 8),
    (33, 65),
]


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("size", SHAPES)
def test_any_shape_of_picture(size: tuple[int, int], effort: Effort) -> None:
    image = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    faces = find_faces(image, effort, SEARCH)
    assert (len(faces), faces.size) == (0, size)


def test_a_read_only_picture_and_a_view() -> None:
    image = photo("person_a_1")
    assert not image.flags.writeable
    mirrored = find_faces(image[:, ::-1], "frame", SEARCH)
    straight = find_faces(np.ascontiguousarray(image[:, ::-1]), "frame", SEARCH)
    np.testing.assert_array_equal(mirrored.boxes, straight.boxes)


def test_min_face() -> None:
    image, _ = in_a_crowd(24, 2)
    assert len(find_faces(image, "photo", replace(SEARCH, min_face=16.0))) == 1
    assert len(find_faces(image, "photo", replace(SEARCH, min_face=32.0))) == 0


def test_threshold() -> None:
    image = photo("person_a_1")
    score = float(find_faces(image, "frame", SEARCH).scores[0])
    assert len(find_faces(image, "frame", replace(SEARCH, threshold=score - 0.01))) == 1
    assert len(find_faces(image, "frame", replace(SEARCH, threshold=score + 0.01))) == 0


def test_the_default_search_is_that_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASQUERADE_MIN_FACE", "40")
    monkeypatch.setenv("MASQUERADE_FACE_THRESHOLD", "0.75")
    get_settings.cache_clear()
    try:
        assert default_search() == replace(SEARCH, min_face=40.0, threshold=0.75)
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


def test_the_same_picture_gives_the_same_faces() -> None:
    again = find_faces(photo("impostor_1"), "photo", SEARCH)
    first = found("impostor_1")
    for name in ("boxes", "scores", "points", "landmarks", "mesh_scores", "pose"):
        np.testing.assert_array_equal(getattr(again, name), getattr(first, name))


MEMORY = """
from pathlib import Path
import numpy as np
from masquerade.faces import Search, find_faces
for height, width in ((40, 40000), (40000, 40), (3000, 4000)):
    find_faces(np.full((height, width, 3), 90, np.uint8), "photo", Search())
# getrusage would count what the parent held at the fork, too
print([line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")][0])
"""


def test_extreme_pictures_do_not_blow_memory() -> None:
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 600_000  # KiB in all; Python with its libraries takes 110,000


def test_a_face_at_the_far_end_of_a_panorama() -> None:
    """Longer than OpenCV's warpAffine takes; the face is drawn for the mesh without being shrunk before."""
    box = found("person_b_1").boxes[0]
    factor = 200 / float(box[3] - box[1])
    small = resized(photo("person_b_1"), factor)
    panorama = np.full((1000, 40_000, 3), 110, np.uint8)
    left, top = 40_000 - small.shape[1] - 50, 300
    panorama[top : top + small.shape[0], left : left + small.shape[1]] = small
    faces = find_faces(panorama, "photo", SEARCH)
    assert len(faces) == 1
    expected = (box * factor + [left, top, left, top])[None].astype(np.float32)
    assert box_iou(expected, faces.boxes)[0, 0] > 0.6
    assert faces.mesh_scores is not None
    assert faces.mesh_scores[0] > 0.95
    assert box_iou(expected, mesh_box(faces))[0, 0] > 0.7


UNKNOWN: list[Any] = ["photos", "", "FRAME", None]


@pytest.mark.parametrize("effort", UNKNOWN)
def test_an_unknown_effort(effort: Any) -> None:
    for search in (find_faces, detect_faces):
        with pytest.raises(ValueError, match="effort: expected 'photo' or 'frame', got"):
            search(np.zeros((8, 8, 3), np.uint8), effort, SEARCH)


def crowd(people: int, each: int, seed: int = 0) -> tuple[Detections, NDArray[np.float32]]:
    """Raw boxes, so many of each face of a crowd, shuffled; and the faces' boxes."""
    rng = np.random.default_rng(seed)
    index = np.arange(people)
    corners = np.stack([index % 100, index // 100], axis=1) * 60
    true = np.concatenate([corners, corners + 40], axis=1).astype(np.float32)
    boxes = np.repeat(true, each, axis=0) + rng.uniform(-2, 2, (people * each, 4))
    order = rng.permutation(people * each)
    scores = rng.uniform(0.5, 1, people * each).astype(np.float32)
    points = np.repeat(boxes[:, None, :2], 5, axis=1) + 20
    return Detections(boxes[order].astype(np.float32), scores, points[order].astype(np.float32)), true


def given(monkeypatch: pytest.MonkeyPatch, raw: Detections) -> None:
    """Let the one pass over a frame find these."""
    monkeypatch.setattr(passes, "run", lambda *_: [raw])


def test_a_crowd_of_raw_boxes_takes_little_memory_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    raw, true = crowd(2000, 10)
    given(monkeypatch, raw)
    start = time.process_time()
    tracemalloc.start()
    try:
        faces = detect_faces(np.zeros((64, 64, 3), np.uint8), "frame", SEARCH)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert time.process_time() - start < 30  # many times what it takes, for tracemalloc and busy machines
    assert peak < 100 * 2**20
    assert len(faces) == len(true)
    nearest = box_iou(faces.boxes, true).argmax(axis=1)
    assert sorted(nearest) == list(range(len(true)))
    assert np.abs(faces.boxes - true[nearest]).max() < 1.7  # the mean of ten lies nearer than each of them


def test_votes_in_pieces_are_votes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    raw, _ = crowd(100, 10)
    given(monkeypatch, raw)
    image = np.zeros((64, 64, 3), np.uint8)
    once = detect_faces(image, "frame", SEARCH)
    monkeypatch.setattr(finder, "MAX_PAIRS", 7 * len(raw.scores))
    monkeypatch.setattr(finder, "MANY_RAW", 10)
    pieces = detect_faces(image, "frame", SEARCH)
    np.testing.assert_array_equal(np.sort(pieces.scores), np.sort(once.scores))
    by_place = [np.lexsort((np.rint(faces.boxes[:, 0]), np.rint(faces.boxes[:, 1]))) for faces in (once, pieces)]
    for name in ("boxes", "points"):
        expected, actual = getattr(once, name)[by_place[0]], getattr(pieces, name)[by_place[1]]
        np.testing.assert_allclose(actual, expected, atol=1e-3)


def test_of_too_many_raw_boxes_the_best_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    raw, _ = crowd(60, 1)
    given(monkeypatch, raw)
    monkeypatch.setattr(finder, "MAX_RAW", 25)
    faces = detect_faces(np.zeros((64, 64, 3), np.uint8), "frame", SEARCH)
    np.testing.assert_array_equal(np.sort(faces.scores), np.sort(raw.scores)[-25:])
