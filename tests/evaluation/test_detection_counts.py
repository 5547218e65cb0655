"""Pairing of labelled and found boxes, and the counts of detection."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.evaluation.detection import HIT, DetectionCount, match


def boxes(*rows: tuple[float, float, float, float]) -> NDArray[np.float32]:
    return np.array(rows, np.float32).reshape(-1, 4)


def iou(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    shared = width * height
    return float(shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared))


def random_boxes(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    corners = rng.uniform(0, 30, (count, 2))
    return np.concatenate([corners, corners + rng.uniform(8, 25, (count, 2))], axis=1).astype(np.float32)


def by_the_rule(labelled: NDArray[np.float32], found: NDArray[np.float32], least: float) -> list[int]:
    """The rule step by step: the best overlap that is left, until none is large enough."""
    partner = [-1] * len(labelled)
    while True:
        left = [
            (iou(labelled[row], found[column]), row, column)
            for row in range(len(labelled))
            for column in range(len(found))
            if partner[row] < 0 and column not in partner
        ]
        best = max(left, default=(0.0, 0, 0))
        if best[0] < least:
            return partner
        partner[best[1]] = best[2]


@pytest.mark.parametrize("seed", range(30))
def test_the_best_overlap_comes_first(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labelled, found = random_boxes(rng, int(rng.integers(0, 6))), random_boxes(rng, int(rng.integers(0, 6)))
    for least in (0.1, HIT, 0.5):
        assert match(labelled, found, least).tolist() == by_the_rule(labelled, found, least)


@pytest.mark.parametrize("seed", range(20))
def test_pairs_are_at_least_half_of_the_most_there_could_be(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    labelled, found = random_boxes(rng, 4), random_boxes(rng, 4)
    pairs = int((match(labelled, found) >= 0).sum())
    most = max(
        sum(iou(labelled[row], found[column]) >= HIT for row, column in enumerate(order))
        for order in itertools.permutations(range(4))
    )
    assert most / 2 <= pairs <= most


def test_the_best_pair_may_cost_another() -> None:
    # Both labelled boxes could have a partner, but the best overlap takes the one that serves both.
    labelled = boxes((0, 0, 10, 10), (4, 0, 14, 10))
    found = boxes((1, 0, 11, 10), (-4, 0, 6, 10))
    assert match(labelled, found).tolist() == [0, -1]
    assert match(labelled[::-1].copy(), found).tolist() == [-1, 0]


EMPTY = boxes()
ONE = boxes((0, 0, 10, 10))
CASES = [
    # nothing labelled, nothing found
    (EMPTY, EMPTY, []),
    (EMPTY, ONE, []),
    (ONE, EMPTY, [-1]),
    # an overlap of exactly the least counts: 6 of 10
    (ONE, boxes((0, 0, 10, 3)), [0]),
    (ONE, boxes((0, 0, 10, 2.9)), [-1]),
    # one found box serves once
    (boxes((0, 0, 10, 10), (0, 0, 10, 9)), boxes((0, 0, 10, 10)), [0, -1]),
]


@pytest.mark.parametrize(("labelled", "found", "expected"), CASES)
def test_small_cases(labelled: NDArray[np.float32], found: NDArray[np.float32], expected: list[int]) -> None:
    partner = match(labelled, found)
    assert partner.tolist() == expected
    assert partner.dtype == np.intp


def test_counts_by_hand() -> None:
    count = DetectionCount(min_side=20)
    # A masked face of 20 that is found, a bare one of 30 that is missed, an incorrect one of 10 that is
    # found but too small to count, and a found box that is nothing.
    labelled = boxes((0, 0, 15, 20), (100, 0, 130, 30), (200, 0, 210, 10))
    found = boxes((0, 0, 15, 20), (200, 0, 210, 10), (300, 0, 320, 20))
    assert count.add(labelled, [0, 1, 2], found).tolist() == [0, -1, 1]
    assert count.labelled.tolist() == [1, 1, 0]
    assert count.hit.tolist() == [1, 0, 0]
    assert count.recall.tolist() == [1, 0, 0]
    assert count.precision == pytest.approx(2 / 3)
    # Another photo adds to it.
    count.add(boxes((0, 0, 40, 40), (50, 0, 90, 40)), [1, 1], boxes((0, 0, 40, 40)))
    assert count.labelled.tolist() == [1, 3, 0]
    assert count.hit.tolist() == [1, 1, 0]
    assert count.recall.tolist() == pytest.approx([1, 1 / 3, 0])
    assert (count.found, count.matched) == (4, 3)


def test_nothing_counted() -> None:
    count = DetectionCount()
    assert count.add(EMPTY, [], EMPTY).tolist() == []
    assert count.precision == 0
    assert count.recall.tolist() == [0, 0, 0]
    assert DetectionCount().labelled is not count.labelled
