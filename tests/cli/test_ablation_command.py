"""``masquerade ablation``: with training made up, and once in earnest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from masquerade.errors import WeightsUnusable
from masquerade.evaluation.ablation import Cell
from masquerade.training import recognition
from masquerade.training.recognition import RecognitionPlan
from tests.cli.commands import Run
from tests.evaluation.made_recognition import made_recognition_run


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[RecognitionPlan]:
    """Training that writes a made-up run; the plans that it was called with."""
    plans: list[RecognitionPlan] = []

    def train(plan: RecognitionPlan, folder: Path, progress: Any, *, cache: Path | None) -> Path:
        plans.append(plan)
        if plan.weights is not None and plan.weights.name == "bad.pth":
            raise WeightsUnusable(f"{plan.weights}: not there")
        made_recognition_run(folder, Cell(plan.backbone, plan.loss))
        return folder

    monkeypatch.setattr(recognition, "train", train)
    monkeypatch.setattr("masquerade.training.study.extra.NEEDED", ())
    return plans


def test_report_2_s_tables_from_one_command(masquerade: Run, trained: list[RecognitionPlan], tmp_path: Path) -> None:
    out = tmp_path / "a"
    (tmp_path / "lfw").mkdir()
    words = ("ablation", "--data", tmp_path, "--test-set", tmp_path / "lfw", "--photos", "5", "--out", out)
    result = masquerade(*words)
    assert result.code == 0, result.err
    assert [plan.backbone for plan in trained] == ["report2-resnet18", "report2-resnet50", "report2-resnet101"]
    assert {(plan.loss, plan.recipe, plan.photos) for plan in trained} == {("arcface", "report2", 5)}
    assert {plan.test_sets for plan in trained} == {(tmp_path / "lfw",)}
    recipe = trained[0].resolved()
    assert (recipe.batch, recipe.dimensions, recipe.rate, recipe.momentum) == (32, 256, 1e-5, 0)
    assert "## Table 1: Nearest neighbour, all faces masked" in result.out
    assert "59.4 %" in result.out
    assert "3 of 3  report2-resnet101-arcface: trained" in result.err
    files = ["ablation.json", "index.html", "runs", "tables.csv", "tables.md"]
    assert sorted(path.name for path in out.iterdir()) == files
    again = masquerade(*words)
    assert (again.code, again.out, len(trained)) == (0, result.out, 3)
    assert "1 of 3  report2-resnet18-arcface: was finished before" in again.err
    more = masquerade(*words, "--losses", "arcface,cosface", "--backbones", "report2-resnet18")
    assert (more.code, len(trained)) == (0, 4)
    other = masquerade(*words, "--seed", "1")
    assert other.code == 2
    assert "seed: 0 there, 1 now" in other.err


def test_a_run_that_fails_does_not_end_the_others(
    masquerade: Run, trained: list[RecognitionPlan], tmp_path: Path
) -> None:
    words: list[str | Path] = ["ablation", "--data", tmp_path, "--out", tmp_path / "a", "--json"]
    words += ["--backbones", "resnet18,mobilefacenet", "--weights", "resnet18=bad.pth", "--recipe", "modern"]
    result = masquerade(*words)
    assert result.code == 1
    told = json.loads(result.out)
    failed, good = told["runs"]
    assert "not there" in failed["error"]
    assert good["sets"]["people kept away"]["faces"] == 40
    assert "without a result (1):" in result.err
    wrong = masquerade(*words[:5], "--backbones", "resnet18", "--weights", "vgg=a.pth")
    assert wrong.code == 2
    assert "none of the models of --backbones" in wrong.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--backbones", "vgg"), "backbone 'vgg'"),
        (("--losses", "arcface,hinge"), "loss 'hinge'"),
        (("--test-set", "no-such-set"), "no-such-set"),
        (("--epochs", "0"), "epochs 0"),
        (("--losses", ""), "needs a backbone and a loss"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_written(
    masquerade: Run, trained: list[RecognitionPlan], tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    result = masquerade("ablation", "--data", tmp_path, "--out", tmp_path / "a", *options)
    assert result.code == 2
    assert said in result.err
    assert not (tmp_path / "a").exists()
    assert not trained


def test_data_that_are_not_there_begin_no_folder(
    masquerade: Run, trained: list[RecognitionPlan], tmp_path: Path
) -> None:
    result = masquerade("ablation", "--data", tmp_path / "none", "--out", tmp_path / "a")
    assert result.code == 2
    assert "is no folder" in result.err
    assert not (tmp_path / "a").exists()


@pytest.mark.train
@pytest.mark.slow
def test_in_earnest(masquerade: Run, tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorboard")
    backbones = pytest.importorskip("masquerade.training.recognition.backbones")
    from tests.training.recognition.made import render_people, use_small_net

    monkeypatch.setattr(backbones, "BACKBONES", dict(backbones.BACKBONES))
    use_small_net()
    people = render_people(tmp_path / "set", samples, people=6, photos=3)
    out = tmp_path / "a"
    words: list[str | Path] = ["ablation", "--data", people, "--out", out, "--backbones", "mobilefacenet"]
    words += ["--losses", "arcface,center", "--epochs", "1", "--test-identities", "0.3", "--dimensions", "16"]
    result = masquerade(*words, "--batch", "8", "--cache", tmp_path / "cache")
    assert result.code == 0, result.err
    assert "| mobilefacenet |" in result.out
    assert {path.parent.name for path in out.glob("runs/*/result.json")} == {
        "mobilefacenet-arcface",
        "mobilefacenet-center",
    }
    assert "Nearest neighbour, all faces masked" in (out / "index.html").read_text()
