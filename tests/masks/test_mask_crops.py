"""Masks on aligned crops: as on photos, but faster; the same from every worker."""

from __future__ import annotations

import hashlib
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.errors import PlanInvalid
from masquerade.faces import align_faces, alignment, key_points
from masquerade.faces.align import landmarks_in_crops
from masquerade.geometry import sample, transform
from masquerade.masks import KINDS, WORN, Choice, MaskPlan, apply
from masquerade.masks.crops import mask_crop, mask_crops, masked_crop, masked_crops
from masquerade.masks.types import Kind, Worn
from tests.faces.photos import found, photo
from tests.masks.made import NAMES, faces_of, one, turned_face

ANY = Choice(worn=WORN)


@lru_cache(maxsize=8)
def crop(name: str) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The aligned face of a sample photo, and its landmarks."""
    aligned = align_faces(photo(name), found(name))[0]
    aligned.flags.writeable = False
    return aligned, landmarks_in_crops(found(name))[0]


@lru_cache(maxsize=8)
def wide_crop(name: str) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The same face smaller, so that what hangs below the chin is in the crop."""
    whole, matrix = found(name), np.eye(3)
    assert whole.landmarks is not None
    matrix[:2] = alignment(key_points(whole.landmarks)[0])
    matrix = np.array([[0.6, 0, 22], [0, 0.6, 6], [0, 0, 1]]) @ matrix
    landmarks = np.array(whole.landmarks[0])
    landmarks[:, :2] = transform(matrix[:2], landmarks[:, :2])
    landmarks[:, 2] *= np.sqrt(np.linalg.det(matrix[:2, :2]))
    return sample(photo(name), matrix[:2], (112, 112)), landmarks


def overlap(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Intersection over union."""
    return float((first & second).sum() / (first | second).sum())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("worn", WORN)
def test_crops_look_as_photos_do(kind: Kind, worn: Worn) -> None:
    for name in NAMES[::2]:
        image, landmarks = wide_crop(name)
        masked, alpha = mask_crop(image, landmarks, MaskPlan(0, kind, worn, "#8fbfe0"))
        expected = apply(image, faces_of(landmarks, (112, 112)), one(kind=kind, worn=worn, colour="#8fbfe0"))
        # Of a mask around the chin much are straps, a pixel wide.
        assert overlap(alpha > 127, expected.binary) > (0.9 if worn in ("correctly", "nose_out") else 0.8), name
        inside = (alpha > 250) & (expected.alpha > 250)
        difference = masked[inside].astype(float).mean(axis=0) - expected.image[inside].mean(axis=0)
        assert np.abs(difference).max() < 12, name


@pytest.mark.parametrize("yaw", [-60.0, 60.0])
@pytest.mark.parametrize("kind", KINDS)
def test_turned_faces_too(kind: Kind, yaw: float) -> None:
    landmarks = turned_face(75, yaw, centre=(56, 60))
    image = np.random.default_rng(0).integers(60, 200, (112, 112, 3), np.uint8)
    alpha = mask_crop(image, landmarks, MaskPlan(0, kind))[1]
    expected = apply(image, faces_of(landmarks, (112, 112)), one(kind=kind)).binary
    assert overlap(alpha > 127, expected) > 0.85


def test_what_lies_beyond_the_mask_is_left_alone() -> None:
    image, landmarks = crop("person_a_1")
    before = image.copy()
    masked, alpha = mask_crop(image, landmarks, MaskPlan(0, "n95"))
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(masked[alpha == 0], image[alpha == 0])
    assert masked.shape == image.shape and alpha.shape == image.shape[:2]


@pytest.mark.parametrize("shift", [(300, 0), (0, -300), (111, 0)])
def test_faces_beyond_the_crop(shift: tuple[int, int]) -> None:
    image, landmarks = crop("person_a_1")
    masked, alpha = mask_crop(image, landmarks + np.array([*shift, 0], np.float32), MaskPlan(0, "surgical"))
    np.testing.assert_array_equal(masked[alpha == 0], image[alpha == 0])


Task = tuple[NDArray[np.uint8], NDArray[np.float32], int]


def drawn(task: Task) -> str:
    """The hash of one draw on a crop; runs in workers too."""
    image, landmarks, number = task
    masked, plan = masked_crop(image, landmarks, (7, 1, number), ANY)
    return hashlib.sha256(masked.tobytes() + repr(plan).encode()).hexdigest()


def test_workers_draw_the_same() -> None:
    """One process in order; two fresh ones, the other way round."""
    tasks = [(*crop(NAMES[number % 2]), number) for number in range(12)]
    here = [drawn(task) for task in tasks]
    assert len(set(here)) == len(here)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        there = list(pool.map(drawn, tasks[::-1]))
    assert there[::-1] == here


def test_other_epochs_draw_otherwise() -> None:
    image, landmarks = crop("person_a_1")
    plans = {masked_crop(image, landmarks, (7, epoch, 3), ANY)[1] for epoch in range(10)}
    assert len(plans) == 10


def test_a_batch_is_drawn_as_its_crops_alone() -> None:
    """Masks that reach below their crop leave the next one's part of the canvas alone."""
    parts = [crop(NAMES[number % len(NAMES)]) for number in range(40)]
    images, landmarks = (np.stack(arrays) for arrays in zip(*parts, strict=True))
    kept = images.copy()
    together, plans = masked_crops(images, landmarks, [(3, number) for number in range(40)], ANY)
    np.testing.assert_array_equal(images, kept)
    assert {plan.worn for plan in plans} == set(WORN)
    for image, points, plan, found_together in zip(images, landmarks, plans, together, strict=True):
        alone = mask_crop(image, points, plan)[0]
        difference = np.abs(alone.astype(int) - found_together)
        assert difference.max() <= 12, plan
        assert (difference > 0).mean() < 0.02, plan


@pytest.mark.parametrize(
    ("count", "mask", "says"),
    [
        (2, MaskPlan(0, "n95"), "as many"),
        (1, MaskPlan(0, "surgical", entry="0001"), "library"),
    ],
)
def test_batches_that_do_not_fit_are_refused(count: int, mask: MaskPlan, says: str) -> None:
    image, landmarks = crop("person_a_1")
    with pytest.raises(PlanInvalid, match=says):
        mask_crops(image[None], landmarks[None], (mask,) * count)


def test_no_crops_give_no_crops() -> None:
    crops, alphas = mask_crops(np.zeros((0, 112, 112, 3), np.uint8), np.zeros((0, 468, 3), np.float32), ())
    assert crops.shape == (0, 112, 112, 3)
    assert alphas.shape == (0, 112, 112)
