"""Epochs: their order, rate and batches; what early stopping looks at; the state that survives."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("safetensors")

from masquerade.errors import DestinationUnusable, JobDiffers, TrainingDiverged  # noqa: E402
from masquerade.training.schedule import rate_at  # noqa: E402
from masquerade.training.study import RECIPES, epochs  # noqa: E402
from masquerade.training.study.checkpoint import CHECKPOINT, SUMMARY, State, load_checkpoint, save_checkpoint  # noqa: E402
from masquerade.training.study.faces import StudyFaces  # noqa: E402
from masquerade.training.study.learning import Learner, batches_of, optimiser_of, order_of  # noqa: E402
from masquerade.training.study.plan import Recipe  # noqa: E402
from masquerade.training.study.progress import quiet  # noqa: E402
from masquerade.training.study.registry import NETWORKS  # noqa: E402

pytestmark = pytest.mark.train

SIZE = 32
MODERN = replace(RECIPES["modern"], size=SIZE, epochs=4, batch=8, rate=1e-2)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def made_faces(count: int = 48, edge: int = 3, seed: int = 0) -> StudyFaces:
    """Noise over a colour that tells the label; every fourth face is of the test part."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    colours = np.array([[200, 80, 80], [80, 200, 80], [80, 80, 200]])[labels]
    side = SIZE + 2 * edge
    images = np.clip(colours[:, None, None] + rng.normal(0, 40, (count, side, side, 3)), 0, 255).astype(np.uint8)
    numbers = np.arange(count)
    return StudyFaces(
        images=images,
        labels=labels.astype(np.int64),
        boxes=np.tile(np.array([1, 2, 30, 40], np.float32), (count, 1)),
        photos=numbers,
        groups=numbers,
        parts=np.where(numbers % 4 == 3, "test", np.where(numbers % 8 == 1, "check", "train")),
        keys=tuple(f"made/{number}" for number in numbers),
        paths=tuple(f"/made/{number}.png" for number in numbers),
    )


def tiny(outputs: int) -> Any:
    """A network that trains in no time, with batch norm and dropout."""
    layers = [torch.nn.Conv2d(3, 6, 3, 2, 1, bias=False), torch.nn.BatchNorm2d(6), torch.nn.ReLU()]
    head = [torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten(), torch.nn.Dropout(0.1), torch.nn.Linear(24, outputs)]
    return torch.nn.Sequential(*layers, *head)


TINY = replace(NETWORKS["product"], make=tiny)


def learner(run: Path, recipe: Recipe = MODERN, **identity: Any) -> Learner:
    run.mkdir(exist_ok=True)
    torch.manual_seed(5)
    return Learner(run, {"recipe": asdict(recipe), **identity}, tiny(3), TINY, recipe, 7, 3)


def weights_of(one: Learner) -> dict[str, Any]:
    return {name: value.clone() for name, value in one.net.state_dict().items()}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(torch.equal(value, other[name]) for name, value in one.items())


def test_the_rate_warms_up_and_falls_along_a_cosine() -> None:
    recipe = replace(MODERN, rate=2.0, warmup=0.1)
    rates = [rate_at(recipe, step, 100) for step in range(100)]
    np.testing.assert_allclose(rates[:10], np.arange(1, 11) / 10 * 2.0)
    for step in (10, 33, 99):
        assert rates[step] == pytest.approx(1 + math.cos(math.pi * (step - 10) / 90))
    assert [rate_at(RECIPES["report"], step, 10) for step in range(10)] == [0.003] * 10


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [(30, 10, [10, 10, 10]), (34, 10, [10, 10, 10, 4]), (31, 10, [10, 10, 11]), (3, 10, [3]), (11, 10, [11])],
)
def test_no_batch_has_a_single_face(count: int, size: int, expected: list[int]) -> None:
    batches = batches_of(np.arange(count), size)
    assert [len(batch) for batch in batches] == expected
    np.testing.assert_array_equal(np.concatenate(batches), np.arange(count))


def test_orders() -> None:
    labels = np.array([0] * 80 + [1] * 15 + [2] * 5)
    once = order_of(labels, 0, np.random.default_rng(0))
    assert sorted(once) == list(range(100)) and list(once) != sorted(once)
    drawn = np.concatenate([order_of(labels, 1, np.random.default_rng(seed)) for seed in range(60)])
    np.testing.assert_allclose(np.bincount(labels[drawn]) / len(drawn), 1 / 3, atol=0.02)
    drawn = np.concatenate([order_of(labels, 0.5, np.random.default_rng(seed)) for seed in range(60)])
    roots = np.sqrt([80, 15, 5])
    np.testing.assert_allclose(np.bincount(labels[drawn]) / len(drawn), roots / roots.sum(), atol=0.02)


def test_sgd_is_plain() -> None:
    """One step of the report's recipe is the weight minus the rate times its gradient."""
    net = torch.nn.Linear(3, 2)
    optimiser = optimiser_of(net, RECIPES["report"])
    for _ in range(2):
        before = net.weight.detach().clone()
        optimiser.zero_grad()
        net(torch.ones(1, 3)).square().sum().backward()
        assert net.weight.grad is not None
        expected = before - 0.003 * net.weight.grad
        optimiser.step()
        assert torch.allclose(net.weight, expected, atol=1e-7)


def test_it_learns_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    faces = made_faces(96)
    rows: list[dict[str, Any]] = []
    one = learner(tmp_path / "run", replace(MODERN, epochs=6, patience=0))
    one.fit(faces, quiet, rows.append)
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[-1]["train_loss"] < 0.8 * rows[0]["train_loss"]
    scores = [(row["check_macro_f1"], -row["check_loss"]) for row in rows]
    assert one.state.best_epoch == 1 + scores.index(max(scores))
    found = one.predict(faces, "check")
    assert found.losses.mean() == pytest.approx(-max(scores)[1], abs=1e-6)
    assert rows[0]["test_loss"] is None  # the modern recipe looks at the test part at the end alone
    assert rows[0]["train_faces"] == len(faces.of("train"))


def test_the_test_part_decides_nothing(tmp_path: Path) -> None:
    faces = made_faces()
    wrong = replace(
        faces,
        labels=np.where(faces.parts == "test", (faces.labels + 1) % 3, faces.labels),
        images=np.where((faces.parts == "test")[:, None, None, None], 0, faces.images),
    )
    for recipe in (MODERN, replace(RECIPES["report"], size=SIZE, epochs=2)):
        both = []
        for name, data in (("a", faces), ("b", wrong)):
            one = learner(tmp_path / f"{recipe.name}-{name}", recipe)
            one.fit(data, quiet, lambda _: None)
            both.append((weights_of(one), one.state.epoch, one.state.best_epoch))
        assert same(both[0][0], both[1][0])
        assert both[0][1:] == both[1][1:]


def test_it_stops_when_it_gets_no_better(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = learner(tmp_path / "run", replace(MODERN, epochs=20, patience=2))
    told = iter([0.3, 0.5, 0.4, 0.5, 0.9])
    monkeypatch.setattr(one, "_measured", lambda _: {"check_macro_f1": next(told), "check_loss": 1.0, "epoch": 0})
    one.fit(made_faces(), quiet, lambda _: None)
    assert (one.state.epoch, one.state.best_epoch, one.state.stopped) == (4, 2, True)  # as good is not better
    assert learner(tmp_path / "run", replace(MODERN, epochs=20, patience=2)).finished


@pytest.mark.parametrize("recipe", [MODERN, replace(RECIPES["report"], size=SIZE, epochs=3, batch=5)])
@pytest.mark.parametrize("stop", [3, 7])  # steps: within the first epoch, within a later one
def test_an_interrupted_run_ends_where_an_undisturbed_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: Recipe, stop: int
) -> None:
    monkeypatch.setattr(epochs, "EVERY_STEPS", 2)
    faces = made_faces()
    rows: dict[str, list[dict[str, Any]]] = {"whole": [], "broken": []}
    whole = learner(tmp_path / "whole", recipe)
    whole.fit(faces, quiet, rows["whole"].append)
    broken = learner(tmp_path / "broken", recipe)
    steps = iter(range(stop))

    def limited(*arguments: Any) -> None:
        if next(steps, None) is None:
            raise KeyboardInterrupt
        Learner._step(broken, *arguments)

    monkeypatch.setattr(broken, "_step", limited)
    with pytest.raises(KeyboardInterrupt):
        broken.fit(faces, quiet, rows["broken"].append)
    resumed = learner(tmp_path / "broken", recipe)
    assert resumed.state.step % 2 == 0
    assert resumed.state.epoch * 10 + resumed.state.step > 0
    resumed.fit(faces, quiet, rows["broken"].append)
    assert same(weights_of(whole), weights_of(resumed))
    timeless = [
        [{**row, "seconds": 0, "images_per_second": 0} for row in one] for one in (whole.state.rows, resumed.state.rows)
    ]
    assert timeless[0] == timeless[1]
    np.testing.assert_array_equal(
        whole.predict(faces, "test").probabilities, resumed.predict(faces, "test").probabilities
    )


def test_predictions_do_not_depend_on_the_batch(tmp_path: Path) -> None:
    faces = made_faces()
    one = learner(tmp_path / "run")
    found = one.predict(faces, "train", batch=5)
    np.testing.assert_allclose(found.probabilities, one.predict(faces, "train", batch=64).probabilities, atol=1e-6)
    expected = -np.log(found.probabilities[np.arange(len(found)), found.truth])
    np.testing.assert_allclose(found.losses, expected, atol=1e-9)
    np.testing.assert_array_equal(found.truth, faces.labels[faces.of("train")])


def test_a_loss_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    one = learner(tmp_path / "run", replace(RECIPES["report"], size=SIZE, rate=1e30))
    with pytest.raises(TrainingDiverged, match=r"epoch 1 .*lower the learning rate"):
        one.fit(made_faces(), quiet, lambda _: None)


def test_answers_that_are_no_numbers_are_an_error(tmp_path: Path) -> None:
    one = learner(tmp_path / "run")
    with torch.no_grad():
        next(one.net.parameters()).fill_(torch.nan)
    with pytest.raises(TrainingDiverged, match=r"on the test part .*lower the learning rate"):
        one.predict(made_faces(), "test")


def kept(run: Path, **identity: Any) -> State:
    run.mkdir(exist_ok=True)
    net = tiny(3)
    optimiser = optimiser_of(net, MODERN)
    net(torch.rand(4, 3, SIZE, SIZE)).sum().backward()
    optimiser.step()
    state = State(epoch=2, step=3, loss=1.25, correct=4, seen=9, seconds=0.5, rows=[{"epoch": 1}], best_score=[0.5, -1])
    save_checkpoint(run, identity, state, net, optimiser, {"a": torch.ones(2)})
    other = tiny(3)
    again = optimiser_of(other, MODERN)
    found, best = load_checkpoint(run, identity, other, again)
    assert same(net.state_dict(), other.state_dict())
    one, two = optimiser.state_dict(), again.state_dict()
    assert one["param_groups"] == two["param_groups"]
    for index, values in one["state"].items():
        assert same(values, two["state"][index])
    assert best is not None and torch.equal(best["a"], torch.ones(2))
    assert found == state
    return found


def test_a_checkpoint_gives_back_what_it_took(tmp_path: Path) -> None:
    kept(tmp_path / "run", model="product")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {CHECKPOINT, SUMMARY}


def test_checkpoints_of_others_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    kept(tmp_path, model="product", plan={"rate": 0.003})
    net = tiny(3)
    optimiser = optimiser_of(net, MODERN)
    with pytest.raises(JobDiffers, match=r"model is product, not report-cnn; plan.rate is 0.003, not 0.005"):
        load_checkpoint(tmp_path, {"model": "report-cnn", "plan": {"rate": 0.005}}, net, optimiser)
    whole = (tmp_path / CHECKPOINT).read_bytes()
    for content in (b"", b"nonsense", whole[: len(whole) // 2]):
        (tmp_path / CHECKPOINT).write_bytes(content)
        with pytest.raises(DestinationUnusable, match="damaged"):
            load_checkpoint(tmp_path, {"model": "product", "plan": {"rate": 0.003}}, net, optimiser)
