"""``masquerade sweep``: with training made up, and once in earnest."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from masquerade.errors import ModelUnknown, WeightsUnusable
from masquerade.evaluation.sweep import Cell
from masquerade.training import study
from masquerade.training.study import StudyPlan
from tests.cli.commands import ROOT, Run, environment, run
from tests.evaluation.made_runs import made_run


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[StudyPlan]:
    """Training that writes a made-up run; the plans that it was called with."""
    plans: list[StudyPlan] = []

    def train(plan: StudyPlan, folder: Path, progress: Any) -> Path:
        plans.append(plan)
        if plan.weights is not None and plan.weights.name == "bad.pth":
            raise WeightsUnusable(f"{plan.weights}: not there")
        made_run(folder, Cell(plan.model, plan.classes, plan.rate or 0.0))
        return folder

    def find_spec(name: str) -> None:
        if name == "none-such":
            raise ModelUnknown("no network is called 'none-such'")

    monkeypatch.setattr(study, "train", train)
    monkeypatch.setattr("masquerade.training.study.extra.NEEDED", ())
    monkeypatch.setitem(sys.modules, "masquerade.training.study.registry", SimpleNamespace(find_spec=find_spec))
    return plans


def test_all_tables(masquerade: Run, trained: list[StudyPlan], tmp_path: Path) -> None:
    out = tmp_path / "sweep"
    result = masquerade(
        "sweep", "--data", tmp_path, "--models", "report-cnn,resnet34", "--abridged", "60", "--out", out
    )
    assert result.code == 0
    assert len(trained) == 16
    assert {plan.rate for plan in trained} == {0.003, 0.005, 0.007, 0.009}
    assert {(plan.abridged, plan.recipe, plan.data) for plan in trained} == {(60, "report", (tmp_path,))}
    assert {plan.model for plan in trained} == {"report-cnn", "report-resnet34"}
    for number in ("1.1", "1.2", "2.1", "2.2", "2.3"):
        assert f"Table {number}: " in result.out
    assert "16 of 16  report-resnet34-3-0.009: trained" in result.err
    assert result.err.endswith(f"page: {(out / 'index.html').as_uri()}\n")
    assert sorted(path.name for path in out.iterdir()) == [
        "index.html",
        "runs",
        "sweep.json",
        "tables.csv",
        "tables.txt",
    ]
    again = masquerade("sweep", "--data", tmp_path, "--models", "report-cnn,resnet34", "--abridged", "60", "--out", out)
    assert again.code == 0
    assert len(trained) == 16  # none was run again
    assert again.out == result.out
    assert "1 of 16  report-cnn-2-0.003: was finished before" in again.err


def test_a_run_that_fails(masquerade: Run, trained: list[StudyPlan], tmp_path: Path) -> None:
    words: list[str | Path] = ["sweep", "--data", tmp_path, "--out", tmp_path / "s", "--lr", "0.003", "--classes", "3"]
    result = masquerade(*words, "--models", "resnet34,product", "--weights", "resnet34=bad.pth")
    assert result.code == 1
    assert "1 of 2  report-resnet34-3-0.003: failed: " in result.err
    assert "without a result (1):\n  report-resnet34-3-0.003: " in result.err
    assert [plan.weights is None for plan in trained] == [False, True]
    mended = masquerade(*words, "--models", "resnet34,product", "--weights", "resnet34=good.pth", "--json")
    assert mended.code == 0
    told = json.loads(mended.out)
    assert [one["model"] for one in told["runs"]] == ["report-resnet34", "product"]
    assert all(0 <= one["accuracy"]["value"] <= 1 for one in told["runs"])
    assert len(trained) == 3


def test_what_is_refused_before_any_run(masquerade: Run, trained: list[StudyPlan], tmp_path: Path) -> None:
    out = tmp_path / "sweep"
    rows: list[tuple[list[str], str]] = [
        # words, what standard error holds
        (["--models", "product,none-such"], "[model_unknown]"),
        (["--lr", "fast"], "expected values with commas"),
        (["--lr", "0"], "[study_invalid]"),
        (["--lr", ","], "[study_invalid]"),
        (["--classes", "4"], "[study_invalid]"),
        (["--recipe", "soup"], "[study_invalid]"),
        (["--class", "x"], "expected NAME=LABEL"),
        (["--models", "resnet34,report-resnet34"], "named twice"),
        (["--data", "nowhere"], "[data_missing]"),
        (["--weights", "resnet43=a.pth"], "resnet43: none of the models of --models"),
    ]
    for words, message in rows:
        result = masquerade("sweep", "--data", tmp_path, "--out", out, *words)
        assert result.code == 2, words
        assert message in result.err, words
    assert trained == []
    assert not out.exists()
    assert masquerade("sweep", "--data", tmp_path, "--out", out, "--lr", "0.1").code == 0
    other = masquerade("sweep", "--data", tmp_path, "--out", out, "--lr", "0.1", "--seed", "1")
    assert other.code == 2
    assert "seed: 0 there, 1 now" in other.err
    assert "[job_differs]" in other.err
    near = masquerade("sweep", "--data", tmp_path, "--out", out, "--lr", "0.10000001")
    assert near.code == 2
    assert "named twice: report-cnn-2-0.1" in near.err


KILLED = """
import sys, time
from pathlib import Path
from masquerade.evaluation.sweep import Sweep, open_sweep, run_cells, write_results
from tests.evaluation.made_runs import made_run

folder, pause = Path(sys.argv[1]), float(sys.argv[2])
sweep = open_sweep(folder, Sweep(("report-cnn", "product"), (2, 3), (0.003, 0.005), {}))

def train(cell, run):
    with (folder.parent / "log").open("a") as log:
        print(cell.name, file=log)
    made_run(run, cell, finished=False)
    time.sleep(pause)
    made_run(run, cell)

run_cells(folder, sweep.cells(), train)
write_results(folder, sweep, {})
"""


def killed_sweep(folder: Path, pause: float) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    words = [sys.executable, "-c", KILLED, str(folder), str(pause)]
    return subprocess.Popen(words, cwd=ROOT, env=environment(PYTHONPATH=paths))


@pytest.mark.slow
def test_a_killed_sweep_goes_on(tmp_path: Path) -> None:
    folder, log = tmp_path / "killed", tmp_path / "log"
    with killed_sweep(folder, 0.5) as process:
        while not log.exists() or len(log.read_text().split()) < 3:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    before = log.read_text().split()
    finished = sorted(path.parent.name for path in folder.glob("runs/*/result.json"))
    assert not (folder / "index.html").exists()
    with killed_sweep(folder, 0) as process:
        assert process.wait(120) == 0
    after = log.read_text().split()[len(before) :]
    assert len(finished) >= 2
    assert not set(finished) & set(after)
    assert sorted([*finished, *after]) == sorted(path.parent.name for path in folder.glob("runs/*/result.json"))
    (tmp_path / "whole").mkdir()
    unbroken = tmp_path / "whole" / "sweep"
    with killed_sweep(unbroken, 0) as process:
        assert process.wait(120) == 0
    for name in ("tables.txt", "tables.csv", "index.html"):
        assert (folder / name).read_bytes() == (unbroken / name).read_bytes()


@pytest.mark.train
@pytest.mark.slow
def test_in_earnest(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    rng = np.random.default_rng(0)
    for name, colour in (("with_mask", 60), ("without_mask", 190)):
        (tmp_path / "made" / name).mkdir(parents=True)
        for number in range(16):
            pixels = rng.integers(colour - 50, colour + 50, (4, 4, 3)).astype(np.uint8)
            picture = Image.fromarray(pixels).resize((40, 40), Image.Resampling.NEAREST)
            picture.save(tmp_path / "made" / name / f"{number}.png")
    out = tmp_path / "sweep"
    words: list[str | Path] = [
        "sweep",
        "--data",
        tmp_path / "made",
        "--whole",
        "--classes",
        "2",
        "--models",
        "report-cnn,product",
    ]
    words += ["--lr", "0.003", "--epochs", "1", "--out", out]
    first = run(*words)
    assert first.code == 0, first.err
    assert "Table 1.2: Correct predictions, 2 classes, " in first.out
    stamps = {path: path.stat().st_mtime_ns for path in out.glob("runs/*/result.json")}
    assert len(stamps) == 2
    again = run(*words)
    assert (again.code, again.out) == (0, first.out)
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.count('<svg viewBox="0 0 360 230"') == 6
