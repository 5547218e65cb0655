"""Masks on photos: where they lie, how they look, what they leave alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.errors import PlanInvalid
from masquerade.faces import Faces, find_faces
from masquerade.masks import KINDS, WORN, Choice, Effects, Masked, MaskPlan, Plan, apply, draw
from masquerade.masks.types import Kind, Worn
from tests.faces.photos import SEARCH
from tests.masks.made import NAMES, faces_of, luminance, one, small, turned_face

Image = NDArray[np.uint8]


def landmarks_of(faces: Faces) -> NDArray[np.float32]:
    assert faces.landmarks is not None
    return faces.landmarks


def drawn(name: str, effects: Effects | None = None, **values: Any) -> Masked:
    image, faces = small(name)
    return apply(image, faces, one(**values), effects=effects or Effects())


def changed(before: Image, after: Image) -> NDArray[np.bool_]:
    return np.asarray((before != after).any(axis=2), np.bool_)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["surgical", "gas", "bandana"])
def test_what_lies_beyond_the_mask_is_left_alone(name: str, kind: Kind) -> None:
    """Beyond the mask only its shadow on the skin changes anything, a few pixels wide and within the face."""
    image, faces = small(name)
    before = image.copy()
    masked = apply(image, faces, one(kind=kind))
    np.testing.assert_array_equal(image, before)
    assert masked.image.shape == image.shape and masked.image.dtype == np.uint8
    bare = changed(image, masked.image) & (masked.alpha == 0)
    margin = 0.1 * np.ptp(landmarks_of(faces)[0, :, 0])
    size = 2 * int(margin) + 1
    near = cv2.dilate((masked.alpha > 0).astype(np.uint8), np.ones((size, size), np.uint8)) > 0
    assert not (bare & ~near).any()
    hull = cv2.convexHull(landmarks_of(faces)[0, :, :2].round().astype(np.int32))
    face = cv2.fillConvexPoly(np.zeros(image.shape[:2], np.uint8), hull, 1) > 0
    # A pixel of a faint edge, whose alpha is rounded to 0, may change by one.
    assert (np.abs(image.astype(int) - masked.image)[bare & ~face] <= 2).all()
    shadow = bare & face
    assert (masked.image[shadow].astype(int) <= image[shadow].astype(int) + 1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_bytes_again(kind: Kind) -> None:
    """From the plan, and from the plan as JSON keeps it."""
    image, faces = small("impostor_2")
    plan = draw(np.random.default_rng(5), faces, Choice(kinds=(kind,), worn=WORN))
    first, again = (
        apply(image, faces, plan),
        apply(image, faces, Plan.from_dict(json.loads(json.dumps(plan.to_dict())))),
    )
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.alpha, again.alpha)
    assert changed(image, first.image).mean() > 0.02


@pytest.mark.parametrize("name", NAMES)
def test_dark_masks_are_dark(name: str) -> None:
    """In report 2's code they vanish: here black cloth is darker than any skin, and white brighter than black."""
    image, _ = small(name)
    black, white = (drawn(name, kind="cloth", colour=colour) for colour in ("#101010", "#fafafa"))
    inside = black.alpha > 250
    assert inside.mean() > 0.02
    skin = luminance(image, inside)
    assert luminance(black.image, inside) < 0.6 * skin
    assert luminance(black.image, inside) < 60
    assert luminance(white.image, inside) > luminance(black.image, inside) + 60
    assert luminance(white.image, inside) > 1.1 * skin


@pytest.mark.parametrize("name", NAMES)
def test_masks_follow_the_exposure(name: str) -> None:
    image, faces = small(name)
    values = []
    for factor in (0.25, 0.5, 1.0):
        dimmed = (255 * ((image / 255.0) ** 2.2 * factor) ** (1 / 2.2)).round().astype(np.uint8)
        masked = apply(dimmed, faces, one(kind="kn95", colour="#f6f6f6"))
        values.append(luminance(masked.image, masked.alpha > 250))
    assert values[0] + 15 < values[1] < values[2] - 15


def test_several_faces() -> None:
    """Each gets its own mask; who has none in the plan stays as they were."""
    image = np.hstack([np.asarray(cv2.resize(small(name)[0], (300, 360))) for name in NAMES[:3]])
    faces = find_faces(image, "photo", SEARCH)
    assert len(faces) == 3
    plan = draw(np.random.default_rng(0), faces)
    masked = apply(image, faces, plan)
    assert [mask.plan.face for mask in masked.masks] == [2, 1, 0]  # the largest last, before the others
    for mask in masked.masks:
        np.testing.assert_array_equal(mask.box, faces.boxes[mask.plan.face])
        x, y = landmarks_of(faces)[mask.plan.face, 13, :2].astype(int)
        assert masked.alpha[y, x] > 250
        assert mask.alpha[y - mask.corner[1], x - mask.corner[0]] > 250
        assert mask.covered[[1, 13, 14, 152]].all()
    fewer = apply(image, faces, Plan(plan.masks[1:]))
    x0, y0, x1, y1 = faces.boxes[0].astype(int)
    np.testing.assert_array_equal(fewer.image[y0:y1, x0:x1], image[y0:y1, x0:x1])
    alone = apply(image, faces, Plan(plan.masks[:1]))
    np.testing.assert_array_equal(alone.image[y0:y1, x0:x1], masked.image[y0:y1, x0:x1])


def cut(name: str, columns: slice, rows: slice) -> tuple[Image, Faces]:
    """A part of a small photo, with the face where it was."""
    image, faces = small(name)
    part = np.ascontiguousarray(image[rows, columns])
    shift = np.array([columns.start or 0, rows.start or 0], np.float32)
    landmarks = landmarks_of(faces) - [*shift, 0]
    return part, replace(
        faces, size=(part.shape[1], part.shape[0]), boxes=faces.boxes - np.tile(shift, 2), landmarks=landmarks
    )


def middle(name: str) -> tuple[int, int]:
    """Between the lips of the face in a small photo."""
    x, y = landmarks_of(small(name)[1])[0, 13, :2]
    return int(x), int(y)


@pytest.mark.parametrize("kind", ["surgical", "gas", "gaiter"])
@pytest.mark.parametrize("side", ["left", "right", "below", "above"])
def test_faces_partly_outside(kind: Kind, side: str) -> None:
    """What is inside looks as on the whole photo, but for light and noise, which are read from what is there."""
    x, y = middle("person_b_1")
    rows, columns = {
        "left": (slice(None), slice(x, None)),
        "right": (slice(None), slice(0, x)),
        "below": (slice(0, y), slice(None)),
        "above": (slice(y, None), slice(None)),
    }[side]
    whole = drawn("person_b_1", kind=kind)
    part, faces = cut("person_b_1", columns, rows)
    masked = apply(part, faces, one(kind=kind))
    expected = whole.alpha[rows, columns]
    difference = np.abs(masked.alpha.astype(int) - expected)
    difference[:3], difference[-3:], difference[:, :3], difference[:, -3:] = 0, 0, 0, 0
    assert difference.mean() < 1.5
    assert (masked.alpha > 250).mean() > 0.02


@pytest.mark.parametrize("shift", [(900, 0), (-900, 0), (0, 900), (0, -900)])
def test_faces_beyond_the_picture(shift: tuple[int, int]) -> None:
    image, faces = small("person_b_1")
    away = np.array([*shift, 0], np.float32)
    gone = replace(faces, landmarks=landmarks_of(faces) + away, boxes=faces.boxes + np.tile(away[:2], 2))
    masked = apply(image, gone, one())
    assert masked.masks == ()
    np.testing.assert_array_equal(masked.image, image)


@pytest.mark.parametrize("size", [8, 16, 30])
def test_tiny_faces(size: int) -> None:
    image, faces = small("person_a_2")
    scale = size / float(faces.heights[0])
    tiny = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    shrunk = replace(
        faces, size=(tiny.shape[1], tiny.shape[0]), boxes=faces.boxes * scale, landmarks=landmarks_of(faces) * scale
    )
    for kind in KINDS:
        masked = apply(tiny, shrunk, one(kind=kind, colour="#101010"))
        assert masked.alpha.max() > 150


def backdrop() -> Image:
    """Noise on grey: a picture in which every drawn pixel shows."""
    return np.random.default_rng(0).integers(90, 160, (300, 300, 3), np.uint8)


def loops(yaw: float, kind: Kind = "surgical") -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """What the ear loops add to a mask on the mean face, and the face's landmarks."""
    face = turned_face(130, yaw)
    masked, without = (
        apply(backdrop(), faces_of(face), one(kind=kind), effects=Effects(loops=switch)).alpha
        for switch in (True, False)
    )
    return np.abs(masked.astype(float) - without) / 255, face


@pytest.mark.parametrize("kind", ["surgical", "kn95", "n95"])
@pytest.mark.parametrize("yaw", [-60, -45, 45, 60])
def test_loops_show_on_the_near_side_alone(yaw: float, kind: Kind) -> None:
    """A face that looks to the right shows its left cheek: the loop on the other one is behind the face."""
    extra, face = loops(yaw, kind)
    nose = face[168, 0]  # between the eyes: the far cheek lies beyond
    columns = np.arange(300)
    beyond = columns > nose if yaw > 0 else columns < nose
    near, far = extra[:, ~beyond].sum(), extra[:, beyond].sum()
    assert near > 100
    assert far < 0.06 * near


def test_loops_show_on_both_sides_of_a_face_that_looks_ahead() -> None:
    extra, face = loops(0)
    left, right = extra[:, :150].sum(), extra[:, 150:].sum()
    assert left > 40
    assert left == pytest.approx(right, rel=0.15)
    assert not extra[:, 130:170].any()
    del face


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_bare_nose_stays_bare(name: str, kind: Kind) -> None:
    """Around the tip no pixel is covered, and its brightness hardly changes."""
    image, faces = small(name)
    masked = drawn(name, kind=kind, worn="nose_out", colour="#101010")
    face = landmarks_of(faces)[0]
    x, y = face[4, :2].round().astype(int)
    reach = max(1, round(0.06 * np.ptp(face[:, 0])))
    tip = np.s_[y - reach : y + reach // 2, x - reach : x + reach + 1]
    assert masked.alpha[tip].max() < 3
    assert image[tip].mean() - masked.image[tip].mean() < 6


@pytest.mark.parametrize("worn", WORN)
def test_lips_and_chin(worn: Worn) -> None:
    """On photos as on the mean face."""
    for name in NAMES:
        _, faces = small(name)
        masked = drawn(name, worn=worn)
        face = landmarks_of(faces)[0]
        lips, nose = (masked.alpha[int(y), int(x)] for x, y in (face[14, :2], face[4, :2]))
        x, y = face[175, :2]  # a little above the tip of the chin
        assert masked.alpha[int(y), int(x)] > 200, name
        assert (lips > 200) == (worn in ("correctly", "nose_out")), name
        assert (nose > 200) == (worn == "correctly"), name
        assert masked.masks[0].covered[14] == (lips > 200)


def test_without_light_the_photo_does_not_matter() -> None:
    image, faces = small("person_b_2")
    dark = (image // 4).astype(np.uint8)
    flat = Effects(light=False)
    bright, dim = (apply(picture, faces, one(kind="n95"), effects=flat) for picture in (image, dark))
    inside = bright.alpha == 255
    assert luminance(bright.image, inside) == pytest.approx(luminance(dim.image, inside), abs=3)
    lit = apply(dark, faces, one(kind="n95"))
    assert luminance(lit.image, inside) < luminance(dim.image, inside) - 50


def test_without_edges_each_pixel_is_covered_or_not() -> None:
    """No shadow either: what is not covered is as it was."""
    image, _ = small("person_b_2")
    masked = drawn("person_b_2", Effects(edges=False))
    assert set(np.unique(masked.alpha)) == {0, 255}
    assert not (changed(image, masked.image) & (masked.alpha == 0)).any()
    soft = drawn("person_b_2").alpha
    assert ((soft > 10) & (soft < 245)).sum() > 100


def test_without_the_mesh_a_mask_is_a_sticker() -> None:
    whole, flat = (drawn("person_a_2", effects).alpha > 127 for effects in (Effects(), Effects(mesh=False)))
    assert 0.5 < (whole & flat).sum() / (whole | flat).sum() < 0.97


@pytest.mark.parametrize("kind", ["surgical", "cloth", "n95"])
def test_without_loops_the_cloth_is_the_same(kind: Kind) -> None:
    whole, without = (
        drawn("impostor_1", effects, kind=kind).alpha.astype(int) for effects in (Effects(), Effects(loops=False))
    )
    assert whole.sum() > without.sum()
    # Where a loop is sewn on, its soft edge lies before the cloth.
    assert np.mean(whole - without < -3) < 0.002


def test_noise_depends_on_the_seed() -> None:
    image, faces = small("person_b_2")
    noisy = np.clip(image + np.random.default_rng(0).normal(0, 8, (*image.shape[:2], 1)), 0, 255).astype(np.uint8)
    first, other = (apply(noisy, faces, one(seed=seed)).image for seed in (1, 2))
    assert (first != other).any()


def test_brighter_and_darker_masks() -> None:
    dim, bright = (drawn("impostor_1", light=light) for light in (0.7, 1.0))
    inside = dim.alpha > 250
    assert luminance(dim.image, inside) < luminance(bright.image, inside) - 20


BAD: dict[str, tuple[Any, Plan]] = {
    "a face that is not there": ({}, one(face=1)),
    "no landmarks": ({"landmarks": None}, one()),
    "no pose": ({"pose": None}, one()),
    "a library's mask without the library": ({}, one(entry="m001")),
}


@pytest.mark.parametrize(("changes", "plan"), BAD.values(), ids=BAD)
def test_plans_that_do_not_fit_the_faces(changes: dict[str, Any], plan: Plan) -> None:
    image, faces = small("person_b_2")
    with pytest.raises(PlanInvalid):
        apply(image, replace(faces, **changes), plan)


def test_nothing_planned_nothing_drawn() -> None:
    image, faces = small("person_b_2")
    masked = apply(image, faces, Plan())
    np.testing.assert_array_equal(masked.image, image)
    assert masked.image is not image
    assert apply(image, Faces.empty((10, 10)), Plan()).masks == ()
    assert MaskPlan(0, "gas").entry is None
