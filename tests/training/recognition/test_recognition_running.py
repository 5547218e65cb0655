"""Whole runs on rendered people: the folder, the exported model, refusals, a real kill, two processes as one."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
for needed in ("torchvision", "safetensors", "tensorboard", "matplotlib", "onnx"):
    pytest.importorskip(needed)

from PIL import Image  # noqa: E402

from masquerade.errors import DestinationUnusable, IdentitiesShared, JobDiffers, StudyInvalid  # noqa: E402
from masquerade.faces import find_faces  # noqa: E402
from masquerade.identity.embedder import get_embedder  # noqa: E402
from masquerade.image import read_image  # noqa: E402
from masquerade.models import read_card  # noqa: E402
from masquerade.settings import get_settings  # noqa: E402
from masquerade.training.recognition import RecognitionPlan, backbones, train  # noqa: E402
from masquerade.training.recognition.losses import LOSSES  # noqa: E402
from masquerade.training.study.checkpoint import CHECKPOINT  # noqa: E402
from tests.training.recognition.made import use_small_net  # noqa: E402

pytestmark = pytest.mark.train

ROOT = Path(__file__).parents[3]
FILES = {
    *("config.json", "split.csv", "failed.csv", "metrics.jsonl", "tensorboard", "plots", "checkpoint.safetensors"),
    *("checkpoint.json", "model.onnx", "model.json", "result.json"),
}


@pytest.fixture(autouse=True, scope="module")
def small_net() -> Iterator[None]:
    before = dict(backbones.BACKBONES)
    use_small_net()
    yield
    backbones.BACKBONES.update(before)


def plan_of(people: Path, **changes: Any) -> RecognitionPlan:
    given = {"backbone": "mobilefacenet", "loss": "cosface", "dimensions": 16, "epochs": 2, "batch": 8, "seed": 3}
    return RecognitionPlan(**{"data": (people,), "test_identities": 0.25, "rate": 0.05, **given, **changes})


def rows_of(run: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{**row, "seconds": 0, "images_per_second": 0} for row in rows]


@pytest.fixture(scope="module")
def finished(people: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(plan_of(people), tmp_path_factory.mktemp("runs") / "finished", cache=cache, commercial_use=True)


def test_a_run_folder_holds_what_it_should(finished: Path) -> None:
    assert {path.name for path in finished.iterdir()} == FILES
    assert {path.name for path in (finished / "plots").iterdir()} == {"loss.png", "accuracy.png", "pairs.png"}
    for path in (finished / "plots").iterdir():
        with Image.open(path) as picture:
            assert np.asarray(picture.convert("L")).std() > 5
    rows = rows_of(finished)
    assert [row["epoch"] for row in rows] == [1, 2]
    assert rows[0]["train_faces"] == 24
    assert rows[1]["train_loss"] < rows[0]["train_loss"]
    result = json.loads((finished / "result.json").read_text())
    assert result["measures"] == {name.removeprefix("test_"): rows[-1][name] for name in rows[-1] if "test_" in name}
    assert result["measures"]["rank1"] >= 0.5 and result["measures"]["tar"] is None  # too few pairs for 1e-2
    with (finished / "split.csv").open() as stream:
        split = list(csv.DictReader(stream))
    parts = {part: {row["identity"] for row in split if row["part"] == part} for part in ("train", "test")}
    assert (len(parts["train"]), len(parts["test"])) == (6, 2) and not parts["train"] & parts["test"]
    assert (finished / "failed.csv").read_text() == "photo,code,message\n"


def test_the_model_is_an_embedder_of_every_command(finished: Path, people: Path) -> None:
    card = read_card(finished / "model.json")
    assert card.sha256 == hashlib.sha256((finished / "model.onnx").read_bytes()).hexdigest()
    assert str(people.parent) not in card.model_dump_json()  # no path of this machine
    assert card.commercial_use and "says that they allow commercial use" in card.trained_on
    embedder = get_embedder(str(finished / "model.onnx"))
    image = read_image(people / "person_00" / "0.jpg")
    crops = embedder.crops(image, find_faces(image, "frame").surest)
    found = embedder.embed(crops, mirrored=False)
    state = {name.removeprefix("net."): value for name, value in _tensors(finished).items() if name.startswith("net.")}
    net = backbones.build_backbone("mobilefacenet", 16)
    net.load_state_dict(state)
    with torch.inference_mode():
        pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).float()
        expected = torch.nn.functional.normalize(net.eval()((pixels - 127.5) / 128)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-4)


def _tensors(run: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(run / CHECKPOINT))


def test_a_finished_run_is_left_as_it_is(finished: Path, people: Path, cache: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    assert train(plan_of(people), finished, cache=cache) == finished
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before


def test_people_who_came_since_are_refused(people: Path, cache: Path, tmp_path: Path) -> None:
    data = shutil.copytree(people, tmp_path / "set")
    run = train(plan_of(data, epochs=1), tmp_path / "run", cache=cache)
    (run / "result.json").unlink()
    for number in range(4):
        shutil.copytree(people / "person_00", data / f"zoe_{number}")
    with pytest.raises(JobDiffers, match=r"split\.csv: the photos are not those"):
        train(plan_of(data, epochs=1), run, cache=cache)


def test_what_is_not_this_run_is_refused(finished: Path, people: Path, cache: Path, tmp_path: Path) -> None:
    with pytest.raises(JobDiffers, match=r"plan.loss is cosface, not arcface"):
        train(plan_of(people, loss="arcface"), finished, cache=cache)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(DestinationUnusable, match=r"thesis.txt"):
        train(plan_of(people), tmp_path / "mine", cache=cache)
    copied = shutil.copytree(finished, tmp_path / "copied")
    (copied / "result.json").unlink()
    (copied / "split.csv").write_text("photo,identity,part\n")
    with pytest.raises(JobDiffers, match=r"split\.csv"):
        train(plan_of(people), copied, cache=cache)


@pytest.mark.parametrize(
    ("options", "said"), [({"marge": 1}, "no option 'marge'"), ({"margin": 9}, "margin 9.0: expected a number from 0")]
)
def test_wrong_options_of_a_loss_are_refused_before_any_face_is_aligned(
    people: Path, tmp_path: Path, options: dict[str, float], said: str
) -> None:
    with pytest.raises(StudyInvalid, match=said):
        train(plan_of(people, loss_options=options), tmp_path / "run", cache=tmp_path / "cache")
    assert not list(tmp_path.iterdir())


def test_people_of_a_test_set_are_refused_left_out_and_measured(people: Path, cache: Path, tmp_path: Path) -> None:
    test = tmp_path / "famous"
    for number in (1, 2):
        shutil.copytree(people / f"person_{number:02}", test / "images" / f"Person {number:02}")
    plan = {"test_sets": (test,), "test_identities": 0, "epochs": 1}
    with pytest.raises(IdentitiesShared, match="2 identities are in the test set famous"):
        train(plan_of(people, **plan), tmp_path / "run", cache=cache)
    run = train(plan_of(people, drop_shared=True, **plan), tmp_path / "run", cache=cache)
    result = json.loads((run / "result.json").read_text())
    assert result["faces"]["train"] == {"identities": 6, "photos": 24}
    assert result["test_sets"]["famous"]["faces"] == 8
    assert 0 <= result["test_sets"]["famous"]["rank1_masked"] <= 1
    assert result["measures"] == dict.fromkeys(result["measures"])
    assert "2 identities left out of training" in (run / "left_out.txt").read_text()
    assert {path.name for path in (run / "plots").iterdir()} == {"loss.png", "accuracy.png"}


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_every_loss_trains_in_a_run(loss: str, people: Path, cache: Path, tmp_path: Path) -> None:
    run = train(plan_of(people, loss=loss, epochs=1, test_identities=0), tmp_path / "run", cache=cache)
    (row,) = rows_of(run)
    assert np.isfinite(row["train_loss"])
    assert (row["train_accuracy"] is None) == (loss == "triplet")


def test_report_2_s_recipe(people: Path, cache: Path, tmp_path: Path) -> None:
    changes = {"recipe": "report2", "rate": None, "batch": None, "dimensions": None, "loss": "arcface", "epochs": 1}
    run = train(plan_of(people, **changes), tmp_path / "run", cache=cache)
    config = json.loads((run / "config.json").read_text())
    assert (config["recipe"]["batch"], config["recipe"]["rate"], config["network"]["dimensions"]) == (32, 1e-5, 256)
    card = read_card(run / "model.json")
    assert card.parameters["dimensions"] == 256
    assert not card.commercial_use and "Nobody said that they allow commercial use." in card.trained_on


def test_half_precision_is_for_training_alone(
    people: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from masquerade.training.recognition import learning

    seen: set[tuple[bool, Any]] = set()
    inner = torch.nn.PReLU.forward

    def spy(self: Any, values: Any) -> Any:
        seen.add((self.training, values.dtype))
        return inner(self, values)

    monkeypatch.setattr(torch.nn.PReLU, "forward", spy)
    monkeypatch.setattr(learning, "has_bf16", lambda: True)
    run = train(plan_of(people, epochs=1), tmp_path / "run", cache=cache)
    assert seen == {(True, torch.bfloat16), (False, torch.float32)}
    assert np.isfinite(rows_of(run)[0]["train_loss"])


CHILD = """
import sys, time
from contextlib import contextmanager
from pathlib import Path
from masquerade.training.recognition import RecognitionPlan, train
from masquerade.training.study import epochs
from tests.training.recognition.made import use_small_net
use_small_net()
epochs.EVERY_STEPS = 1
class Slow:
    def advance(self):
        time.sleep(float(sys.argv[5]))
@contextmanager
def bar(what, count):
    yield Slow()
if __name__ == "__main__":
    import json
    plan = RecognitionPlan.from_dict(json.loads(sys.argv[4]))
    train(plan, Path(sys.argv[1]), bar, cache=Path(sys.argv[2]))
"""


def command(tmp_path: Path, run: Path, cache: Path, plan: RecognitionPlan, pause: float = 0.0) -> list[str]:
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    return [str(script), str(run), str(cache), "-", json.dumps(plan.to_dict()), str(pause)]


def environment() -> dict[str, str]:
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "MASQUERADE_THREADS": "1"}


@pytest.mark.slow
def test_a_killed_run_ends_where_an_unbroken_one_does(people: Path, cache: Path, tmp_path: Path) -> None:
    torch.set_num_threads(get_settings().threads)
    plan = plan_of(people, epochs=3, loss="adaface", dropout=0.3, per_identity=2)
    whole = train(plan, tmp_path / "whole", cache=cache)
    run = tmp_path / "killed"
    variables = environment() | {"MASQUERADE_THREADS": str(get_settings().threads)}
    child = subprocess.Popen([sys.executable, *command(tmp_path, run, cache, plan, 0.02)], env=variables)
    try:
        deadline = time.monotonic() + 300
        while not _within_an_epoch(run):
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert not (run / "result.json").exists()
    assert train(plan, run, cache=cache) == run
    for name in ("split.csv", "failed.csv", "model.onnx"):
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name
    assert rows_of(run) == rows_of(whole)
    results = [json.loads((one / "result.json").read_text()) | {"seconds": 0} for one in (whole, run)]
    assert results[0] == results[1]
    assert {path.name for path in run.iterdir()} - {path.name for path in run.glob(".masquerade-*")} == FILES


def _within_an_epoch(run: Path) -> bool:
    """Whether the state that is kept is that of a step in the second epoch."""
    try:
        state = json.loads((run / "checkpoint.json").read_text())["state"]
    except (OSError, ValueError):
        return False
    return bool(state["epoch"] == 1 and state["step"] > 0)


@pytest.mark.slow
def test_two_processes_train_as_one(people: Path, cache: Path, tmp_path: Path) -> None:
    # Without masks, as the renderer draws a grey level here and there otherwise in another batch. Batch norm stays in.
    plan = plan_of(people, loss="arcface", batch=12, rate=0.01, mask_probability=0.0)
    alone = train(plan, tmp_path / "alone", cache=cache)
    run = tmp_path / "two"
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    subprocess.run([*torchrun, *command(tmp_path, run, cache, plan)], env=environment(), check=True, timeout=300)
    for one, other in zip(rows_of(alone), rows_of(run), strict=True):
        assert other["train_loss"] == pytest.approx(one["train_loss"], rel=1e-3)
        assert other["train_faces"] == one["train_faces"]
    assert json.loads((run / "config.json").read_text())["processes"] == 2
    assert {path.name for path in run.iterdir()} == FILES
    first, second = _tensors(alone), _tensors(run)
    assert first.keys() == second.keys()
    for name in first:
        if name.startswith("net.") and first[name].dtype == torch.float32:
            apart = float((first[name] - second[name]).abs().max())
            assert apart < 1e-2 * max(0.1, float(first[name].abs().max())), name
