"""Masks that are hard to see: with a clear window over the mouth, and in the colour of the skin."""

from __future__ import annotations

import json

import numpy as np
import pytest

from masquerade.errors import PlanInvalid
from masquerade.faces import align_faces, landmarks_in_crops
from masquerade.masks import Choice, MaskPlan, Pattern, Plan, apply, draw, mask_crop
from masquerade.masks.art import texture
from masquerade.masks.light import Light, dye_of
from masquerade.masks.types import Kind
from tests.masks.made import NAMES, drawn_face, faces_of, one, small, turned_face

WINDOW = Pattern("window", "#f4f1ea")


@pytest.mark.parametrize("kind", ["surgical", "cloth", "kn95", "n95"])
def test_windows_are_clear_in_the_middle(kind: Kind) -> None:
    plain, clear = (texture(kind, False, "#80a0c0", pattern, 1.0, 256) for pattern in (Pattern(), WINDOW))
    assert (clear[..., :3] <= clear[..., 3:]).all()  # multiplied by alpha
    middle = clear[85:105, 118:138, 3]
    assert np.median(middle) < 60 < middle.max() + 60
    np.testing.assert_array_equal(clear[4:30, 100:156], plain[4:30, 100:156])  # the fabric above
    small_one = texture(kind, False, "#80a0c0", Pattern("window", scale=0.6), 1.0, 256)
    assert (small_one[..., 3] < 128).sum() < (clear[..., 3] < 128).sum()


@pytest.mark.parametrize("name", NAMES)
def test_the_mouth_is_seen_through_a_window(name: str) -> None:
    """Lips come out nearly as they were, the cheeks do not; the label is that of a mask."""
    image, faces = small(name)
    masked = apply(image, faces, one(kind="surgical", pattern=WINDOW))
    assert faces.landmarks is not None
    points = faces.landmarks[0, :, :2].round().astype(int)
    change = np.abs(masked.image.astype(int) - image).mean(axis=2)
    lips, cheeks = (np.median([change[y, x] for x, y in points[rows]]) for rows in ([13, 14, 0, 17], [205, 425]))
    assert lips < 30 < cheeks
    drawn = masked.masks[0]
    assert drawn.plan.label == "with_mask" and not drawn.plan.visible
    assert drawn.covered[[1, 13, 14, 152]].all()


@pytest.mark.parametrize("skin", [(224, 172, 140), (150, 105, 80), (96, 62, 46)])
@pytest.mark.parametrize("around", [60, 200])
def test_skin_coloured_masks_look_as_the_skin(skin: tuple[int, int, int], around: int) -> None:
    landmarks = turned_face(120)
    image = drawn_face(landmarks, np.ones(468, np.float32), skin, around)
    masked = apply(image, faces_of(landmarks), one(kind="cloth", colour="skin"))
    seen = np.median(masked.image[masked.alpha > 250], axis=0)
    np.testing.assert_allclose(seen, skin, rtol=0.1, atol=18)


def test_skin_is_read_on_crops_too() -> None:
    image, faces = small("person_b_2")
    crop, landmarks = align_faces(image, faces)[0], landmarks_in_crops(faces)[0]
    plain, alpha = mask_crop(crop, landmarks, MaskPlan(0, "kn95", colour="skin"))
    inside = alpha > 250
    change = np.median(plain[inside], axis=0) - np.median(crop[inside], axis=0)
    assert (np.abs(change) < 50).all()
    blue, _ = mask_crop(crop, landmarks, MaskPlan(0, "kn95", colour="#2030f0"))
    assert np.abs(np.median(blue[inside], axis=0) - np.median(crop[inside], axis=0)).max() > 60


def test_the_dye_that_looks_as_the_skin() -> None:
    """By hand: with light of half the display value, skin of 0.3 is a dye of 0.6; to six grey levels."""
    half = np.full(3, 0.5, np.float32)
    light = Light(half, np.array([1, 0, 0, 0], np.float32), 0.0, np.array([0.3, 0.2, 0.1], np.float32))
    dye = dye_of("skin", light)
    levels = [int(dye[place : place + 2], 16) for place in (1, 3, 5)]
    np.testing.assert_allclose(levels, [153, 102, 51], atol=3)
    assert dye_of("#123456", light) == "#123456"


def test_plans_and_wishes_know_the_words() -> None:
    choice = Choice(colours=("skin", "#ffffff"), patterns=("window", "plain"))
    _, faces = small("person_a_1")
    rng = np.random.default_rng(0)
    masks = [draw(rng, faces, choice).masks[0] for _ in range(40)]
    assert {mask.colour for mask in masks} == {"skin", "#ffffff"}
    assert {mask.pattern.name for mask in masks} == {"window", "plain"}
    plan = Plan(tuple(masks[:1]))
    assert Plan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    with pytest.raises(PlanInvalid, match="colour"):
        MaskPlan(0, "cloth", colour="skinny")
    with pytest.raises(PlanInvalid, match="colour"):
        Pattern("dots", "skin") and MaskPlan(0, "cloth", pattern=Pattern("dots", "skin"))


def test_prints_come_as_often_as_before() -> None:
    """Without being asked for, no window is drawn: plans of earlier seeds stay as they were."""
    _, faces = small("person_a_1")
    rng = np.random.default_rng(0)
    names = {draw(rng, faces, Choice(kinds=("cloth", "bandana"))).masks[0].pattern.name for _ in range(80)}
    assert names == {"plain", "stripes", "dots", "checks", "floral"}
