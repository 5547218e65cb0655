"""Plans and recipes: what may be asked for, and what differs between two of them. Without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from masquerade.errors import ExtraMissing, StudyInvalid
from masquerade.training import study
from masquerade.training.study import RECIPES, StudyPlan
from masquerade.training.study import extra as extra_module
from masquerade.training.study.plan import differences


def plan(**changes: Any) -> StudyPlan:
    return StudyPlan(**{"data": (Path("/data/set"),), "model": "report-cnn", **changes})


def test_the_report_s_recipe_is_that_of_its_code() -> None:
    # peers.md, section 2: SGD without momentum, 5 epochs, batch 10, 224 pixels, no augmentation
    recipe = RECIPES["report"]
    assert (recipe.optimiser, recipe.epochs, recipe.batch, recipe.size) == ("sgd", 5, 10, 224)
    assert not recipe.augment
    assert (recipe.schedule, recipe.decay, recipe.check, recipe.patience) == ("constant", 0, 0, 0)


def test_no_recipe_chooses_by_the_test_part() -> None:
    for recipe in RECIPES.values():
        assert recipe.patience == 0 or (recipe.check > 0 and not recipe.watch_test)


def test_own_numbers_stand_before_the_recipe_s() -> None:
    assert plan(rate=0.009, epochs=1).resolved().rate == 0.009
    assert plan(rate=0.009, epochs=1).resolved().epochs == 1
    assert plan(rate=0.009).resolved().batch == 10


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes": 4}, "classes 4: expected 2 or 3"),
        ({"recipe": "best"}, "recipe 'best': expected report or modern"),
        ({"rate": 0.0}, "rate 0.0"),
        ({"rate": float("nan")}, "rate nan"),
        ({"rate": float("inf")}, "rate inf"),
        ({"epochs": 0}, "epochs 0"),
        ({"batch": 1}, "batch 1"),  # batch norm has nothing to normalise over
        ({"size": 8}, "size 8"),
        ({"abridged": 3}, "abridged 3"),
        ({"seed": -1}, "seed -1"),
        ({"data": ()}, "data"),
    ],
)
def test_what_is_out_of_range_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(StudyInvalid, match=said):
        plan(**changes)


def test_a_plan_goes_through_json() -> None:
    whole = plan(
        model="resnet34", classes=2, rate=0.005, weights=Path("w.pth"), names={"a": "with_mask", "b": ""}, abridged=40
    )
    assert whole.model == "report-resnet34"
    assert whole.weights == Path("w.pth").absolute()
    assert StudyPlan.from_dict(whole.to_dict()) == whole
    assert plan(weights=Path("none")).random
    assert not whole.random
    with pytest.raises(StudyInvalid, match=r"unknown \['lr'\]"):
        StudyPlan.from_dict({**whole.to_dict(), "lr": 1})


def test_paths_mean_the_same_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert plan(data=("set",)).data == (tmp_path / "set",)


def test_what_differs_is_named() -> None:
    one, other = plan(rate=0.003).to_dict(), plan(rate=0.005).to_dict()
    assert differences({"plan": one}, {"plan": other}) == ["plan.rate is 0.003, not 0.005"]
    assert differences(one, one) == []


def test_without_the_extra_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra_module, "NEEDED", ("json", "no_such_torch"))
    with pytest.raises(ExtraMissing, match=r"no_such_torch .*pip install -e '\.\[train\]'"):
        study.train(plan(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_plans_are_made_without_torch() -> None:
    code = "from masquerade.training.study import StudyPlan; import sys; print({'torch', 'cv2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "set()"
