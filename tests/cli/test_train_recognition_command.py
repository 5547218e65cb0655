"""``masquerade train recognition``: what it says, what it refuses, where it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from masquerade.cli.train_recognition import options_of
from masquerade.errors import StudyInvalid
from tests.cli.commands import ROOT, Run, environment
from tests.training.recognition.made import render_people, use_small_net

COMMON = ("--backbone", "mobilefacenet", "--loss", "arcface")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Path:
    """Five people of three photos each, one of which has a photo without a face."""
    root = render_people(tmp_path_factory.mktemp("train") / "set", samples, people=5, photos=3)
    (root / "person_00" / "9.jpg").write_bytes(b"no picture")
    return root


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("aligned")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--recipe", "best"], "recipe 'best': expected modern or report2 [study_invalid]"),
        (["--lr", "0"], "rate 0.0: expected more than 0 [study_invalid]"),
        (["--mask-probability", "2"], "mask_probability 2.0: expected 0 to 1 [study_invalid]"),
        (["--loss-option", "margin"], "expected NAME=NUMBER"),
    ],
)
def test_wishes_out_of_range_are_refused(masquerade: Run, tmp_path: Path, words: list[str], said: str) -> None:
    result = masquerade("train", "recognition", "--data", tmp_path, *COMMON, "--out", tmp_path / "run", *words)
    assert result.code == 2
    assert said in result.err
    assert not (tmp_path / "run").exists()


def test_options_of_a_loss_are_numbers() -> None:
    assert options_of(["margin=0.4", "scale=32"]) == (("margin", 0.4), ("scale", 32.0))
    for wrong in (["margin=high"], ["=3"], ["margin=1", "margin=2"]):
        with pytest.raises(StudyInvalid, match="each name once"):
            options_of(wrong)


def test_without_the_extra_it_says_how_to_install_it(
    masquerade: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("masquerade.training.study.extra.NEEDED", ("no_such_torch",))
    result = masquerade("train", "recognition", "--data", tmp_path, *COMMON, "--out", tmp_path / "run")
    assert (result.code, result.err) == (
        2,
        "masquerade: training needs no_such_torch "
        "(in Masquerade's folder: pip install -e '.[train]') [extra_missing]\n",
    )


@pytest.mark.train
class TestTraining:
    """Real runs, of seconds."""

    @pytest.fixture(autouse=True)
    def small_net(self) -> Iterator[None]:
        for name in ("torch", "torchvision", "safetensors", "tensorboard", "matplotlib", "onnx"):
            pytest.importorskip(name)
        from masquerade.training.recognition import backbones

        before = dict(backbones.BACKBONES)
        use_small_net()
        yield
        backbones.BACKBONES.update(before)

    def words_of(self, people: Path, cache: Path, out: Path, *more: str) -> list[str]:
        fixed = ["train", "recognition", "--data", str(people), *COMMON, "--epochs", "2", "--dimensions", "16"]
        return [*fixed, "--batch", "4", "--test-identities", "0.4", "--cache", str(cache), "--out", str(out), *more]

    def test_for_people_and_for_programs(self, masquerade: Run, people: Path, cache: Path, tmp_path: Path) -> None:
        result = masquerade(*self.words_of(people, cache, tmp_path / "run"))
        assert result.code == 0
        assert result.err == "1 photos gave no face: see failed.csv\n"
        lines = result.out.splitlines()
        assert lines[0].startswith("mobilefacenet: ") and lines[0].endswith("parameters, 16 dimensions; random weights")
        assert lines[1:4] == [
            "train: 9 photos of 3 people",
            "test: 6 photos of 2 people",
            "masks are drawn on 50% of the training photos",
        ]
        assert [line.split()[:2] for line in lines[4:6]] == [["epoch", "1"], ["epoch", "2"]]
        assert lines[6].startswith("test part, 6 photos: rank 1 ")
        assert lines[7] == f"run: {tmp_path / 'run'}"
        assert "person_00/9.jpg,image_format_unknown" in (tmp_path / "run" / "failed.csv").read_text()
        again = masquerade(*self.words_of(people, cache, tmp_path / "run"))
        assert again.out.splitlines() == lines[6:]
        other = masquerade(*self.words_of(people, cache, tmp_path / "other", "--json"))
        *rows, last = [json.loads(line) for line in other.out.splitlines()]
        kept = [json.loads(line) for line in (tmp_path / "other" / "metrics.jsonl").read_text().splitlines()]
        assert rows == kept
        result_file = tmp_path / "other" / "result.json"
        assert last == json.loads(result_file.read_text()) | {"run": str(tmp_path / "other")}

    def test_people_of_a_test_set_are_refused(self, masquerade: Run, people: Path, cache: Path, tmp_path: Path) -> None:
        (tmp_path / "test" / "PERSON 03").mkdir(parents=True)
        (tmp_path / "test" / "PERSON 03" / "1.jpg").write_bytes(b"")
        words = self.words_of(people, cache, tmp_path / "run", "--test-set", str(tmp_path / "test"))
        result = masquerade(*words)
        assert result.code == 2
        assert "1 identities are in the test set test too: set/person_03 (--drop-shared" in result.err

    @pytest.mark.slow
    def test_interrupted_it_says_how_to_go_on(self, people: Path, cache: Path, tmp_path: Path) -> None:
        run = tmp_path / "run"
        words = self.words_of(people, cache, run)
        words[words.index("--epochs") + 1] = "4000"
        code = "from tests.training.recognition.made import use_small_net; use_small_net()\n"
        code += (
            "import sys; from masquerade.cli import main; sys.argv = ['masquerade', *sys.argv[1:]]; sys.exit(main())"
        )
        variables = environment(PYTHONPATH=os.pathsep.join([str(ROOT / "src"), str(ROOT)]))
        command = [sys.executable, "-c", code, *words]
        child = subprocess.Popen(command, env=variables, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 200
        while not (run / "checkpoint.safetensors").exists():
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(child.pid, signal.SIGINT)
        errors = child.communicate(timeout=60)[1].decode()
        assert child.returncode == 130
        assert errors.endswith(f"interrupted; the same command goes on with {run}\n")
        assert not (run / "result.json").exists()
