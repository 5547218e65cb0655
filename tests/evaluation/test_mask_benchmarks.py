"""The parts of the benchmarks of masks that are plain sums."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from benchmarks.mask_coverage import doubled, reasons, total
from benchmarks.mask_light import colour_of, fit_powers, linear
from benchmarks.realism import FLOOR, TOP, WIDE, compare, crop_of, looks_of
from masquerade.faces import Faces
from masquerade.masks import DrawnMask, Masked, MaskPlan, Plan, Skipped
from masquerade.masks.light import white_level


def drawn(face: int, corner: tuple[int, int], side: int) -> DrawnMask:
    alpha = np.full((side, side), 255, np.uint8)
    return DrawnMask(MaskPlan(face, "cloth"), np.zeros(4, np.float32), alpha, corner, np.zeros(468, np.bool_))


def test_doubled_counts_boxes_on_one_face() -> None:
    boxes = np.array([[0, 0, 20, 20], [10, 5, 20, 15], [30, 0, 40, 10], [37, 0, 47, 10]], np.float32)
    assert doubled(boxes).tolist() == [True, True, False, False]  # all of the smaller one; 0.3
    assert doubled(boxes[:0]).tolist() == []


def test_reasons_count_each_face_once() -> None:
    faces = Faces(
        size=(50, 50),
        boxes=np.array([[0, 0, 20, 20]] * 3, np.float32),
        scores=np.array([0.95, 0.6, 0.4], np.float32),
        points=np.zeros((3, 5, 2), np.float32),
    )
    plan = Plan((MaskPlan(0, "cloth"), MaskPlan(2, "cloth")), (Skipped(1, "face_doubtful", ""),))
    counts: dict[str, Counter[str]] = {}
    reasons(faces, plan, Masked(np.zeros((50, 50, 3), np.uint8), (drawn(0, (0, 0), 9),)), counts)
    assert counts["score >= 0.3"] == {"masked": 1, "face_doubtful": 1, "outside the picture": 1}
    assert counts["score >= 0.5"] == {"masked": 1, "face_doubtful": 1}
    assert counts["surest of its photo"] == {"masked": 1}


def test_total_adds_what_is_asked_for() -> None:
    counts = {
        ("photo", "cloth", "correctly", False): [4, 3],
        ("photo", "n95", "correctly", False): [2, 2],
        ("photo", "n95", "correctly", True): [9, 0],
        ("frame", "n95", "correctly", False): [7, 7],
    }
    assert total(counts, "photo", "correctly") == [6, 5]
    assert total(counts, "photo", "correctly", "cloth") == [4, 3]
    assert total(counts, "photo", "nose_out") == [0, 0]


def test_crop_lies_below_the_eyes() -> None:
    image = np.zeros((200, 200, 3), np.uint8)
    eyes = np.array([[80.0, 60.0], [120.0, 60.0]])
    side, top = WIDE * 40, 60 + TOP * 40
    image[int(top + side / 2) :] = 200
    crop = crop_of(image, eyes, 32)
    assert crop is not None
    assert crop.shape == (32, 32, 3)
    assert crop[:15].max() < 10
    assert crop[17:].min() > 190
    assert crop_of(image, eyes, 128) is None  # smaller than that
    assert crop_of(image, eyes + np.array([0, 100]), 32) is None  # beyond the picture


def test_looks_are_percentiles_of_the_middles() -> None:
    crops = [np.full((64, 64, 3), (level, level, level // 2), np.uint8) for level in (100, 200)]
    value, saturation = looks_of(crops)
    assert value == "0.43 0.59 0.75"
    assert saturation == "0.50 0.50 0.50"


def test_compare_puts_the_floor_lowest() -> None:
    rng = np.random.default_rng(0)
    real = rng.normal(size=(120, 4)).astype(np.float32)
    near, far = (rng.normal(shift, size=(60, 4)).astype(np.float32) for shift in (0.7, 2.0))
    results = compare(real, {"full": near, "worse": far}, rounds=3, seed=0)
    means = {name: float(np.mean(values["frechet"])) for name, values in results.items()}
    assert means[FLOOR] < means["full"] < means["worse"]
    whole = compare(real, {"full": near, "worse": far}, rounds=2, seed=0, floor=False)
    assert list(whole) == ["full", "worse"]


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((230, 232, 235), "white"),
        ((169, 211, 230), "blue"),
        ((200, 190, 170), "white"),
        ((30, 30, 30), None),
        ((200, 40, 40), None),
    ],
)
def test_colour_of_light_masks(colour: tuple[int, int, int], name: str | None) -> None:
    assert colour_of(linear(colour)) == name


def test_fit_powers_finds_them_despite_outliers() -> None:
    rng = np.random.default_rng(1)
    skin, bright = rng.uniform(0.05, 0.6, (2, 300))
    target = 1.3 * skin**0.4 * bright**0.2
    target[:30] *= 4
    assert fit_powers(target, skin, bright) == pytest.approx([1.3, 0.4, 0.2], abs=0.01)


def test_white_level_keeps_its_limits() -> None:
    level = white_level(np.array([0.2, 0.005, 0.5]), np.array([0.2, 1.0, 0.3]), (1.2, 0.5, 0.5))
    assert level == pytest.approx([0.25, 0.06, 0.625])
