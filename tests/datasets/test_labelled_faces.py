"""Faces of labelled photos, on bundled portraits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from masquerade.datasets import LabelledPhoto, labelled_faces
from masquerade.faces import find_faces
from masquerade.image import read_image
from tests.datasets import made


def test_drawn_and_found_faces(photos: list[Path], tmp_path: Path) -> None:
    drawn = np.array([[1, 2, 31, 22], [5, 5, 15, 45]], np.float32)
    blank = made.save_picture(tmp_path / "blank.png", 1)
    given = [
        LabelledPhoto("made", tmp_path / "not read.jpg", (2, 0), drawn),
        LabelledPhoto("made", photos[0], (1,)),
        LabelledPhoto("made", blank, (0,)),
        LabelledPhoto("made", blank, (), np.zeros((0, 4), np.float32)),
    ]
    done: list[int] = []
    faces = labelled_faces(given, lambda: done.append(1))
    assert len(done) == 4
    assert len(faces) == 3
    assert faces.missed == (2,)
    assert faces.photos.tolist() == [0, 0, 1]
    assert faces.labels.tolist() == [2, 0, 1]
    np.testing.assert_array_equal(faces.boxes[:2], drawn)
    found = find_faces(read_image(photos[0]))
    np.testing.assert_array_equal(faces.boxes[2], found.boxes[int(np.argmax(found.scores))])
    assert faces.sides[:2].tolist() == [30, 40]
    assert faces.boxes.dtype == faces.sides.dtype == np.float32


def test_no_photos() -> None:
    faces = labelled_faces([])
    assert (len(faces), faces.boxes.shape, faces.sides.shape) == (0, (0, 4), (0,))
