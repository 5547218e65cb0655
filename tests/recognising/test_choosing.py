"""Which faces are meant, whose mouth is covered, and what is drawn on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from masquerade.errors import NoFace, PlanInvalid, SeveralFaces
from masquerade.faces import Faces, align_faces, landmarks_in_crops
from masquerade.masks import mask_crop
from masquerade.recognising import DrawnMasks, choose_faces, credible, mouth_covered, one_a_head
from masquerade.wearing import Wearing
from tests.faces.photos import found, made_faces, photo


def faces_of(*scores: tuple[float, float]) -> Faces:
    """Faces beside each other with the scores of detector and mesh."""
    detector, mesh = np.array(scores, np.float32).T
    corners = np.array([[40 * place, 10] for place in range(len(scores))], np.float32)
    boxes = np.concatenate([corners, corners + np.array([30, 40], np.float32)], axis=1)
    return replace(made_faces(len(scores)), boxes=boxes, scores=detector, mesh_scores=mesh)


CREDIBLE = [
    # a hand, a side view, a faint face, a clear one
    ((0.6, 0.01), False),
    ((0.9, 0.01), True),
    ((0.4, 0.6), True),
    ((0.95, 1.0), True),
]


@pytest.mark.parametrize(("scores", "wanted"), CREDIBLE)
def test_credible(scores: tuple[float, float], wanted: bool) -> None:
    assert credible(faces_of(scores)).tolist() == [wanted]


def test_a_hand_is_no_ones_largest_face() -> None:
    faces = faces_of((0.6, 0.01), (0.9, 1.0))
    for which in ("one", "largest", "all"):
        chosen = choose_faces(faces, which)
        np.testing.assert_array_equal(chosen.boxes, faces.boxes[1:])
    # but it counts where there is nothing else, and quality tells
    assert len(choose_faces(faces[:1], "one")) == 1


HEADS = [
    # shift of the second box and mesh in parts of the first's width, its score; whether it is another head
    ((0.0, 0.6), 0.6, False),  # a beard
    ((0.1, 0.05), 0.92, False),  # the same face, framed twice
    ((0.7, 0.0), 0.92, True),  # two heads together
    ((0.7, 0.0), 0.6, False),  # hair beside the face
    ((0.9, 0.0), 0.6, True),  # somebody behind
]


@pytest.mark.parametrize(("shift", "score", "another"), HEADS)
def test_one_face_a_head(shift: tuple[float, float], score: float, another: bool) -> None:
    face = found("person_b_1")
    assert face.landmarks is not None
    step = np.array(shift, np.float32) * (face.boxes[0, 2] - face.boxes[0, 0])
    # The second one is a little larger, and so comes first.
    grown = np.array([-1, -1, 1, 1], np.float32)
    both = Faces(
        size=face.size,
        boxes=np.concatenate([face.boxes + np.tile(step, 2) + grown, face.boxes]),
        scores=np.array([score, 0.95], np.float32),
        points=np.concatenate([face.points + step, face.points]),
        landmarks=np.concatenate([face.landmarks + np.append(step, 0).astype(np.float32), face.landmarks]),
        mesh_scores=np.ones(2, np.float32),
    )
    heads = one_a_head(both)
    np.testing.assert_array_equal(heads.boxes, both.boxes if another else face.boxes)
    np.testing.assert_array_equal(choose_faces(both, "largest").boxes, both.boxes[:1] if another else face.boxes)


def test_several() -> None:
    faces = faces_of((0.9, 1.0), (0.8, 0.9), (0.9, 0.0))
    with pytest.raises(SeveralFaces, match=r"a\.jpg: 3 faces were found, expected one"):
        choose_faces(faces, "one", "a.jpg: ")
    np.testing.assert_array_equal(choose_faces(faces, "largest").boxes, faces.boxes[:1])
    assert len(choose_faces(faces, "all")) == 3


@pytest.mark.parametrize("which", ["one", "largest", "all"])
def test_none(which: str) -> None:
    with pytest.raises(NoFace, match="no face was found"):
        choose_faces(Faces.empty((9, 9)), which)  # type: ignore[arg-type]


def test_another_word() -> None:
    with pytest.raises(ValueError, match="expected one of one, largest, all, got 'both'"):
        choose_faces(faces_of((0.9, 1.0)), "both")  # type: ignore[arg-type]


nan = float("nan")
COVERED = [
    # with_mask, without_mask, incorrect; nose, mouth, chin that show
    ((0.9, 0.05, 0.05), (0.0, 0.1, 0.1), True),
    ((0.05, 0.9, 0.05), (0.9, 0.9, 0.9), False),
    # below the nose; on the chin
    ((0.1, 0.1, 0.8), (0.9, 0.2, 0.1), True),
    ((0.1, 0.1, 0.8), (0.9, 0.9, 0.1), False),
    # a hand before the mouth
    ((0.05, 0.9, 0.05), (0.9, 0.1, 0.1), True),
    # models that do not say what shows
    ((0.9, 0.05, 0.05), (nan, nan, nan), True),
    ((0.2, 0.3, 0.5), (nan, nan, nan), True),
    ((0.2, 0.6, 0.2), (nan, nan, nan), False),
]


@pytest.mark.parametrize(("label", "visible", "wanted"), COVERED)
def test_mouth_covered(label: tuple[float, ...], visible: tuple[float, ...], wanted: bool) -> None:
    wearing = Wearing(np.array([label], np.float32), np.array([visible], np.float32))
    assert mouth_covered(wearing).tolist() == [wanted]


def test_the_same_masks_on_every_face() -> None:
    names = ("person_a_1", "impostor_1")
    crops = np.concatenate([align_faces(photo(name), found(name)) for name in names])
    landmarks = np.concatenate([landmarks_in_crops(found(name)) for name in names])
    drawn = DrawnMasks()
    versions = drawn.draw(crops, landmarks)
    assert versions.shape == (2, 3, 112, 112, 3)
    assert [plan.kind for plan in drawn.plans()] == ["surgical", "cloth", "n95"]
    assert {plan.worn for plan in drawn.plans()} == {"correctly"}
    for face in range(2):
        for number, plan in enumerate(drawn.plans()):
            alone = mask_crop(crops[face], landmarks[face], plan)[0]
            assert np.abs(versions[face, number].astype(int) - alone).max() <= 2
    np.testing.assert_array_equal(drawn.draw(crops, landmarks), versions)
    assert drawn.draw(crops[:0], landmarks[:0]).shape == (0, 3, 112, 112, 3)


def test_another_seed_other_masks() -> None:
    assert DrawnMasks(seed=1).plans() != DrawnMasks().plans()
    assert [plan.kind for plan in DrawnMasks(count=5, kinds=("gas", "cloth")).plans()] == [
        *("gas", "cloth", "gas", "cloth", "gas")
    ]


@pytest.mark.parametrize("wrong", [{"count": 0}, {"seed": -1}, {"kinds": ()}, {"kinds": ("paper",)}])
def test_masks_that_cannot_be_drawn(wrong: dict[str, object]) -> None:
    with pytest.raises(PlanInvalid):
        DrawnMasks(**wrong)  # type: ignore[arg-type]
