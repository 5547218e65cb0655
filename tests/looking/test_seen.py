"""What was seen in a picture, as values and as a line of JSON."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import masquerade
from masquerade.errors import FacesInvalid, ImageNotFound
from masquerade.faces import Faces
from masquerade.looking import FaceWearing, Seen, SeenFace
from masquerade.wearing import Wearing
from tests.cli.commands import VALIDATOR
from tests.looking.made import seen_of

REASONS = [
    ("with_mask", (), "nose, mouth and chin are covered"),
    ("without_mask", ("nose", "mouth", "chin"), "nose, mouth and chin show"),
    # a mask worn wrongly: one part, two, three
    ("without_mask", ("nose",), "no mask; something else covers mouth and chin"),
    ("incorrect", (), "the mask is worn wrongly"),
    ("incorrect", ("nose",), "nose shows beside the mask"),
    ("incorrect", ("chin",), "chin shows beside the mask"),
    ("incorrect", ("nose", "mouth"), "nose and mouth show beside the mask"),
    ("incorrect", ("nose", "mouth", "chin"), "nose, mouth and chin show beside the mask"),
]


@pytest.mark.parametrize(("label", "visible", "reason"), REASONS)
def test_the_reason_in_words(label: str, visible: tuple[str, ...], reason: str) -> None:
    wearing = FaceWearing(label, {"with_mask": 0.2, "without_mask": 0.3, "incorrect": 0.5}, visible)
    assert wearing.reason == reason
    assert wearing.probability == {"with_mask": 0.2, "without_mask": 0.3, "incorrect": 0.5}[label]


def test_an_undecided_face_keeps_its_probabilities() -> None:
    (face,) = seen_of((100, 80), [(10, 10, 50, 60)], ["undecided"])
    assert face.wearing.label == "undecided"
    assert face.wearing.probability == pytest.approx(0.4)
    assert face.wearing.probabilities["incorrect"] == pytest.approx(0.3)
    assert face.wearing.reason == "no label is likely enough"


TWO = seen_of((100, 80), [(10, 10, 50.04, 60.06), (60, 5, 80, 30)], ["with_mask", "incorrect"])


def test_iteration_gives_each_face() -> None:
    first, second = TWO
    assert [first, second] == [TWO[0], TWO[1]]
    assert [TWO[-1], TWO[-2]] == [second, first]
    assert (len(TWO), TWO.width, TWO.height) == (2, 100, 80)
    assert isinstance(first, SeenFace)
    assert first.box == (10.0, 10.0, 50.0, 60.1)
    assert (first.pose.yaw, first.pose.pitch, first.pose.roll) == (10.0, -20.1, 0.0)
    assert (first.wearing.label, second.wearing.label) == ("with_mask", "incorrect")
    assert first.wearing.probabilities == {"with_mask": 0.9, "without_mask": 0.06, "incorrect": 0.04}
    assert second.wearing.visible == ("nose",)


@pytest.mark.parametrize("index", [2, -3])
def test_there_is_no_other_face(index: int) -> None:
    with pytest.raises(IndexError, match="of 2"):
        _ = TWO[index]


def test_values_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        TWO.faces = Faces.empty((1, 1))  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        TWO[0].score = 0.1  # type: ignore[misc]


def test_no_face() -> None:
    seen = seen_of((7, 9), [], [])
    assert list(seen) == []
    assert not len(seen)
    assert seen.to_dict() == {"width": 7, "height": 9, "faces": []}


def test_faces_and_wearing_must_fit() -> None:
    three = np.full((3, 3), 1 / 3, np.float32)
    with pytest.raises(FacesInvalid, match="expected 2 rows, one a face, got 3"):
        Seen(TWO.faces, Wearing(three, three))


def test_as_json() -> None:
    line = {"photo": "a.jpg", **TWO.to_dict()}
    VALIDATOR.validate(line)
    assert json.loads(json.dumps(line)) == line
    assert line["faces"][1] == {
        "box": [60.0, 5.0, 80.0, 30.0],
        "score": 0.5,
        "points": [[70.0, 17.5]] * 5,
        "pose": {"yaw": 10.0, "pitch": -20.1, "roll": 0.0},
        "wearing": {
            "label": "incorrect",
            "probabilities": {"with_mask": 0.2, "without_mask": 0.2, "incorrect": 0.6},
            "visible": ["nose"],
            "kind": None,
        },
    }


def test_without_pose_the_angles_are_zero() -> None:
    seen = seen_of((100, 80), [(10, 10, 50, 60)], ["with_mask"], pose=False)
    assert (seen[0].pose.yaw, seen[0].pose.pitch, seen[0].pose.roll) == (0, 0, 0)


def test_look_takes_paths_bytes_and_arrays(photos: list[Path]) -> None:
    path = photos[2]
    with Image.open(path) as photo:
        array = np.asarray(photo.convert("RGB"))
    expected = masquerade.look(path).to_dict()
    assert len(expected["faces"]) == 1
    assert masquerade.look(str(path)).to_dict() == expected
    assert masquerade.look(path.read_bytes()).to_dict() == expected
    assert masquerade.look(array).to_dict() == expected
    with pytest.raises(ImageNotFound):
        masquerade.look(path.with_name("missing.jpg"))


def test_a_bare_face(photos: list[Path]) -> None:
    for photo in photos:
        (face,) = masquerade.look(photo)
        assert (photo.name, face.wearing.label) == (photo.name, "without_mask")
        assert face.wearing.visible == ("nose", "mouth", "chin")
        assert face.wearing.probability > 0.6


def test_effort_and_search(photos: list[Path]) -> None:
    assert len(masquerade.look(photos[0], effort="frame")) == 1
    assert len(masquerade.look(photos[0], search=masquerade.Search(min_face=2000))) == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 2), (16, 16)])
def test_tiny_pictures_have_no_face(size: tuple[int, int]) -> None:
    seen = masquerade.look(np.full((size[1], size[0], 3), 200, np.uint8))
    assert (len(seen), seen.width, seen.height) == (0, *size)
