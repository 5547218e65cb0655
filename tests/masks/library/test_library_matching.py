"""Near entries are drawn, more often the nearer they are, and never fewer than there may be."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from masquerade.masks.library.matching import ENOUGH, FARTHEST, TOLERANCE, Poses, candidates, match
from masquerade.masks.types import Kind
from tests.masks.library.made import entry

SURGICAL: tuple[Kind, ...] = ("surgical",)


def poses_of(*yaws: float) -> Poses:
    return Poses.of([entry(str(index), yaw) for index, yaw in enumerate(yaws)])


def spread(count: int = 170) -> Poses:
    """As photos are: most of them from the front."""
    rng = np.random.default_rng(0)
    degrees = rng.normal(0, [13, 8, 6], (count, 3))
    return Poses.of([entry(str(index), *row) for index, row in enumerate(degrees.tolist())])


@given(st.integers(0, 2**32 - 1), st.floats(-60, 60), st.floats(-30, 30))
def test_the_same_state_draws_the_same(seed: int, yaw: float, pitch: float) -> None:
    poses, pose = spread(), np.array([yaw, pitch, 0])
    first, second = np.random.default_rng(seed), np.random.default_rng(seed)
    assert match(poses, first, pose, SURGICAL) == match(poses, second, pose, SURGICAL)
    assert first.random() == second.random()


@pytest.mark.parametrize("yaw", [0, 10, 20, 30, 45, -10, -20, -30, -45])
def test_variety_does_not_collapse(yaw: float) -> None:
    poses, rng = spread(), np.random.default_rng(1)
    chosen, weights = candidates(poses, np.array([yaw, 0, 0]), SURGICAL)
    assert len(set(chosen[:, 0].tolist())) >= ENOUGH
    assert weights.sum() == pytest.approx(1)
    drawn = Counter(match(poses, rng, np.array([yaw, 0, 0]), SURGICAL) for _ in range(300))
    assert len(drawn) >= ENOUGH
    assert drawn.most_common(1)[0][1] < 150


def test_the_nearer_the_likelier() -> None:
    rng = np.random.default_rng(0)
    drawn = Counter(match(poses_of(0, 3, 6), rng, np.array([0, 0, 0]), SURGICAL) for _ in range(900))
    counts = Counter({index: drawn[index, False] + drawn[index, True] for index in range(3)})
    assert counts[0] > counts[1] > counts[2] > 0


def test_faces_turned_the_other_way_take_the_mirror_image() -> None:
    rng = np.random.default_rng(0)
    assert match(poses_of(35), rng, np.array([-35, 0, 0]), SURGICAL) == (0, True)
    assert match(poses_of(35), rng, np.array([35, 0, 0]), SURGICAL) == (0, False)
    tilted = Poses.of([entry("a", 30, 5, 20)])
    np.testing.assert_array_equal(tilted.degrees[0], [[30, 5, 20], [-30, 5, -20]])


def test_nothing_from_too_far_away() -> None:
    rng = np.random.default_rng(0)
    limit = FARTHEST * TOLERANCE[0]
    assert match(poses_of(0), rng, np.array([limit + 1, 0, 0]), SURGICAL) is None
    assert match(poses_of(0), rng, np.array([limit - 1, 0, 0]), SURGICAL) is not None
    assert match(poses_of(0), rng, np.array([np.nan, 0, 0]), SURGICAL) is None


def test_a_far_one_does_not_come_in_where_near_ones_are_enough() -> None:
    poses = poses_of(*[0.5] * ENOUGH, 15)
    chosen, _ = candidates(poses, np.array([0, 0, 0]), SURGICAL)
    assert ENOUGH not in chosen[:, 0]


def test_only_the_kinds_that_are_wanted() -> None:
    poses = Poses.of([entry("a"), entry("b", kind="cloth")])
    rng = np.random.default_rng(0)
    assert {match(poses, rng, np.zeros(3), ("cloth",))[0] for _ in range(20)} == {1}  # type: ignore[index]
    assert match(poses, rng, np.zeros(3), ("gas",)) is None
    assert {match(poses, rng, np.zeros(3), ("cloth", "surgical"))[0] for _ in range(40)} == {0, 1}  # type: ignore[index]


def test_one_number_is_taken_whatever_comes_out() -> None:
    first, second = np.random.default_rng(0), np.random.default_rng(0)
    match(poses_of(0), first, np.array([80, 0, 0]), SURGICAL)
    match(spread(), second, np.zeros(3), SURGICAL)
    assert first.random() == second.random()
