"""Each loss against a formula written anew, sample by sample, in float64."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from masquerade.errors import StudyInvalid  # noqa: E402
from masquerade.training.recognition.losses import LOSSES, build_loss  # noqa: E402
from masquerade.training.recognition.losses.added import angular_margin  # noqa: E402
from masquerade.training.recognition.losses.multiplied import psi  # noqa: E402
from masquerade.training.recognition.losses.triplet import mine, squared_distances  # noqa: E402
from masquerade.training.recognition.names import LOSS_NAMES  # noqa: E402

pytestmark = pytest.mark.train

CLASSES, DIMENSIONS, BATCH = 7, 16, 24
Values = NDArray[np.float64]


def batch(seed: int = 0, length: float = 3.0) -> tuple[Any, Any]:
    """Features of three photos or so a class, some near their class, some anywhere."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, BATCH)
    centres = np.random.default_rng(99).normal(size=(CLASSES, DIMENSIONS))
    mixed = rng.uniform(0, 1, (BATCH, 1)) * centres[labels] + rng.normal(size=(BATCH, DIMENSIONS))
    scaled = mixed * length * rng.uniform(0.3, 2, (BATCH, 1)) / 4
    return torch.tensor(scaled, dtype=torch.float32), torch.tensor(labels)


def made(name: str, **options: float) -> Any:
    torch.manual_seed(3)
    return build_loss(name, CLASSES, DIMENSIONS, **options)


def negative_log(scores: Values, label: int) -> float:
    return float(np.log(np.exp(scores - scores[label]).sum()))


def by_sample(one: Callable[[Values, int, Values], float]) -> Callable[[Any, Any, Any], float]:
    """The mean of a formula of one feature, its label and the proxies."""

    def whole(loss: Any, features: Any, labels: Any) -> float:
        proxies = loss.weight.detach().double().numpy()
        rows = features.double().numpy()
        return float(np.mean([one(row, int(label), proxies) for row, label in zip(rows, labels, strict=True)]))

    return whole


def angle_between(a: Values, b: Values) -> float:
    # From the chord, not from the scalar product: another formula than the code's.
    chord = np.linalg.norm(a / np.linalg.norm(a) - b / np.linalg.norm(b))
    return 2 * math.asin(min(1.0, float(chord) / 2))


def thetas(row: Values, proxies: Values) -> Values:
    return np.array([angle_between(row, proxy) for proxy in proxies])


def softmax(row: Values, label: int, proxies: Values) -> float:
    return negative_log(proxies @ row, label)


def normface(row: Values, label: int, proxies: Values) -> float:
    return negative_log(20 * np.cos(thetas(row, proxies)), label)


def cosface(row: Values, label: int, proxies: Values) -> float:
    scores = np.cos(thetas(row, proxies))
    scores[label] -= 0.35
    return negative_log(64 * scores, label)


def arc(theta: float, margin: float = 0.5) -> float:
    return math.cos(theta + margin) if theta <= math.pi - margin else math.cos(theta) - margin * math.sin(margin)


def arcface(row: Values, label: int, proxies: Values) -> float:
    theta = thetas(row, proxies)
    scores = np.cos(theta)
    scores[label] = arc(theta[label])
    return negative_log(64 * scores, label)


def subcenter(row: Values, label: int, proxies: Values) -> float:
    theta = thetas(row, proxies).reshape(CLASSES, 3).min(1)
    scores = np.cos(theta)
    scores[label] = arc(theta[label])
    return negative_log(64 * scores, label)


def stairs(theta: float, margin: int) -> float:
    """Psi as the papers draw it: by the piece that the angle falls into."""
    for k in range(margin):
        if k * math.pi / margin <= theta <= (k + 1) * math.pi / margin:
            return (-1) ** k * math.cos(margin * theta) - 2 * k
    raise AssertionError(theta)


def l_softmax(row: Values, label: int, proxies: Values) -> float:
    theta = thetas(row, proxies)
    scores = np.linalg.norm(row) * np.linalg.norm(proxies, axis=1) * np.cos(theta)
    own = (7.0 * math.cos(theta[label]) + stairs(theta[label], 4)) / 8.0
    scores[label] = np.linalg.norm(row) * np.linalg.norm(proxies[label]) * own
    return negative_log(scores, label)


def sphereface(row: Values, label: int, proxies: Values) -> float:
    theta = thetas(row, proxies)
    scores = np.cos(theta)
    scores[label] = (7.0 * math.cos(theta[label]) + stairs(theta[label], 4)) / 8.0
    return negative_log(np.linalg.norm(row) * scores, label)


def center(loss: Any, features: Any, labels: Any) -> float:
    centres = loss.centres.double().numpy()
    distances = [
        ((row - centres[label]) ** 2).sum() for row, label in zip(features.double().numpy(), labels, strict=True)
    ]
    return by_sample(softmax)(loss, features, labels) + 0.003 * 0.5 * float(np.mean(distances))


def triplet(_: Any, features: Any, labels: Any) -> float:
    rows = features.double().numpy()
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    terms = []
    for a in range(BATCH):
        for p in range(BATCH):
            if a == p or labels[a] != labels[p]:
                continue
            reach = ((unit[a] - unit[p]) ** 2).sum()
            others = [((unit[a] - unit[n]) ** 2).sum() for n in range(BATCH) if labels[n] != labels[a]]
            farther = [other for other in others if other > reach]
            terms.append(max(0.0, reach - (min(farther) if farther else max(others)) + 0.2))
    return float(np.mean(terms))


def adaface(loss: Any, features: Any, labels: Any) -> float:
    mean, deviation = float(loss.mean), float(loss.deviation)

    def one(row: Values, label: int, proxies: Values) -> float:
        z = min(1.0, max(-1.0, (float(np.linalg.norm(row)) - mean) / (deviation + 1e-3) * 0.333))
        theta = thetas(row, proxies)
        scores = np.cos(theta)
        scores[label] = math.cos(min(math.pi, max(0.0, theta[label] - 0.4 * z))) - (0.4 + 0.4 * z)
        return negative_log(64 * scores, label)

    return by_sample(one)(loss, features, labels)


def curricular(loss: Any, features: Any, labels: Any) -> float:
    t = float(loss.t)

    def one(row: Values, label: int, proxies: Values) -> float:
        theta = thetas(row, proxies)
        scores = np.cos(theta)
        hard = scores > math.cos(theta[label] + 0.5)
        scores[hard] *= t + scores[hard]
        scores[label] = arc(theta[label])
        return negative_log(64 * scores, label)

    return by_sample(one)(loss, features, labels)


FORMULAS: dict[str, Callable[[Any, Any, Any], float]] = {
    "softmax": by_sample(softmax),
    "normface": by_sample(normface),
    "l-softmax": by_sample(l_softmax),
    "sphereface": by_sample(sphereface),
    "cosface": by_sample(cosface),
    "arcface": by_sample(arcface),
    "subcenter": by_sample(subcenter),
    "adaface": adaface,
    "curricular": curricular,
    "triplet": triplet,
    "center": center,
}
OPTIONS: dict[str, dict[str, float]] = {
    "l-softmax": {"base": 7.0, "gamma": 0.0},
    "sphereface": {"base": 7.0, "gamma": 0.0},
}


def test_every_name_has_a_loss_and_every_loss_a_formula_here() -> None:
    assert tuple(LOSSES) == LOSS_NAMES
    assert set(FORMULAS) == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("seed", range(3))
def test_a_loss_is_its_formula(name: str, seed: int) -> None:
    loss = made(name, **OPTIONS.get(name, {})).eval()
    for key, value in (("mean", 3.0), ("deviation", 1.5), ("t", 0.3)):
        if key in dict(loss.named_buffers()):
            getattr(loss, key).fill_(value)
    if name == "center":
        loss.centres.copy_(torch.randn(CLASSES, DIMENSIONS))
    features, labels = batch(seed)
    found = loss(features, labels).detach()
    assert found.dtype == torch.float32
    assert found.ndim == 0
    assert float(found) == pytest.approx(FORMULAS[name](loss, features, labels), rel=2e-4)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_finite_where_features_lie_on_proxies_or_opposite(name: str) -> None:
    loss = made(name)
    proxies = torch.eye(CLASSES, DIMENSIONS) if loss.weight is None else loss.weight.detach().clone()
    own = proxies[:: len(proxies) // CLASSES]
    rows = torch.cat([own, -own, own * 1e-12, torch.zeros(1, DIMENSIONS), own * 1e4]).requires_grad_()
    labels = torch.arange(CLASSES).repeat(3)
    labels = torch.cat([labels, torch.zeros(1, dtype=torch.int64), torch.arange(CLASSES)])
    found = loss(rows, labels)
    found.backward()
    assert torch.isfinite(found)
    assert torch.isfinite(rows.grad).all()
    assert all(torch.isfinite(one.grad).all() for one in loss.parameters())


@pytest.mark.parametrize("name", LOSSES)
def test_half_precision_comes_in_and_float32_goes_out(name: str) -> None:
    features, labels = batch(1)
    half = features.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = made(name)(half, labels)
    assert found.dtype == torch.float32
    assert torch.equal(found, made(name)(half.float(), labels))


# The triplets change on the way, so their loss is no smooth one; see its peer for its gradient.
@pytest.mark.parametrize("name", [name for name in LOSSES if name != "triplet"])
def test_gradients_are_those_of_finite_differences(name: str) -> None:
    loss = made(name, **OPTIONS.get(name, {})).eval()
    features, labels = batch(2)
    features.requires_grad_()
    loss(features, labels).backward()
    direction = torch.nn.functional.normalize(features.grad.flatten(), dim=0).view_as(features)
    step = 2e-3
    with torch.no_grad():
        rise = (loss(features + step * direction, labels) - loss(features - step * direction, labels)) / (2 * step)
    assert float(rise) == pytest.approx(float((features.grad * direction).sum()), rel=0.02)


@pytest.mark.parametrize("name", LOSSES)
def test_steps_downhill_bring_people_apart(name: str) -> None:
    loss = made(name)
    features, labels = batch(4)
    features.requires_grad_()
    optimiser = torch.optim.Adam([features, *loss.parameters()], 0.05)
    for _ in range(150):
        optimiser.zero_grad()
        loss(features, labels).backward()
        optimiser.step()
    distance = squared_distances(torch.nn.functional.normalize(features.detach()))
    nearest = distance.fill_diagonal_(9).argmin(1)
    counted = torch.bincount(labels, minlength=CLASSES)[labels] > 1
    # Sub-centres are there so that a person's photos may lie in several places.
    assert (labels[nearest] == labels)[counted].float().mean() > (0.6 if name == "subcenter" else 0.95)
    scores = loss.scores(features)
    assert (scores is None) == (loss.weight is None)
    if scores is not None:
        assert scores.shape == (BATCH, CLASSES)
        assert (scores.argmax(1) == labels).float().mean() > 0.95


def test_the_margin_makes_the_right_class_harder() -> None:
    features, labels = batch(5)
    for name in ("cosface", "arcface", "subcenter", "curricular"):
        values = [float(made(name, margin=margin).eval()(features, labels).detach()) for margin in (0.0, 0.2, 0.4)]
        assert values == sorted(values)
        assert values[0] < values[2]


@pytest.mark.parametrize("margin", [0.3, 0.5, 1.0])
def test_the_angular_margin_falls_all_the_way_to_pi(margin: float) -> None:
    theta = torch.linspace(0, math.pi, 2001, dtype=torch.float64)
    value = angular_margin(torch.cos(theta), margin)
    assert (value.diff() <= 1e-9).all()
    assert float(value[0]) == pytest.approx(math.cos(margin), abs=2e-3)
    unguarded = torch.cos(theta + margin)
    assert (unguarded.diff() > 1e-9).any()


@pytest.mark.parametrize("margin", [1, 2, 3, 4, 5])
def test_psi_falls_all_the_way_to_pi_and_is_the_stairs_of_the_papers(margin: int) -> None:
    theta = np.linspace(0, np.pi, 1001)
    value = psi(torch.tensor(np.cos(theta)), margin).numpy()
    assert value == pytest.approx(np.array([stairs(min(float(one), math.pi), margin) for one in theta]), abs=1e-6)
    assert (np.diff(value) <= 1e-9).all()
    assert (value[0], value[-1]) == (pytest.approx(1), pytest.approx(1 - 2 * margin))


@pytest.mark.parametrize("name", ["l-softmax", "sphereface"])
def test_plain_softmax_fades_out_and_the_step_is_saved(name: str) -> None:
    loss = made(name)
    features, labels = batch()
    assert loss.annealing() == 1000
    for _ in range(100):
        loss(features, labels)
    assert loss.annealing() == pytest.approx(1000 / 13)
    again = made(name)
    again.load_state_dict(loss.state_dict())
    assert again.annealing() == loss.annealing()
    assert torch.equal(again.eval()(features, labels), loss.eval()(features, labels))
    loss.step.fill_(10**6)
    assert loss.annealing() == 5
    assert int(loss.step) == 10**6  # eval does not count


def test_adaface_follows_lengths_in_training_and_saves_them() -> None:
    loss = made("adaface", rate=0.25)
    features, labels = batch()
    lengths = np.linalg.norm(features.numpy().astype(np.float64), axis=1)
    loss(features, labels)
    assert float(loss.mean) == pytest.approx(0.75 * 20 + 0.25 * lengths.mean(), rel=1e-5)
    assert float(loss.deviation) == pytest.approx(0.75 * 100 + 0.25 * lengths.std(ddof=1), rel=1e-5)
    before = {name: value.clone() for name, value in loss.state_dict().items()}
    assert {"mean", "deviation", "weight"} == set(before)
    loss.eval()(features, labels)
    assert all(torch.equal(value, before[name]) for name, value in loss.state_dict().items())
    loss.train()(features[:1], labels[:1])  # a single row has no deviation
    assert torch.isfinite(loss.deviation)
    assert torch.equal(loss.deviation, before["deviation"])


def test_curricular_follows_the_right_classes_cosines() -> None:
    loss = made("curricular")
    features, labels = batch()
    proxies = loss.weight.detach().double().numpy()
    for _ in range(2):
        loss(features, labels)
    own = [
        math.cos(angle_between(row, proxies[label]))
        for row, label in zip(features.double().numpy(), labels, strict=True)
    ]
    mean = float(np.mean(own))
    assert float(loss.t) == pytest.approx(0.01 * mean + 0.99 * 0.01 * mean, abs=1e-6)
    assert "t" in loss.state_dict()


def test_centres_move_as_the_paper_says() -> None:
    loss = made("center")
    start = torch.randn(CLASSES, DIMENSIONS)
    loss.centres.copy_(start)
    features, labels = batch()
    loss(features, labels)
    for label in range(CLASSES):
        mine_ = features[labels == label].double().numpy()
        centre = start[label].double().numpy()
        delta = (centre - mine_).sum(0) / (1 + len(mine_))
        assert loss.centres[label].numpy() == pytest.approx(centre - 0.5 * delta, abs=1e-5)
    assert not loss.centres.requires_grad


def test_sub_centres_of_a_class_begin_near_each_other() -> None:
    loss = made("subcenter")
    weight = torch.nn.functional.normalize(loss.weight.detach()).view(CLASSES, 3, DIMENSIONS)
    inside = torch.einsum("cid,cjd->cij", weight, weight)
    assert inside.min() > 0.9
    assert not torch.equal(weight[:, 0], weight[:, 1])
    assert (weight[:, 0] @ weight[:, 0].T).fill_diagonal_(0).abs().max() < 0.9


def test_mined_negatives_are_semi_hard_where_there_is_one() -> None:
    features, labels = batch(6)
    distance = squared_distances(torch.nn.functional.normalize(features))
    found = mine(distance, labels)
    pairs = [(a, p) for a in range(BATCH) for p in range(BATCH) if a != p and labels[a] == labels[p]]
    assert sorted(zip(found.anchor.tolist(), found.positive.tolist(), strict=True)) == sorted(pairs)
    fallbacks = 0
    for a, p, n in zip(*(rows.tolist() for rows in found), strict=True):
        assert labels[a] != labels[n]
        others = [float(distance[a, k]) for k in range(BATCH) if labels[k] != labels[a]]
        farther = [other for other in others if other > float(distance[a, p])]
        fallbacks += not farther
        assert float(distance[a, n]) == (min(farther) if farther else max(others))
    assert 0 <= fallbacks < len(pairs)


def test_where_all_negatives_are_nearer_the_farthest_is_taken() -> None:
    distance = torch.tensor([[0.0, 3.0, 1.0, 2.0], [3.0, 0.0, 1.0, 2.0], [1.0, 1.0, 0.0, 0.5], [2.0, 2.0, 0.5, 0.0]])
    found = mine(distance, torch.tensor([0, 0, 1, 2]))
    assert [rows.tolist() for rows in found] == [[0, 1], [1, 0], [3, 3]]


@pytest.mark.parametrize("labels", [[0, 1, 2, 3], [0, 0, 0, 0], [0]])
def test_a_batch_without_triplets_gives_no_loss_and_no_gradient(labels: list[int]) -> None:
    features = torch.randn(len(labels), 8, requires_grad=True)
    found = build_loss("triplet", 4, 8)(features, torch.tensor(labels))
    found.backward()
    assert float(found.detach()) == 0
    assert not features.grad.any()


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("arcfac", {}, "no loss is called 'arcfac' .*cosface"),
        ("softmax", {"scale": 3.0}, "softmax has no option 'scale' .*none"),
        ("arcface", {"margin": -1.0}, "arcface: margin -1.0: expected a number from 0"),
        ("arcface", {"margin": float("nan")}, "margin nan"),
        ("sphereface", {"margin": 1.5}, "sphereface: margin 1.5: expected a whole number from 1"),
        ("subcenter", {"centres": 0}, "centres 0: expected a whole number from 1"),
    ],
)
def test_what_no_loss_can_be_is_refused(name: str, options: dict[str, float], said: str) -> None:
    with pytest.raises(StudyInvalid, match=said):
        build_loss(name, 5, 8, **options)


@pytest.mark.parametrize(
    ("name", "option"), [("subcenter", "centres"), ("l-softmax", "margin"), ("sphereface", "margin")]
)
def test_whole_options_may_come_as_floats_as_plans_have_them(name: str, option: str) -> None:
    features, labels = torch.randn(4, 8), torch.arange(4)
    torch.manual_seed(0)
    expected = build_loss(name, 5, 8, **{option: 2})(features, labels)
    torch.manual_seed(0)
    assert torch.equal(build_loss(name, 5, 8, **{option: 2.0})(features, labels), expected)


def test_a_single_class_is_refused() -> None:
    with pytest.raises(StudyInvalid, match="expected 2 classes"):
        build_loss("arcface", 1, 8)


def test_options_are_named_with_their_published_values() -> None:
    assert LOSSES["arcface"].options() == {"scale": 64.0, "margin": 0.5}
    assert LOSSES["cosface"].options() == {"scale": 64.0, "margin": 0.35}
    assert LOSSES["adaface"].options() == {"scale": 64.0, "margin": 0.4, "concentration": 0.333, "rate": 0.01}
    assert LOSSES["triplet"].options() == {"margin": 0.2}
    assert LOSSES["center"].options() == {"share": 0.003, "rate": 0.5}
