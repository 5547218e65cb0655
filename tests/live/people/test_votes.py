"""From looks to decisions: shares over time, whatever the frame rate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from masquerade.live.people.recipe import PeopleRecipe
from masquerade.live.people.votes import Votes
from tests.live.people.faces_made import times, worn

RECIPE = PeopleRecipe(strong=0.5, decide=0.6)


def look(votes: Votes, time: float, label: str, weight: float = 1.0, probability: float = 0.98) -> bool:
    one = worn([label], probability)
    return votes.add(time, one.probabilities[0], one.visible[0], weight)


def flips(fps: float, after: float = 2.0, probability: float = 1.0) -> float:
    """Seconds from a mask coming off until it is decided."""
    votes = Votes(0.0, RECIPE)
    for time in times(after + 3, fps):
        look(votes, time, "with_mask" if time < after else "without_mask", probability=probability)
        if votes.label == "without_mask":
            return time - after
    raise AssertionError("never decided")


@pytest.mark.parametrize("fps", [5, 10, 15, 25, 30, 60, 120])
def test_a_change_is_decided_after_the_same_time_at_any_frame_rate(fps: float) -> None:
    # The share of the new label is 1 - exp(-t / memory): it reaches `change` at t.
    expected = -RECIPE.memory * math.log(1 - RECIPE.change)
    assert expected == pytest.approx(0.315, abs=0.001)
    assert expected - 1 / fps - 1e-9 <= flips(fps) <= expected + 1 / fps + 1e-9


@pytest.mark.parametrize("fps", [5, 25, 60])
def test_unsure_looks_take_longer_but_not_half_a_second_more(fps: float) -> None:
    assert flips(fps, probability=0.85) <= 0.5 + 1 / fps


def test_a_late_look_stands_for_the_time_before_it() -> None:
    votes = Votes(0.0, RECIPE)
    for time in times(2, 25):
        look(votes, time, "with_mask")
    assert not look(votes, 2.11, "without_mask")  # 0.15 s after the last one
    last = next(time for time in times(1, 25, 2.15) if look(votes, time, "without_mask"))
    assert last - 1.96 == pytest.approx(0.315, abs=0.05)


def test_it_begins_undecided_and_needs_enough_good_looks() -> None:
    votes = Votes(0.0, RECIPE)
    decided = next(time for time in times(5, 25) if look(votes, time, "with_mask"))
    assert 0.04 <= decided <= 0.2
    poor = Votes(0.0, RECIPE)
    decided = next(time for time in times(9, 25) if look(poor, time, "with_mask", weight=0.15))
    assert 0.8 <= decided <= 3
    blind = Votes(0.0, RECIPE)
    assert not any(look(blind, time, "with_mask", weight=0.05) for time in times(20, 25))
    assert not any(look(blind, time, "with_mask", weight=0.0) for time in times(5, 25, 20))
    assert blind.label == "undecided"


def test_looks_that_never_agree_leave_it_undecided() -> None:
    votes = Votes(0.0, RECIPE)
    for time in times(5, 25):
        look(votes, time, "with_mask", probability=0.5)
    assert votes.label == "undecided"


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_flicker_and_a_short_mistake_change_nothing(fps: float) -> None:
    votes = Votes(0.0, RECIPE)
    changes = 0
    for number, time in enumerate(times(6, fps)):
        wrong = (2 <= time < 2.2) or (time >= 3 and number % 2)
        changes += look(votes, time, "incorrect" if wrong else "with_mask")
    assert changes == 1
    assert votes.label == "with_mask"


def test_one_strange_look_decides_nothing_at_one_frame_a_second() -> None:
    votes = Votes(0.0, RECIPE)
    for second in range(10):
        look(votes, float(second), "without_mask" if second == 6 else "with_mask")
        if second >= 2:
            assert votes.label == "with_mask"
    look(votes, 10.0, "without_mask")
    assert look(votes, 11.0, "without_mask")


def test_what_shows_beside_a_mask() -> None:
    votes = Votes(0.0, RECIPE)
    for time in times(1, 25):
        look(votes, time, "with_mask")
        assert votes.shows == ()
    for time in times(1, 25, 1):
        look(votes, time, "incorrect")
    assert votes.shows == ("nose",)


def test_a_model_that_says_nothing_of_parts() -> None:
    votes = Votes(0.0, RECIPE)
    for time in times(1, 25):
        votes.add(time, np.array([0.0, 0.0, 1.0]), np.full(3, np.nan), 1.0)
    assert (votes.label, votes.shows) == ("incorrect", ())


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(0, 2), st.floats(0, 1)), max_size=40))
def test_any_looks_at_all(looks: list[tuple[float, int, float]]) -> None:
    votes, time = Votes(0.0, RECIPE), 0.0
    for passed, label, weight in looks:
        time += passed
        before = votes.label
        changed = look(votes, time, ("with_mask", "without_mask", "incorrect")[label], weight)
        assert changed == (votes.label != before)
        assert votes.since <= time
