"""Plans: through JSON and back, and what they refuse."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masquerade.errors import PlanInvalid
from masquerade.masks import (
    KINDS,
    LABEL_OF,
    PATTERNS,
    VISIBLE,
    WORN,
    DrawnMask,
    Masked,
    MaskPlan,
    Nudge,
    Pattern,
    Plan,
    Skipped,
)
from masquerade.wearing import LABELS, PARTS

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
PLANS = st.builds(
    Plan,
    masks=st.lists(
        st.builds(
            MaskPlan,
            face=st.integers(0, 99),
            kind=st.sampled_from(KINDS),
            worn=st.sampled_from(WORN),
            colour=COLOURS,
            pattern=st.builds(
                Pattern,
                name=st.sampled_from(PATTERNS),
                colour=COLOURS,
                scale=st.floats(0.1, 4),
                angle=st.floats(-180, 180),
                texture=st.text(min_size=1, max_size=20),
            ),
            intensity=st.floats(0, 1),
            nudge=st.builds(
                Nudge,
                right=st.floats(-0.3, 0.3),
                down=st.floats(-0.3, 0.3),
                turn=st.floats(-20, 20),
                width=st.floats(0.8, 1.2),
                height=st.floats(0.8, 1.2),
            ),
            light=st.floats(0.5, 1.5),
            seed=st.integers(0, 2**31),
            entry=st.none() | st.text(max_size=20),
            mirrored=st.booleans(),
        ),
        max_size=3,
    ).map(tuple),
    skipped=st.lists(
        st.builds(Skipped, face=st.integers(0, 99), code=st.text(max_size=9), reason=st.text(max_size=9)), max_size=3
    ).map(tuple),
)


@settings(deadline=None, max_examples=60)
@given(PLANS)
def test_plans_come_through_json_byte_for_byte(plan: Plan) -> None:
    text = json.dumps(plan.to_dict())
    again = Plan.from_dict(json.loads(text))
    assert again == plan
    assert json.dumps(again.to_dict()) == text


def written(**values: Any) -> dict[str, Any]:
    """The plan of one mask as JSON has it, with some fields of the mask changed."""
    plan = Plan((MaskPlan(0, "surgical"),), (Skipped(1, "face_too_small", "12 pixels"),)).to_dict()
    plan["masks"][0].update(values)
    return plan


BROKEN: dict[str, Any] = {
    "nothing": None,
    "a list": [],
    "another version": {**written(), "version": 2},
    "no version": {"masks": [], "skipped": []},
    "no masks": {"version": 1, "skipped": []},
    "masks are no list": {**written(), "masks": 5},
    "a mask is a number": {**written(), "masks": [5]},
    "a skipped face without a reason": {**written(), "skipped": [{"face": 0, "code": "x"}]},
    "an unknown field": written(size=3),
    "an unknown kind": written(kind="paper"),
    "a kind that is a list": written(kind=["surgical"]),
    "an unknown way to wear": written(worn="on the knee"),
    "a colour's name": written(colour="red"),
    "a colour that is none": written(colour="#12345g"),
    "a colour with signs": written(colour="#+1+2+3"),
    "a colour with spaces": written(colour="# 1 2 3"),
    "a number for a colour": written(colour=7),
    "an unknown pattern": written(pattern={"name": "zigzag"}),
    "a texture without a picture": written(pattern={"name": "texture"}),
    "too intense": written(intensity=1.01),
    "intensity that is no number": written(intensity=float("nan")),
    "intensity in words": written(intensity="full"),
    "endless light": written(light=float("inf")),
    "negative light": written(light=-1.0),
    "a nudge in words": written(nudge={"down": "a little"}),
    "a nudge that is no number": written(nudge={"down": float("nan")}),
    "a mask without width": written(nudge={"width": 0.0}),
    "a mask as large as a house": written(nudge={"height": 1e9}),
    "an unknown nudge": written(nudge={"up": 0.1}),
    "half a face": written(face=0.5),
    "a negative face": written(face=-1),
    "a negative seed": written(seed=-1),
    "a seed in words": written(seed="7"),
}


@pytest.mark.parametrize("values", BROKEN.values(), ids=BROKEN)
def test_what_is_no_plan_is_refused(values: Any) -> None:
    with pytest.raises(PlanInvalid) as caught:
        Plan.from_dict(values)
    assert caught.value.code == "plan_invalid"


def test_the_words_are_those_of_the_room_that_judges_masks() -> None:
    assert set(LABEL_OF) == set(VISIBLE) == set(WORN)
    assert set(LABEL_OF.values()) == set(LABELS) - {"without_mask"}
    for worn, parts in VISIBLE.items():
        assert parts == tuple(part for part in PARTS if part in parts), worn  # a part of PARTS, in its order
        assert (LABEL_OF[worn] == "with_mask") == (not parts)
        assert MaskPlan(0, "n95", worn).label == LABEL_OF[worn]
        assert MaskPlan(0, "n95", worn).visible == parts


def test_alpha_of_several_masks() -> None:
    """Where they overlap the thicker one counts; half covered is covered."""
    first = DrawnMask(
        MaskPlan(0, "cloth"), np.zeros(4, np.float32), np.full((2, 3), 127, np.uint8), (1, 1), np.zeros(468, np.bool_)
    )
    second = replace(first, alpha=np.full((2, 2), 128, np.uint8), corner=(3, 2))
    masked = Masked(np.zeros((5, 6, 3), np.uint8), (second, first))
    expected = [[0, 0, 0, 0, 0, 0], [0, 127, 127, 127, 0, 0], [0, 127, 127, 128, 128, 0], [0, 0, 0, 128, 128, 0]]
    np.testing.assert_array_equal(masked.alpha[:4], expected)
    np.testing.assert_array_equal(masked.binary, masked.alpha == 128)
    assert not Masked(masked.image, ()).alpha.any()
