"""The rule from coverage to label, against its words."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from masquerade.wearing import LABELS, PARTS, Wearing
from masquerade.wearing.rule import MASK_KINDS, STATES, covered_in_states, kind_of_states, label_of_states, state_of


@pytest.mark.parametrize("covered", list(itertools.product((False, True), repeat=3)))
@pytest.mark.parametrize("mask", [False, True])
def test_every_state(covered: tuple[bool, bool, bool], mask: bool) -> None:
    state = state_of(covered, mask)
    assert covered_in_states()[state].tolist() == list(covered)
    if not mask:
        expected, kind = "without_mask", 2 if any(covered) else 0
    else:
        expected, kind = "with_mask" if all(covered) else "incorrect", 1
    assert LABELS[label_of_states()[state]] == expected
    assert kind_of_states()[state] == kind


def test_states_are_told_apart() -> None:
    states = {state_of(parts, mask) for *parts, mask in itertools.product((False, True), repeat=4)}  # type: ignore[arg-type]
    assert states == set(range(STATES))
    assert MASK_KINDS == ("surgical", "respirator", "cloth", "gas")


KINDS = [
    # the likeliest kind that agrees with the label: none, surgical, respirator, cloth, gas, other
    ([0.8, 0.1, 0.1], [0.5, 0.1, 0.2, 0.1, 0.0, 0.1], "respirator"),
    ([0.1, 0.8, 0.1], [0.2, 0.4, 0.0, 0.0, 0.0, 0.4], "other"),
    ([0.1, 0.8, 0.1], [0.6, 0.3, 0.0, 0.0, 0.0, 0.1], "none"),
    ([0.1, 0.1, 0.8], [0.0, 0.0, 0.0, 0.0, 0.3, 0.7], "gas"),
    ([0.1, 0.1, 0.8], [np.nan] * 6, None),
]


@pytest.mark.parametrize(("probabilities", "kinds", "kind"), KINDS)
def test_the_kind_agrees_with_the_label(probabilities: list[float], kinds: list[float], kind: str | None) -> None:
    rows = [np.array([row], np.float32) for row in (probabilities, [0.5] * len(PARTS), kinds)]
    assert Wearing(*rows).likeliest_kinds == [kind]


def test_below_the_confidence_a_face_is_undecided() -> None:
    rows = np.array([[0.6, 0.3, 0.1], [0.1, 0.45, 0.45], [0.0, 0.2, 0.8]], np.float32)
    wearing = Wearing(rows, np.zeros((3, 3), np.float32))
    assert wearing.labels == wearing.labels_from(0) == ["with_mask", "without_mask", "incorrect"]
    assert wearing.labels_from(0.5) == ["with_mask", "undecided", "incorrect"]
    assert wearing.labels_from(0.7) == ["undecided", "undecided", "incorrect"]
