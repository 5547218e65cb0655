"""The value that goes through the house: checked when made, sliceable, read-only."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.errors import FacesInvalid
from masquerade.faces import Faces
from tests.faces.photos import made_faces

ARRAYS = ("boxes", "scores", "points", "landmarks", "mesh_scores", "pose")
THREE = made_faces(3)


def test_what_is_given_is_kept() -> None:
    faces = Faces(size=(200, 100), boxes=THREE.boxes, scores=THREE.scores, points=THREE.points)
    assert len(faces) == 3
    assert faces.landmarks is faces.mesh_scores is faces.pose is None
    np.testing.assert_array_equal(faces.boxes, THREE.boxes)


INVALID: list[tuple[str, Any, str]] = [
    # a picture has a size
    ("size", (0, 100), "size: expected positive"),
    ("size", (200, -1), "size: expected positive"),
    # expected and actual shape are both told
    ("boxes", np.zeros((3, 5)), r"boxes: expected shape \(3, 4\), got \(3, 5\)"),
    ("boxes", np.zeros(4), r"boxes: expected shape \(4, 4\), got \(4,\)"),
    ("boxes", np.float32(1), r"boxes: expected shape \(0, 4\), got \(\)"),
    ("scores", np.zeros((3, 1)), r"scores: expected shape \(3,\), got \(3, 1\)"),
    ("scores", np.zeros(2), r"scores: expected shape \(3,\), got \(2,\)"),
    ("points", np.zeros((3, 10)), r"points: expected shape \(3, 5, 2\), got \(3, 10\)"),
    ("landmarks", np.zeros((3, 478, 3)), r"landmarks: expected shape \(3, 468, 3\), got \(3, 478, 3\)"),
    ("mesh_scores", np.zeros(4), r"mesh_scores: expected shape \(3,\), got \(4,\)"),
    ("pose", np.zeros((3, 2)), r"pose: expected shape \(3, 3\), got \(3, 2\)"),
    # more boxes than scores: the scores do not fit
    ("boxes", np.zeros((4, 4)), r"scores: expected shape \(4,\), got \(3,\)"),
    # numbers that are none
    ("boxes", np.full((3, 4), np.nan), "boxes: expected finite"),
    ("pose", np.full((3, 3), np.inf), "pose: expected finite"),
    ("scores", [0.1, None, 0.3], "scores: expected"),
    ("scores", ["a", "b", "c"], "scores: expected an array"),
    ("points", [[1], [1, 2], []], "points: expected an array"),
    # a box whose right edge lies left of its left one
    ("boxes", [[0, 0, 1, 1], [5, 0, 4, 1], [0, 0, 1, 1]], r"x0 <= x1 and y0 <= y1, got \[5.0, 0.0, 4.0, 1.0\]"),
    ("boxes", [[0, 0, 1, 1], [0, 9, 1, 8], [0, 0, 1, 1]], "x0 <= x1"),
    # scores are no percentages
    ("scores", [0.1, 0.5, 97.0], "scores: expected numbers in 0 to 1"),
    ("mesh_scores", [-0.1, 0.5, 0.9], "mesh_scores: expected numbers in 0 to 1"),
]


@pytest.mark.parametrize(("name", "value", "message"), INVALID)
def test_what_does_not_fit_is_refused(name: str, value: Any, message: str) -> None:
    with pytest.raises(FacesInvalid, match=message):
        replace(THREE, **{name: value})


def test_a_box_may_be_empty_and_reach_beyond_the_picture() -> None:
    boxes = np.array([[-50, -50, 500, 500], [7, 7, 7, 7], [300, 300, 310, 310]], np.float32)
    assert replace(THREE, boxes=boxes).heights.tolist() == [550, 0, 10]


def test_arrays_are_read_only_and_the_givers_are_left_alone() -> None:
    scores = np.array([0.1, 0.2, 0.3])
    faces = replace(THREE, scores=scores)
    for name in ARRAYS:
        values = getattr(faces, name)
        assert values.dtype == np.float32
        with pytest.raises(ValueError, match="read-only"):
            values[...] = 0
    scores[0] = 0.9  # neither do changes of the giver's array show
    assert faces.scores[0] == np.float32(0.1)
    with pytest.raises(FrozenInstanceError):
        faces.scores = scores  # type: ignore[misc]


CHOICES: list[tuple[Any, list[int]]] = [
    # one face, from either end, by numpy's integers too
    (1, [1]),
    (-1, [2]),
    (np.int64(0), [0]),
    # slices, indices, masks
    (slice(1, None), [1, 2]),
    (slice(None, None, -1), [2, 1, 0]),
    (slice(3, None), []),
    ([2, 0, 0], [2, 0, 0]),
    (np.array([True, False, True]), [0, 2]),
    (np.zeros(3, np.bool_), []),
    (np.array([], np.intp), []),
]


@pytest.mark.parametrize(("index", "rows"), CHOICES)
def test_slicing_takes_the_same_rows_of_every_array(index: Any, rows: list[int]) -> None:
    chosen = THREE[index]
    assert len(chosen) == len(rows)
    assert chosen.size == THREE.size
    for name in ARRAYS:
        expected: NDArray[np.float32] = getattr(THREE, name)[rows]
        np.testing.assert_array_equal(getattr(chosen, name), expected)


def test_slicing_leaves_absent_arrays_absent() -> None:
    bare = replace(THREE, landmarks=None, mesh_scores=None, pose=None)
    assert bare[0].landmarks is bare[0].mesh_scores is bare[0].pose is None


@pytest.mark.parametrize("index", [3, -4, np.int64(7)])
def test_a_face_that_is_not_there(index: Any) -> None:
    with pytest.raises(IndexError, match="of 3"):
        THREE[index]


def test_iteration_gives_each_face_once() -> None:
    assert [float(face.scores[0]) for face in THREE] == THREE.scores.tolist()
    assert [len(face) for face in THREE] == [1, 1, 1]


def test_heights_are_the_longer_sides() -> None:
    expected = [max(x1 - x0, y1 - y0) for x0, y0, x1, y1 in THREE.boxes]
    np.testing.assert_array_equal(THREE.heights, np.array(expected, np.float32))


def test_empty() -> None:
    none = Faces.empty((640, 480))
    assert (len(none), list(none), none.size) == (0, [], (640, 480))
    assert none.heights.shape == (0,)
    assert len(none[:1]) == 0
    with pytest.raises(IndexError):
        none[0]


def test_the_surest_face_is_alone_and_the_first_on_a_tie() -> None:
    boxes = np.array([[0, 0, 9, 9], [10, 10, 20, 20], [30, 30, 44, 44]], np.float32)
    faces = Faces((50, 50), boxes, np.array([0.4, 0.8, 0.8], np.float32), np.zeros((3, 5, 2), np.float32))
    np.testing.assert_array_equal(faces.surest.boxes, boxes[1:2])
    assert len(Faces.empty((5, 5)).surest) == 0
