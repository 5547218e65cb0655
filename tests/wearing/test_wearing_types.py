"""The value that says how masks are worn."""

from __future__ import annotations

import numpy as np
import pytest

from masquerade.errors import FacesInvalid
from masquerade.wearing import LABELS, PARTS, Wearing

RULES = [
    # probabilities, visible -> label and the parts that show
    # a mask worn right covers all, whatever the second head says
    ([0.8, 0.1, 0.1], [0.9, 0.9, 0.9], "with_mask", ()),
    # without a mask all shows but what something else covers
    ([0.1, 0.8, 0.1], [0.9, 0.9, 0.5], "without_mask", PARTS),
    ([0.1, 0.8, 0.1], [0.9, 0.1, 0.9], "without_mask", ("nose", "chin")),
    ([0.1, 0.8, 0.1], [0.1, 0.1, 0.1], "without_mask", ()),
    # a model that says nothing of parts
    ([0.1, 0.8, 0.1], [np.nan] * 3, "without_mask", PARTS),
    ([0.1, 0.2, 0.7], [np.nan] * 3, "incorrect", ()),
    # worn wrongly: what is likelier than not
    ([0.1, 0.2, 0.7], [0.9, 0.1, 0.1], "incorrect", ("nose",)),
    ([0.1, 0.2, 0.7], [0.9, 0.6, 0.1], "incorrect", ("nose", "mouth")),
    ([0.1, 0.2, 0.7], [0.9, 0.6, 0.7], "incorrect", PARTS),
    ([0.1, 0.2, 0.7], [0.1, 0.2, 0.7], "incorrect", ("chin",)),
    # a half counts as showing
    ([0.1, 0.2, 0.7], [0.5, 0.4, 0.2], "incorrect", ("nose",)),
    # none is likely: the likeliest all the same
    ([0.1, 0.2, 0.7], [0.2, 0.4, 0.3], "incorrect", ("mouth",)),
    ([0.1, 0.2, 0.7], [0.0, 0.0, 0.0], "incorrect", PARTS),
    # equal probabilities: the first label
    ([0.4, 0.4, 0.2], [0.2, 0.4, 0.3], "with_mask", ()),
]


@pytest.mark.parametrize(("probabilities", "visible", "label", "parts"), RULES)
def test_parts_agree_with_the_label(
    probabilities: list[float], visible: list[float], label: str, parts: tuple[str, ...]
) -> None:
    wearing = Wearing(np.array([probabilities], np.float32), np.array([visible], np.float32))
    assert wearing.labels == [label]
    assert wearing.visible_parts == [parts]


def test_many_at_once_and_some_of_them() -> None:
    rows = Wearing(np.array([rule[0] for rule in RULES], np.float32), np.array([rule[1] for rule in RULES], np.float32))
    assert len(rows) == len(RULES)
    assert rows.labels == [rule[2] for rule in RULES]
    assert rows[2:4].visible_parts == [RULES[2][3], RULES[3][3]]
    assert rows[[1, 0]].labels == ["without_mask", "with_mask"]
    assert rows[rows.probabilities[:, 2] > 0.5].labels == ["incorrect"] * 8


def test_no_face() -> None:
    none = Wearing(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32))
    assert (len(none), none.labels, none.visible_parts) == (0, [], [])


@pytest.mark.parametrize(
    ("probabilities", "visible"), [((2, 3), (1, 3)), ((2, 2), (2, 3)), ((2, 3), (2, 4)), ((3,), (3,))]
)
def test_arrays_that_do_not_fit(probabilities: tuple[int, ...], visible: tuple[int, ...]) -> None:
    with pytest.raises(FacesInvalid, match=r"expected shape \(n, 3\), got"):
        Wearing(np.zeros(probabilities, np.float32), np.zeros(visible, np.float32))


def test_the_order_of_names_is_part_of_the_contract() -> None:
    assert LABELS == ("with_mask", "without_mask", "incorrect")
    assert PARTS == ("nose", "mouth", "chin")
