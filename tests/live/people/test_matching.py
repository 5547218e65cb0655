"""Which face belongs to which track."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from masquerade.live.people.matching import likeness, pairs
from tests.live.people.faces_made import face_at

HERE = np.array([face_at(100, 100, 50)])


@pytest.mark.parametrize(
    ("box", "reach", "expected"),
    [
        (face_at(100, 100, 50), 0.0, 1.0),  # the same place
        (face_at(125, 100, 50), 0.0, 1 / 3),  # half of each is shared: 1 of 3 parts
        (face_at(145, 100, 50), 0.0, 0.0),  # hardly overlaps
        (face_at(145, 100, 50), 1.8, 0.2 * (1 - 0.9 / 1.8)),  # and is within reach
        (face_at(200, 100, 50), 1.8, 0.0),  # too far
        (face_at(100, 100, 20), 1.8, 0.0),  # less than half as large
    ],
)
def test_likeness(box: tuple[float, float, float, float], reach: float, expected: float) -> None:
    assert likeness(HERE, np.array([box]), 0.2, reach)[0, 0] == pytest.approx(expected, abs=1e-6)


def test_overlap_comes_before_nearness() -> None:
    scores = likeness(HERE, np.array([face_at(128, 100, 50), face_at(140, 100, 50)]), 0.2, 2.0)[0]
    assert scores[0] >= 0.2 > scores[1] > 0


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_faces_apart_from_each_other_get_the_best_assignment_of_all(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = max(rows, columns)
    places = np.array([face_at(150 * index + 100, 100, 80) for index in range(count)])
    boxes = places + np.repeat(rng.uniform(-15, 15, (count, 2)), 2, axis=0).reshape(count, 4)
    order = rng.permutation(count)[:columns]
    scores = likeness(places[:rows], boxes[order], 0.2, 1.0)
    total = sum(scores[row, column] for row, column in pairs(scores))
    wide = np.zeros((count, count))
    wide[:rows, :columns] = scores
    best = max(sum(wide[row, column] for row, column in enumerate(chosen)) for chosen in permutations(range(count)))
    assert total == pytest.approx(best)


def test_nothing_is_paired_twice_or_for_nothing() -> None:
    assert pairs(np.array([[0.9, 0.8], [0.85, 0.0]])) == [(0, 0)]
    assert pairs(np.zeros((0, 3))) == []
    assert pairs(np.zeros((2, 2))) == []
