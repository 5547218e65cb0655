"""``masquerade train wearing``: what it says, what it refuses, where it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.commands import COMMAND, Run, environment
from tests.training.study.made import render_set


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 pictures with two faces each."""
    return render_set(tmp_path_factory.mktemp("train") / "set", photos=12)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--classes", "4"], "classes 4: expected 2 or 3 [study_invalid]"),
        (["--recipe", "best"], "expected report or modern [study_invalid]"),
        (["--lr", "0"], "rate 0.0: expected more than 0 [study_invalid]"),
        (["--abridged", "2"], "abridged 2: expected 8 faces or more [study_invalid]"),
    ],
)
def test_wishes_out_of_range_are_refused(masquerade: Run, tmp_path: Path, words: list[str], said: str) -> None:
    result = masquerade("train", "wearing", "--data", tmp_path, "--model", "product", "--out", tmp_path / "run", *words)
    assert result.code == 2
    assert said in result.err
    assert not (tmp_path / "run").exists()


def test_names_of_classes_are_pairs(masquerade: Run, tmp_path: Path) -> None:
    result = masquerade("train", "wearing", "--data", tmp_path, "--model", "product", "--class", "mask")
    assert result.code == 2
    assert "--class" in result.err


def test_without_the_extra_it_says_how_to_install_it(
    masquerade: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("masquerade.training.study.extra.NEEDED", ("no_such_torch",))
    result = masquerade("train", "wearing", "--data", tmp_path, "--model", "product", "--out", tmp_path / "run")
    assert result.code == 2
    assert result.err == (
        "masquerade: training needs no_such_torch (in Masquerade's folder: pip install -e '.[train]') [extra_missing]\n"
    )


def words_of(data: Path, out: Path, *more: str) -> list[str]:
    fixed = ["train", "wearing", "--data", str(data), "--model", "product", "--size", "32", "--recipe", "report"]
    return [*fixed, "--epochs", "2", "--out", str(out), *more]


@pytest.mark.train
class TestTraining:
    """Real runs, of seconds."""

    @pytest.fixture(autouse=True)
    def extra(self) -> None:
        for name in ("torch", "torchvision", "safetensors", "tensorboard", "matplotlib", "onnx"):
            pytest.importorskip(name)

    def test_for_people(self, masquerade: Run, rendered: Path, tmp_path: Path) -> None:
        result = masquerade(*words_of(rendered, tmp_path / "run"))
        assert (result.code, result.err) == (0, "")
        lines = result.out.splitlines()
        assert lines[0].startswith("product: ")
        assert "parameters, 32 x 32 px, square; random weights" in lines[0]
        assert lines[1].startswith("faces of 12 photos: train 6 with_mask, 6 without_mask, 6 incorrect; test ")
        assert [line.split()[:2] for line in lines[2:4]] == [["epoch", "1"], ["epoch", "2"]]
        assert lines[4].startswith("test part, 6 faces: accuracy ")
        assert lines[5] == f"run: {tmp_path / 'run'}"
        again = masquerade(*words_of(rendered, tmp_path / "run"))
        assert again.out.splitlines() == lines[4:]

    def test_for_programs(self, masquerade: Run, rendered: Path, tmp_path: Path) -> None:
        result = masquerade(*words_of(rendered, tmp_path / "run", "--json"))
        *rows, last = [json.loads(line) for line in result.out.splitlines()]
        kept = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
        assert rows == kept
        assert last == json.loads((tmp_path / "run" / "result.json").read_text()) | {"run": str(tmp_path / "run")}

    def test_quietly(self, masquerade: Run, rendered: Path, tmp_path: Path) -> None:
        result = masquerade(*words_of(rendered, tmp_path / "run", "--quiet", "--abridged", "16", "--classes", "2"))
        assert (result.code, result.out, result.err) == (0, "", "")
        found = json.loads((tmp_path / "run" / "result.json").read_text())
        assert found["faces"]["incorrect_left_out"] == 8
        assert sum(sum(found["faces"][part].values()) for part in ("train", "test")) == 16

    def test_the_folder_has_a_name_by_default(
        self, masquerade: Run, rendered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        words = words_of(rendered, tmp_path, "--quiet", "--lr", "0.005")
        position = words.index("--out")
        assert masquerade(*words[:position], *words[position + 2 :]).code == 0
        assert (tmp_path / "runs" / "product-3-report-0.005" / "result.json").exists()

    def test_an_unknown_network_is_refused(self, masquerade: Run, rendered: Path, tmp_path: Path) -> None:
        result = masquerade("train", "wearing", "--data", rendered, "--model", "vgg", "--out", tmp_path / "run")
        assert result.code == 2
        assert "known: report-cnn, report-resnet34, mobilenetv2, product" in result.err
        assert "[model_unknown]" in result.err

    @pytest.mark.slow
    def test_interrupted_it_says_how_to_go_on(self, rendered: Path, tmp_path: Path) -> None:
        run = tmp_path / "run"
        words = words_of(rendered, run)
        words[words.index("--epochs") + 1] = "400"
        child = subprocess.Popen(
            [*COMMAND, *words], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 200
        while not (run / "checkpoint.safetensors").exists():
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(child.pid, signal.SIGINT)
        errors = child.communicate(timeout=60)[1]
        assert child.returncode == 130
        assert errors == f"interrupted; the same command goes on with {run}\n"
        assert not (run / "result.json").exists()
        assert (run / "metrics.jsonl").exists()
