"""Drawing plans by chance: the same state gives the same plan, and who gets none is told why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masquerade.errors import PlanInvalid
from masquerade.faces import Faces, find_faces
from masquerade.image import read_image
from masquerade.masks import KINDS, PALETTES, PATTERNS, WORN, Choice, MaskPlan, Nudge, draw
from masquerade.masks.drawing import draw_mask
from tests.masks.made import Chances, faces_of, turned_face

ALL = Choice(worn=WORN)


def three() -> Faces:
    return faces_of(np.stack([turned_face(80, centre=(60 + 80 * index, 150)) for index in range(3)]))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_the_same_state_gives_the_same_plan(seed: int) -> None:
    plans = [draw(np.random.default_rng(seed), three(), ALL) for _ in range(2)]
    assert plans[0] == plans[1]
    assert [mask.face for mask in plans[0].masks] == [0, 1, 2]


def test_other_states_give_other_plans() -> None:
    plans = {draw(np.random.default_rng(seed), three(), ALL) for seed in range(30)}
    assert len(plans) == 30


CHOICES = {
    "all": ALL,
    "one kind": Choice(kinds=("gas",)),
    "colours": Choice(colours=("#102030", "#ffffff")),
    "patterns": Choice(patterns=PATTERNS, textures=("wood.jpg",)),
    "still": Choice(jitter=0),
    "intensity": Choice(intensity=(0.2, 0.9)),
}


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_a_mask_takes_sixteen_chances_whatever_comes_out(choice: Choice) -> None:
    """So that the second mask does not depend on what may be drawn for the first."""
    for number in (0.0, 0.3, 0.999):
        chances = Chances(number)
        draw_mask(chances.as_generator(), 0, choice)
        assert chances.taken == 16
    assert draw_mask(np.random.default_rng(3), 0, choice).seed == draw_mask(np.random.default_rng(3), 0, ALL).seed


def test_everything_allowed_comes_out_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    masks = [draw_mask(rng, 0, ALL) for _ in range(600)]
    assert {mask.kind for mask in masks} == set(KINDS)
    assert {mask.worn for mask in masks} == set(WORN)
    assert {mask.pattern.name for mask in masks} == set(PATTERNS) - {"texture", "window"}
    for kind in KINDS:
        assert {mask.colour for mask in masks if mask.kind == kind} == set(PALETTES[kind])
    few = Choice(("n95", "gas"), ("nose_out",), ("#010203",), ("dots",), intensity=(0.5, 0.7))
    for _ in range(50):
        mask = draw_mask(rng, 4, few)
        assert (mask.face, mask.worn, mask.colour, mask.pattern.name) == (4, "nose_out", "#010203", "dots")
        assert mask.kind in few.kinds
        assert mask.pattern.colour != mask.colour


@pytest.mark.parametrize("bounds", [(0.25, 0.25), (0.31, 0.34), (0.0, 1.0)])
def test_intensity_stays_within_its_bounds(bounds: tuple[float, float]) -> None:
    for number in (0.0, 0.2, 0.5, 0.8, 0.9999):
        mask = draw_mask(Chances(number).as_generator(), 0, Choice(intensity=bounds))
        assert bounds[0] <= mask.intensity <= bounds[1]


def test_jitter() -> None:
    rng = np.random.default_rng(0)
    assert all(draw_mask(rng, 0, Choice(jitter=0)).nudge == Nudge() for _ in range(5))
    wide, narrow = ([abs(draw_mask(rng, 0, Choice(jitter=size)).nudge.turn) for _ in range(99)] for size in (1, 0.1))
    assert 0.05 < np.mean(narrow) / np.mean(wide) < 0.2


def changed(**values: Any) -> Faces:
    return replace(faces_of(turned_face(100)), **values)


REFUSED: dict[str, tuple[Faces, Choice, str | None]] = {
    # the face, what may be drawn, the code
    "as it is": (changed(), Choice(), None),
    "small": (changed(boxes=[[0, 0, 15, 12]]), Choice(), "face_too_small"),
    "just large enough": (changed(boxes=[[0, 0, 16, 12]]), Choice(), None),
    "too small when asked": (changed(boxes=[[0, 0, 39, 12]]), Choice(min_face=40), "face_too_small"),
    "doubtful": (changed(mesh_scores=[0.2]), Choice(), "face_doubtful"),
    "nobody asked": (changed(mesh_scores=None), Choice(), None),
    "doubtful, allowed": (changed(mesh_scores=[0.2]), Choice(min_score=0), None),
    "profile right": (changed(pose=[[76, 0, 0]]), Choice(), "pose_too_far"),
    "profile left": (changed(pose=[[-76, 0, 0]]), Choice(), "pose_too_far"),
    "far, within the limit": (changed(pose=[[75, -50, 170]]), Choice(), None),
    "from above": (changed(pose=[[0, -51, 0]]), Choice(), "pose_too_far"),
    "narrower limit": (changed(pose=[[21, 0, 0]]), Choice(max_yaw=20), "pose_too_far"),
}


@pytest.mark.parametrize(("faces", "choice", "code"), REFUSED.values(), ids=REFUSED)
def test_who_gets_a_mask(faces: Faces, choice: Choice, code: str | None) -> None:
    plan = draw(np.random.default_rng(0), faces, choice)
    assert [skip.code for skip in plan.skipped] == ([code] if code else [])
    assert len(plan.masks) == (code is None)
    for skip in plan.skipped:
        assert skip.face == 0
        assert "expected" in skip.reason or "below" in skip.reason


def test_a_refused_face_leaves_the_others_their_masks() -> None:
    faces = three()
    pose = faces.pose
    assert pose is not None
    plan = draw(
        np.random.default_rng(1), replace(faces, pose=pose + np.array([[0, 0, 0], [80, 0, 0], [0, 0, 0]], np.float32))
    )
    assert [mask.face for mask in plan.masks] == [0, 2]
    assert [skip.face for skip in plan.skipped] == [1]


def test_no_faces_no_masks() -> None:
    assert not draw(np.random.default_rng(0), Faces.empty((10, 10))).masks


@pytest.mark.parametrize("missing", ["landmarks", "pose"])
def test_faces_without_a_mesh_are_refused(missing: str) -> None:
    with pytest.raises(PlanInvalid, match="landmarks and pose"):
        draw(np.random.default_rng(0), replace(three(), **{missing: None}))  # type: ignore[arg-type]


WRONG: dict[str, dict[str, Any]] = {
    "no kinds": {"kinds": ()},
    "unknown kind": {"kinds": ("surgical", "paper")},
    "no way to wear": {"worn": ()},
    "unknown way": {"worn": ("upside_down",)},
    "colour": {"colours": ("#fff",)},
    "unknown pattern": {"patterns": ("zigzag",)},
    "texture without picture": {"patterns": ("texture",)},
    "intensity upside down": {"intensity": (0.8, 0.2)},
    "intensity beyond 1": {"intensity": (0.8, 1.2)},
    "negative jitter": {"jitter": -0.5},
    "jitter beyond measure": {"jitter": float("inf")},
}


@pytest.mark.parametrize("values", WRONG.values(), ids=WRONG)
def test_wishes_that_cannot_be_met(values: dict[str, Any]) -> None:
    with pytest.raises(PlanInvalid):
        Choice(**values)


def test_masks_can_be_told_apart() -> None:
    """Plans are values: equal, hashable."""
    assert len({MaskPlan(0, "gas"), MaskPlan(0, "gas"), MaskPlan(1, "gas")}) == 2


def test_two_boxes_on_a_face_get_one_mask(samples: Path) -> None:
    image = read_image(samples / "person_b_1.jpg")
    face = find_faces(image)[:1]
    moved = face.boxes[0] + np.float32(4)
    assert face.landmarks is not None
    assert face.pose is not None
    assert face.mesh_scores is not None
    twice = Faces(
        size=face.size,
        boxes=np.stack([moved, face.boxes[0]]),
        scores=np.array([0.5, 0.9]),
        points=np.repeat(face.points, 2, axis=0),
        landmarks=np.repeat(face.landmarks, 2, axis=0),
        mesh_scores=np.repeat(face.mesh_scores, 2),
        pose=np.repeat(face.pose, 2, axis=0),
    )
    plan = draw(np.random.default_rng(0), twice)
    assert [mask.face for mask in plan.masks] == [1]
    assert [(skip.face, skip.code) for skip in plan.skipped] == [(0, "face_doubled")]


def test_a_mesh_beside_the_face_gets_none(samples: Path) -> None:
    face = find_faces(read_image(samples / "person_b_1.jpg"))[:1]
    assert face.landmarks is not None
    astray = face.landmarks + np.array([0.6 * float(face.heights[0]), 0, 0], np.float32)
    plan = draw(np.random.default_rng(0), replace(face, landmarks=astray))
    assert [skip.code for skip in plan.skipped] == ["face_doubtful"]
