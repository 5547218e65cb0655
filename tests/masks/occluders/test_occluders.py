"""Things over faces: where they lie, what they hide, what they leave alone."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.errors import PlanInvalid
from masquerade.faces import Faces
from masquerade.faces.topology import CHIN, LIPS, NOSE
from masquerade.masks.occluders import (
    COVERED_PARTS,
    OCCLUDERS,
    VARIANTS,
    Occluded,
    OccluderPlan,
    apply_occluders,
    draw_occluders,
)
from masquerade.masks.occluders.drawing import COLOURS
from masquerade.masks.occluders.types import CHANCES, OccluderKind
from tests.masks.made import NAMES, drawn_face, faces_of, luminance, small, turned_face

Image = NDArray[np.uint8]
FORMS = [(kind, variant) for kind in OCCLUDERS for variant in VARIANTS[kind]]
HIDES: dict[tuple[OccluderKind, str], str] = {
    ("hand", "flat"): "mouth",
    ("hand", "two_hands"): "mouth",
    ("hand", "rest"): "chin",
    ("cup", "mug"): "chin",
    ("phone", "upright"): "mouth",
    ("phone", "level"): "mouth",
    ("scarf", "plain"): "chin",
    ("microphone", "foam"): "mouth",
    ("beard", "full"): "chin",
    ("niqab", "niqab"): "nose",
    ("niqab", "half"): "mouth",
}
"""What a thing in its middle form hides for more than half."""


def landmarks_of(faces: Faces) -> NDArray[np.float32]:
    assert faces.landmarks is not None
    return faces.landmarks


def put(name: str, kind: OccluderKind, variant: str, **values: Any) -> Occluded:
    image, faces = small(name)
    return apply_occluders(image, faces, [OccluderPlan(0, kind, variant, COLOURS[kind][0], **values)])


@pytest.mark.parametrize(("kind", "variant"), FORMS)
def test_what_lies_beyond_is_left_alone(kind: OccluderKind, variant: str) -> None:
    """Beyond it only its shadow on the face changes anything; of a shield, what lies behind the visor."""
    image, faces = small("impostor_1")
    before = image.copy()
    occluded = apply_occluders(image, faces, [OccluderPlan(0, kind, variant, "#c03040")])
    np.testing.assert_array_equal(image, before)
    assert occluded.image.shape == image.shape and occluded.image.dtype == np.uint8
    assert occluded.coverage.shape == image.shape[:2] and occluded.coverage.dtype == np.uint8
    hull = cv2.convexHull(landmarks_of(faces)[0, :, :2].round().astype(np.int32))
    if kind == "face_shield":
        x, y, width, height = cv2.boundingRect(hull)
        hull = cv2.boxPoints(((x + width / 2, y + height / 2), (1.6 * width, 1.5 * height), 0)).astype(np.int32)
    face = cv2.fillConvexPoly(np.zeros(image.shape[:2], np.uint8), hull, 1) > 0
    bare = (occluded.coverage == 0) & ~face
    assert (np.abs(image.astype(int) - occluded.image)[bare] <= 2).all()
    if kind != "face_shield":
        shadow = (occluded.coverage == 0) & face
        assert (occluded.image[shadow].astype(int) <= image[shadow].astype(int) + 1).all()
    assert (np.abs(image.astype(int) - occluded.image).max(axis=2) > 8).mean() > 0.003


@pytest.mark.parametrize("kind", OCCLUDERS)
def test_the_same_bytes_again(kind: OccluderKind) -> None:
    """From the plans, and from the plans as JSON keeps them."""
    image, faces = small("impostor_2")
    for seed in range(3):
        plans = draw_occluders(np.random.default_rng(seed), faces, (kind,))
        assert plans == draw_occluders(np.random.default_rng(seed), faces, (kind,))
        first = apply_occluders(image, faces, plans)
        kept = [OccluderPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) for plan in plans]
        again = apply_occluders(image, faces, kept)
        np.testing.assert_array_equal(first.image, again.image)
        np.testing.assert_array_equal(first.coverage, again.coverage)
        np.testing.assert_array_equal(first.covered, again.covered)


@pytest.mark.parametrize(("form", "part"), HIDES.items())
def test_parts_that_are_hidden(form: tuple[OccluderKind, str], part: str) -> None:
    covered = np.array([put(name, *form).covered[0] for name in NAMES])
    assert (covered[:, COVERED_PARTS.index(part)] > 0.5).all(), covered


@pytest.mark.parametrize("variant", VARIANTS["face_shield"])
def test_a_visor_hides_nothing(variant: str) -> None:
    for name in NAMES:
        for chance in (0.0, 1.0):
            occluded = put(name, "face_shield", variant, chances=(chance,) * CHANCES)
            assert (occluded.covered == 0).all()


def test_beards_leave_the_mouth_free() -> None:
    for name in NAMES:
        for variant in VARIANTS["beard"]:
            assert put(name, "beard", variant).covered[0, 1] < 0.4


def test_veils_leave_the_eyes_free() -> None:
    """The pupils are not hidden, the forehead and the mouth are."""
    for name in NAMES:
        _, faces = small(name)
        for chances in ((0.0,) * CHANCES, (0.5,) * CHANCES, (1.0,) * CHANCES):
            coverage = put(name, "niqab", "niqab", chances=chances).coverage
            points = landmarks_of(faces)[0, :, :2].round().astype(int)
            for eye in ((33, 133, 159, 145), (362, 263, 386, 374)):
                x, y = points[list(eye)].mean(axis=0).astype(int)
                assert coverage[y, x] < 64, (name, chances[0])
            for index in (10, 13, 152):
                x, y = points[index]
                assert coverage[y, x] > 250, (name, chances[0], index)


def test_covered_is_the_mean_of_the_coverage() -> None:
    """By another way: the pixels within the hull of a part's landmarks, one by one."""
    _, faces = small("person_a_2")
    occluded = put("person_a_2", "hand", "flat", chances=(0.35,) * CHANCES)
    for part, share in zip((NOSE, LIPS, CHIN), occluded.covered[0], strict=True):
        hull = cv2.convexHull(landmarks_of(faces)[0, list(part), :2])
        (x0, y0), (x1, y1) = hull.reshape(-1, 2).min(axis=0).astype(int), hull.reshape(-1, 2).max(axis=0).astype(int)
        inside = [
            occluded.coverage[y, x]
            for y in range(y0, y1 + 1)
            for x in range(x0, x1 + 1)
            if cv2.pointPolygonTest(hull, (float(x), float(y)), False) >= 0
        ]
        assert share == pytest.approx(np.mean(inside) / 255, abs=0.06)


@pytest.mark.parametrize("kind", ["cup", "phone", "scarf", "niqab", "microphone"])
def test_things_follow_the_exposure(kind: OccluderKind) -> None:
    image, faces = small("person_b_1")
    values = []
    for factor in (0.1, 0.3, 1.0):
        dimmed = (255 * ((image / 255.0) ** 2.2 * factor) ** (1 / 2.2)).round().astype(np.uint8)
        plan = OccluderPlan(0, kind, VARIANTS[kind][0], "#e0e0e0", "#e0e0e0")
        occluded = apply_occluders(dimmed, faces, [plan])
        values.append(luminance(occluded.image, occluded.coverage > 250))
    assert values[0] + 10 < values[1] < values[2] - 10


@pytest.mark.parametrize("skin", [(224, 172, 140), (110, 70, 50)])
def test_hands_have_the_skin_of_the_face(skin: tuple[int, int, int]) -> None:
    landmarks = turned_face(120)
    image = drawn_face(landmarks, np.ones(468, np.float32), skin, 128)
    plan = OccluderPlan(0, "hand", "flat", chances=(0.5,) * 12 + (0.5, 1.0, 0.5, 0.5))
    occluded = apply_occluders(image, faces_of(landmarks), [plan])
    hand = np.median(occluded.image[occluded.coverage > 250], axis=0)
    np.testing.assert_allclose(hand, skin, rtol=0.25)


@pytest.mark.parametrize(("kind", "variant"), FORMS)
@pytest.mark.parametrize("width", [3, 14, 60, 700])
@pytest.mark.parametrize("yaw", [-85, 0, 60])
def test_tiny_large_and_turned_faces(kind: OccluderKind, variant: str, width: float, yaw: float) -> None:
    image = np.full((200, 260, 3), 120, np.uint8)
    faces = faces_of(turned_face(width, yaw, 10, (120, 90)), (260, 200))
    occluded = apply_occluders(image, faces, [OccluderPlan(0, kind, variant)])
    assert occluded.image.shape == image.shape
    assert np.isfinite(occluded.covered).all() and (occluded.covered >= 0).all() and (occluded.covered <= 1).all()


@pytest.mark.parametrize("kind", OCCLUDERS)
@pytest.mark.parametrize("centre", [(0, 0), (200, 150), (100, -60), (-500, 80), (100, 900)])
def test_faces_at_the_border_and_beyond(kind: OccluderKind, centre: tuple[float, float]) -> None:
    image = np.full((150, 200, 3), 90, np.uint8)
    faces = faces_of(turned_face(80, 20, 0, centre), (200, 150))
    occluded = apply_occluders(image, faces, [OccluderPlan(0, kind, VARIANTS[kind][0])])
    assert occluded.image.shape == image.shape
    if abs(centre[0]) > 400 or centre[1] > 400:
        assert (occluded.covered == 0).all()


def test_the_face_in_the_picture_is_hidden_as_far_as_it_is_there() -> None:
    """A face of which the lower half lies below the picture: nose hidden, what is not there is not."""
    image = np.full((150, 200, 3), 90, np.uint8)
    faces = faces_of(turned_face(90, centre=(100, 140)), (200, 150))
    occluded = apply_occluders(image, faces, [OccluderPlan(0, "niqab", "half")])
    assert occluded.covered[0, 0] > 0.5
    assert occluded.covered[0, 2] == 0


def test_several_faces() -> None:
    """Each gets its own; the first, the largest, stands before the others."""
    landmarks = np.stack([turned_face(100, centre=(220, 120)), turned_face(60, centre=(70, 100))])
    faces = faces_of(landmarks, (320, 240))
    image = np.full((240, 320, 3), 150, np.uint8)
    plans = draw_occluders(np.random.default_rng(1), faces, ("niqab",))
    assert [plan.face for plan in plans] == [0, 1]
    both = apply_occluders(image, faces, plans)
    assert both.covered.shape == (2, 3) and both.covered.dtype == np.float32
    assert (both.covered[:, 1] > 0.9).all()
    one = apply_occluders(image, faces, plans[1:])
    assert one.covered[0, 1] < 0.1 < one.covered[1, 1]
    none = apply_occluders(image, faces, ())
    np.testing.assert_array_equal(none.image, image)
    assert none.image is not image and not none.coverage.any() and not none.covered.any()


def test_everything_is_drawn() -> None:
    _, faces = small("person_a_1")
    rng = np.random.default_rng(0)
    plans = [draw_occluders(rng, faces[[0]])[0] for _ in range(700)]
    assert {(plan.kind, plan.variant) for plan in plans} == set(FORMS)
    assert {plan.mirrored for plan in plans} == {True, False}
    few = {plan.kind for seed in range(30) for plan in draw_occluders(np.random.default_rng(seed), faces, ("cup",))}
    assert few == {"cup"}


def test_tiny_faces_get_none() -> None:
    faces = faces_of(np.stack([turned_face(60), turned_face(6, centre=(20, 20))]))
    assert [plan.face for plan in draw_occluders(np.random.default_rng(0), faces)] == [0]
    assert draw_occluders(np.random.default_rng(0), Faces.empty((9, 9))) == ()


def test_refusals() -> None:
    image, faces = small("person_a_1")
    bare = Faces(faces.size, faces.boxes, faces.scores, faces.points)
    rng = np.random.default_rng(0)
    with pytest.raises(PlanInvalid, match="landmarks"):
        draw_occluders(rng, bare)
    with pytest.raises(PlanInvalid, match="kinds"):
        draw_occluders(rng, faces, ())
    with pytest.raises(PlanInvalid, match="kinds"):
        draw_occluders(rng, faces, ("hat",))  # type: ignore[arg-type]
    with pytest.raises(PlanInvalid, match="landmarks"):
        apply_occluders(image, bare, [OccluderPlan(0, "cup", "mug")])
    with pytest.raises(PlanInvalid, match="expected one of"):
        apply_occluders(image, faces, [OccluderPlan(len(faces), "cup", "mug")])
