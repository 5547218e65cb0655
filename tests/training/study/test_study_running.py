"""Whole runs on a rendered set: the folder, the exported model, refusals, and a real kill."""

from __future__ import annotations

import csv
import hashlib
import json
import os
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
pytest.importorskip("torchvision")
pytest.importorskip("safetensors")
pytest.importorskip("tensorboard")
pytest.importorskip("matplotlib")
pytest.importorskip("onnx")

from PIL import Image  # noqa: E402

from masquerade.errors import ClassEmpty, DestinationUnusable, JobDiffers, ModelUnknown, StudyInvalid  # noqa: E402
from masquerade.evaluation.predictions import read_predictions  # noqa: E402
from masquerade.models import get_session, read_card, sessions  # noqa: E402
from masquerade.settings import get_settings  # noqa: E402
from masquerade.training.study import StudyPlan, train  # noqa: E402
from masquerade.training.study.checkpoint import CHECKPOINT  # noqa: E402
from masquerade.training.study.exporting import to_onnx  # noqa: E402
from masquerade.training.study.registry import NETWORKS, build_network  # noqa: E402
from masquerade.training.study.views import normalised  # noqa: E402
from masquerade.wearing.classifier import CropContract, classify_crops  # noqa: E402
from tests.training.study.made import render_set  # noqa: E402

pytestmark = pytest.mark.train

ROOT = Path(__file__).parents[3]
FILES = {
    "config.json",
    "split.csv",
    "metrics.jsonl",
    "tensorboard",
    "plots",
    "checkpoint.safetensors",
    "checkpoint.json",
    "predictions.csv",
    "model.onnx",
    "model.json",
    "result.json",
}


def plan_of(data: Path, **changes: Any) -> StudyPlan:
    return StudyPlan(**{"data": (data,), "model": "report-cnn", "epochs": 2, "seed": 3, **changes})


@pytest.fixture(scope="session")
def finished(rendered: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the report's network."""
    return train(plan_of(rendered), tmp_path_factory.mktemp("runs") / "finished", commercial_use=True)


def rows_of(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_a_run_folder_holds_what_it_should(finished: Path) -> None:
    assert {path.name for path in finished.iterdir()} == FILES
    assert {path.name for path in (finished / "plots").iterdir()} == {"loss.png", "correct.png", "confusion.png"}
    for path in (finished / "plots").iterdir():
        with Image.open(path) as picture:
            assert min(picture.size) > 400
            assert np.asarray(picture.convert("L")).std() > 5
    config = json.loads((finished / "config.json").read_text())
    assert config["plan"]["model"] == "report-cnn"
    assert config["recipe"]["batch"] == 10
    assert config["network"]["parameters"] == 37_911
    assert config["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert [row["epoch"] for row in rows_of(finished)] == [1, 2]


def test_the_result_agrees_with_the_predictions(finished: Path) -> None:
    result = json.loads((finished / "result.json").read_text())
    predictions = read_predictions(finished / "predictions.csv")
    confusion = np.zeros((3, 3), int)
    np.add.at(confusion, (predictions.truth, predictions.predicted), 1)
    assert result["confusion"] == confusion.tolist()
    assert result["measures"]["loss"]["value"] == pytest.approx(predictions.losses.mean(), abs=1e-6)
    last = rows_of(finished)[-1]
    assert last["test_correct"] == np.trace(confusion)
    assert last["test_loss"] == pytest.approx(predictions.losses.mean(), abs=1e-6)
    assert (result["model"], result["classes"], result["rate"], result["recipe"]) == ("report-cnn", 3, 0.003, "report")
    assert sum(result["faces"]["test"].values()) == len(predictions)
    with (finished / "split.csv").open() as stream:
        parts = {row["photo"]: row["part"] for row in csv.DictReader(stream)}
    assert {parts[photo] for photo in predictions.photos} == {"test"}
    assert "train" in parts.values()


def test_tensorboard_has_the_curves(finished: Path) -> None:
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

    (path,) = (finished / "tensorboard").iterdir()
    values = {}
    for record in RawEventFileLoader(str(path)).Load():
        event = Event.FromString(record)
        for value in event.summary.value:
            values[value.tag, event.step] = value.simple_value
    for row in rows_of(finished):
        assert values["loss/test", row["epoch"]] == pytest.approx(row["test_loss"], rel=1e-5)
        assert values["correct/train", row["epoch"]] == row["train_correct"]


@pytest.fixture
def registered(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The finished run's model as one of the user's own; gives its name."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("model.onnx", "model.json"):
        (folder / name).write_bytes((finished / name).read_bytes())
    monkeypatch.setenv("MASQUERADE_MODELS_DIR", str(folder))
    get_settings.cache_clear()
    yield read_card(folder / "model.json").name
    get_settings.cache_clear()


def test_the_exported_model_is_a_wearing_model(finished: Path, registered: str) -> None:
    card = read_card(finished / "model.json")
    assert card.sha256 == hashlib.sha256((finished / "model.onnx").read_bytes()).hexdigest()
    contract = CropContract.of(get_session(registered).card)
    assert (contract.size, contract.margin, contract.crop, len(contract.labels)) == (224, 0.0, "stretch", 3)
    assert "rendered" not in card.model_dump_json()  # no path of this machine
    assert card.commercial_use and "says that they allow commercial use" in card.trained_on
    predictions = read_predictions(finished / "predictions.csv")
    from masquerade.image import read_image

    for index in range(len(predictions)):
        image = read_image(Path(predictions.paths[index]))
        said = classify_crops(contract.cut(image, predictions.boxes[index][None]), registered)
        np.testing.assert_allclose(said.probabilities[0], predictions.probabilities[index], atol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_onnx_gives_what_torch_gives(name: str) -> None:
    import onnxruntime

    spec = NETWORKS[name]
    size = spec.size if spec.fixed else 64
    torch.manual_seed(0)
    for classes, outputs in ((3, 3), (2, spec.faithful or 2)):
        net = build_network(spec, outputs, None, True)[0].to(memory_format=torch.channels_last).eval()
        session = onnxruntime.InferenceSession(
            to_onnx(net, spec.view, classes, size), sessions._options(), providers=["CPUExecutionProvider"]
        )
        pixels = torch.from_numpy(np.random.default_rng(1).uniform(0, 255, (3, 3, size, size)).astype(np.float32))
        with torch.inference_mode():
            logits = net(normalised(pixels, spec.view.mean, spec.view.std))[:, :classes]
        for count in (1, 3):
            (found,) = session.run(["probabilities"], {"pixels": pixels[:count].numpy()})
            np.testing.assert_allclose(found, logits[:count].softmax(1).numpy(), atol=1e-4)


def test_a_finished_run_is_left_as_it_is(finished: Path, rendered: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    told: list[dict[str, Any]] = []
    assert train(plan_of(rendered), finished, report=told.append) == finished
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before
    assert not told


def test_a_folder_of_another_run_or_of_others_is_refused(finished: Path, rendered: Path, tmp_path: Path) -> None:
    with pytest.raises(JobDiffers, match=r"plan.rate is None, not 0.005; recipe.rate is 0.003, not 0.005"):
        train(plan_of(rendered, rate=0.005), finished)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    with pytest.raises(DestinationUnusable, match=r"thesis.txt, which is of no run"):
        train(plan_of(rendered), tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.txt"]
    (tmp_path / "file").write_text("")
    with pytest.raises(DestinationUnusable):
        train(plan_of(rendered), tmp_path / "file")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{}")
    with pytest.raises(DestinationUnusable, match="not that of a run"):
        train(plan_of(rendered), tmp_path / "broken")


def test_a_checkpoint_of_another_model_is_refused(finished: Path, rendered: Path, tmp_path: Path) -> None:
    plan = plan_of(rendered, model="product", size=32, epochs=1)
    run = train(plan, tmp_path / "run")
    (run / "result.json").unlink()
    (run / CHECKPOINT).write_bytes((finished / CHECKPOINT).read_bytes())
    with pytest.raises(JobDiffers, match=r"plan\.model is report-cnn, not product"):
        train(plan, run)


def test_photos_that_changed_are_noticed(rendered: Path, tmp_path: Path) -> None:
    data = render_set(tmp_path / "set", photos=8)
    plan = plan_of(data, model="product", size=32, epochs=1)
    run = train(plan, tmp_path / "run")
    (run / "result.json").unlink()
    (data / "annotations" / "000.xml").unlink()
    (data / "images" / "000.png").unlink()
    from masquerade.training.study.data import _known

    _known.clear()
    with pytest.raises(JobDiffers, match=r"split\.csv"):
        train(plan, run)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"model": "vgg"}, ModelUnknown),
        ({"size": 64}, StudyInvalid),
        ({"model": "product", "faithful": True}, StudyInvalid),
    ],
)
def test_wrong_wishes_leave_nothing_behind(
    rendered: Path, tmp_path: Path, changes: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        train(plan_of(rendered, **changes), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_failed_start_can_be_mended(tmp_path: Path) -> None:
    data = render_set(tmp_path / "set", photos=6, labels=(0, 1))
    with pytest.raises(ClassEmpty):
        train(plan_of(data), tmp_path / "run")
    run = train(plan_of(data, classes=2, epochs=1), tmp_path / "run")
    result = json.loads((run / "result.json").read_text())
    assert (len(result["confusion"]), result["measures"]["labels"]) == (2, ["with_mask", "without_mask"])
    predictions = (run / "predictions.csv").read_text().splitlines()
    assert predictions[0].endswith("with_mask,without_mask,incorrect,loss")
    assert all(line.split(",")[-2] == "" for line in predictions[1:])
    card = read_card(run / "model.json")
    assert card.parameters["labels"] == ["with_mask", "without_mask"]
    assert not card.commercial_use and "Nobody said that they allow commercial use." in card.trained_on


def test_as_many_outputs_as_the_report_s_code(rendered: Path, tmp_path: Path) -> None:
    run = train(plan_of(rendered, faithful=True, epochs=1), tmp_path / "run")
    config = json.loads((run / "config.json").read_text())
    assert (config["network"]["outputs"], config["network"]["parameters"]) == (10, 276 + 125_450)
    predictions = read_predictions(run / "predictions.csv")
    np.testing.assert_allclose(predictions.probabilities.sum(axis=1), 1, atol=1e-6)


def test_a_second_run_starts_from_the_weights_of_a_first(finished: Path, rendered: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    # At a rate of next to nothing a run ends where it starts.
    run = train(plan_of(rendered, weights=finished / CHECKPOINT, epochs=1, rate=1e-9), tmp_path / "run")
    first, second = (load_file(folder / CHECKPOINT) for folder in (finished, run))
    learnt = [name for name in first if name.startswith("net.") and name.endswith((".weight", ".bias"))]
    assert learnt
    for name in learnt:
        np.testing.assert_allclose(second[name], first[name], atol=1e-6)
    assert "checkpoint.safetensors" in json.loads((run / "config.json").read_text())["network"]["start"]


CHILD = """
import sys, time
from contextlib import contextmanager
from pathlib import Path
from masquerade.training.study import StudyPlan, epochs, train
epochs.EVERY_STEPS = 2
class Slow:
    def advance(self):
        time.sleep(0.02)
@contextmanager
def bar(what, count):
    yield Slow()
train(StudyPlan(data=(Path(sys.argv[1]),), model=sys.argv[3], recipe=sys.argv[4], epochs=3, batch=4, seed=3,
    size=224 if sys.argv[3] == "report-cnn" else 48), Path(sys.argv[2]), bar)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("model", "recipe"), [("report-cnn", "report"), ("product", "modern")])
def test_a_killed_run_ends_where_an_unbroken_one_does(rendered: Path, tmp_path: Path, model: str, recipe: str) -> None:
    size = 224 if model == "report-cnn" else 48
    plan = plan_of(rendered, model=model, recipe=recipe, epochs=3, batch=4, size=size)
    torch.set_num_threads(get_settings().threads)
    whole = train(plan, tmp_path / "whole")
    run = tmp_path / "killed"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(rendered), str(run), model, recipe], env=environment)
    try:
        deadline = time.monotonic() + 300
        while not _within_an_epoch(run):
            assert child.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert not (run / "result.json").exists()
    assert train(plan, run) == run
    for name in ("predictions.csv", "split.csv", "model.onnx"):
        assert (run / name).read_bytes() == (whole / name).read_bytes(), name
    results = [json.loads((one / "result.json").read_text()) for one in (whole, run)]
    assert {**results[0], "seconds": 0} == {**results[1], "seconds": 0}
    timeless = [[{**row, "seconds": 0, "images_per_second": 0} for row in rows_of(one)] for one in (whole, run)]
    assert timeless[0] == timeless[1]
    assert {path.name for path in run.iterdir()} - {path.name for path in run.glob(".masquerade-*")} == FILES


def _within_an_epoch(run: Path) -> bool:
    """Whether the state that is kept is that of a step in the second epoch."""
    try:
        state = json.loads((run / "checkpoint.json").read_text())["state"]
    except (OSError, ValueError):
        return False
    return state["epoch"] == 1 and state["step"] > 0
