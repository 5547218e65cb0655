"""Plans of things over faces: through JSON and back, and what they refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masquerade.errors import PlanInvalid
from masquerade.masks.occluders import OCCLUDERS, VARIANTS, OccluderPlan
from masquerade.masks.occluders.types import CHANCES

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
FORMS = st.sampled_from([(kind, variant) for kind in OCCLUDERS for variant in VARIANTS[kind]])
PLANS = st.builds(
    lambda form, **values: OccluderPlan(kind=form[0], variant=form[1], **values),
    form=FORMS,
    face=st.integers(0, 99),
    colour=COLOURS,
    accent=COLOURS,
    right=st.floats(-0.5, 0.5),
    down=st.floats(-0.5, 0.5),
    turn=st.floats(-30, 30),
    size=st.floats(0.5, 2),
    light=st.floats(0, 4),
    mirrored=st.booleans(),
    chances=st.lists(st.floats(0, 1), min_size=CHANCES, max_size=CHANCES).map(tuple),
    seed=st.integers(0, 2**31),
)


@settings(deadline=None, max_examples=60)
@given(PLANS)
def test_plans_come_through_json_byte_for_byte(plan: OccluderPlan) -> None:
    text = json.dumps(plan.to_dict())
    again = OccluderPlan.from_dict(json.loads(text))
    assert again == plan
    assert json.dumps(again.to_dict()) == text


def written(**values: Any) -> dict[str, Any]:
    """A plan as JSON has it, with some fields changed."""
    return {**OccluderPlan(0, "cup", "mug").to_dict(), **values}


BROKEN: dict[str, Any] = {
    "nothing": None,
    "a list": [],
    "another version": written(version=2),
    "no version": {name: value for name, value in written().items() if name != "version"},
    "no kind": {name: value for name, value in written().items() if name != "kind"},
    "no chances": {name: value for name, value in written().items() if name != "chances"},
    "an unknown field": written(weight=3),
    "an unknown kind": written(kind="hat"),
    "a kind that is a list": written(kind=["cup"]),
    "a variant of another kind": written(variant="fist"),
    "a variant that is a list": written(variant=["mug"]),
    "a colour's name": written(colour="red"),
    "an accent that is none": written(accent="#12345g"),
    "mirrored in words": written(mirrored="yes"),
    "far away": written(right=9.0),
    "a shift in words": written(down="a little"),
    "a turn that is no number": written(turn=float("nan")),
    "no size": written(size=0.0),
    "endless light": written(light=float("inf")),
    "half a face": written(face=0.5),
    "a face that is a word": written(face=True),
    "a negative face": written(face=-1),
    "a negative seed": written(seed=-1),
    "few chances": written(chances=[0.5]),
    "chances beyond 1": written(chances=[1.5] * CHANCES),
    "chances in words": written(chances=["a"] * CHANCES),
    "chances that are a number": written(chances=3),
}


@pytest.mark.parametrize("values", BROKEN.values(), ids=BROKEN)
def test_what_is_no_plan_is_refused(values: Any) -> None:
    with pytest.raises(PlanInvalid) as caught:
        OccluderPlan.from_dict(values)
    assert caught.value.code == "plan_invalid"
