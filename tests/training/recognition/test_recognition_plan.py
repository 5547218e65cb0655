"""Plans of recognition: ranges, names, JSON, recipes."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from masquerade.errors import StudyInvalid
from masquerade.training.recognition import RECIPES, RecognitionPlan
from masquerade.training.schedule import rate_at


def plan_of(**changes: Any) -> RecognitionPlan:
    return RecognitionPlan(**{"data": ("set",), "backbone": "resnet18", "loss": "arcface", **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"recipe": "old"}, "recipe 'old': expected modern or report2"),
        ({"backbone": "vgg"}, "backbone 'vgg'"),
        ({"loss": "hinge"}, "loss 'hinge'"),
        ({"optimiser": "lion"}, "optimiser"),
        ({"schedule": "up"}, "schedule"),
        ({"data": ()}, "one path or more"),
        ({"rate": 0.0}, "rate 0.0: expected more than 0"),
        ({"mask_probability": 1.5}, "mask_probability 1.5: expected 0 to 1"),
        ({"test_identities": -0.1}, "test_identities"),
        ({"batch": 1}, "batch 1: expected 2 or more"),
        ({"min_photos": 0}, "min_photos"),
        ({"dropout": 1.0}, "dropout"),
        ({"loss": "triplet", "batch": 30}, "multiple of 4"),
        ({"per_identity": 5}, "multiple of 5"),
    ],
)
def test_wrong_values_are_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(StudyInvalid, match=said):
        plan_of(**changes)


def test_a_plan_goes_through_json() -> None:
    numbers: dict[str, Any] = {"loss_options": {"margin": 0.4}, "batch": 32, "mask_probability": 0}
    plan = plan_of(data=("a", "b"), weights="imagenet", test_sets=("lfw",), **numbers)
    assert RecognitionPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert plan.data == (Path.cwd() / "a", Path.cwd() / "b")
    with pytest.raises(StudyInvalid, match=r"unknown \['speed'\], missing \['loss'\]"):
        RecognitionPlan.from_dict({"data": ["a"], "backbone": "resnet18", "speed": 1})


def test_recipes_and_what_replaces_them() -> None:
    report = plan_of(recipe="report2").resolved()
    assert (report.batch, report.dimensions, report.optimiser, report.momentum) == (32, 256, "sgd", 0.0)
    assert (report.rate, report.epochs, report.schedule, report.augment) == (1e-5, 100, "constant", False)
    assert plan_of(rate=0.1, epochs=3).resolved().rate == 0.1
    assert plan_of(optimiser="adamw").resolved().rate == 1e-3
    assert plan_of(optimiser="sgd").resolved().rate == RECIPES["modern"].rate
    assert plan_of(backbone="sface").resolved().dimensions == 128
    assert plan_of(loss="triplet").grouped == 4
    assert plan_of().grouped is None
    assert plan_of().random and plan_of(weights="none").random and not plan_of(weights="x.pth").random


def test_schedules_fall_as_they_say() -> None:
    def rates(schedule: str) -> list[float]:
        recipe = plan_of(schedule=schedule, rate=1.0).resolved()
        return [rate_at(recipe, step, 100) for step in range(100)]

    for schedule in ("cosine", "polynomial", "steps"):
        values = rates(schedule)
        assert values[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
        assert all(after <= before for before, after in pairwise(values[4:]))
    assert rates("polynomial")[52] == pytest.approx((1 - 47 / 95) ** 2)
    assert rates("cosine")[52] == pytest.approx(0.5, abs=0.01)
    assert [round(rates("steps")[step], 9) for step in (51, 53, 76, 77, 90, 91)] == [1, 0.1, 0.1, 0.01, 0.01, 0.001]
    assert rates("constant") == [1.0] * 100
