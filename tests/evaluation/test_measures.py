"""Measures against scikit-learn, formulas written out by hand, and report 1's published values."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.datasets.types import LABELS
from masquerade.errors import LabelInvalid
from masquerade.evaluation.calibration import bin_sums, error_of
from masquerade.evaluation.measures import abstain_below, measure, report_loss
from masquerade.evaluation.predictions import Predictions
from masquerade.evaluation.wearing import group_interval, score_labels
from tests.evaluation.published import FACES, ROWS, Row, confusions


def made(count: int = 300, labels: int = 3, seed: int = 0) -> Predictions:
    """Predictions that are right more often than not, in groups of three faces."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(labels, count, p=[0.6, 0.3, 0.1][:labels] if labels == 3 else [0.7, 0.3])
    scores = rng.normal(0, 1, (count, labels)) + 1.5 * np.eye(labels)[truth]
    rows = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return Predictions.of(truth, rows, np.arange(count) // 3, LABELS[:labels])


def of_matrix(matrix: list[list[int]]) -> Predictions:
    """Predictions with a given confusion matrix."""
    cells = [(true, said) for true in range(3) for said in range(3) for _ in range(matrix[true][said])]
    truth, said = np.array(cells).T
    return Predictions.of(truth, np.eye(3)[said] * 0.7 + 0.1)


@pytest.mark.parametrize("labels", [2, 3])
def test_scikit_learn_says_the_same(labels: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    said = made(labels=labels)
    found = measure(said, intervals=False)
    truth, predicted = said.truth, said.probabilities.argmax(axis=1)
    assert found["loss"].value == pytest.approx(metrics.log_loss(truth, said.probabilities, labels=range(labels)))
    assert found["accuracy"].value == pytest.approx(metrics.accuracy_score(truth, predicted))
    assert found["correct"].value == metrics.accuracy_score(truth, predicted, normalize=False)
    assert found["macro_f1"].value == pytest.approx(metrics.f1_score(truth, predicted, average="macro"))
    assert found["alert_recall"].value == pytest.approx(metrics.recall_score(truth > 0, predicted > 0))
    assert found["alert_precision"].value == pytest.approx(metrics.precision_score(truth > 0, predicted > 0))
    assert np.array_equal(found.confusion, metrics.confusion_matrix(truth, predicted))
    scores = metrics.precision_recall_fscore_support(truth, predicted)
    for name, values in zip(("precision", "recall", "f1"), scores[:3], strict=True):
        for label, value in zip(LABELS[:labels], values, strict=True):
            assert found[f"{name}_{label}"].value == pytest.approx(value)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_report_1_says_the_same(row: Row) -> None:
    """From the counts and recalls that its logs give, a matrix that also has the other published numbers."""
    fitting = 0
    for matrix in confusions(row):
        found = measure(of_matrix(matrix), intervals=False)
        assert found.faces == FACES
        assert found["correct"].value == row.correct
        assert found["effective_code"].value == row.effective_code
        assert found["effective_words"].value == row.effective_words
        rounded = [round(found[name].value, 3) for name in ("macro_f1", "alert_recall", "alert_precision")]
        fitting += rounded == [row.macro_f1, row.alert_recall, row.alert_precision]
    # The recalls are rounded, so that several matrices fit them; one also has the rest, to the last place.
    assert fitting


def test_the_two_rules_of_effective_correct_differ() -> None:
    # 2 masked called incorrect, 3 incorrect called masked, 5 bare called incorrect, 7 incorrect called bare.
    found = measure(of_matrix([[10, 1, 2], [1, 10, 5], [3, 7, 10]]), intervals=False)
    assert found["correct"].value == 30
    assert found["effective_words"].value == 30 + 5 + 7
    assert found["effective_code"].value == 30 + 2 + 3
    assert found["effective_words_share"].value == 42 / 49
    assert found["alert_recall"].value == (10 + 5 + 7 + 10) / 36
    assert found["alert_precision"].value == 32 / 35


def test_two_classes_have_no_effective_credit() -> None:
    found = measure(made(labels=2), intervals=False)
    assert found["effective_words"].value == found["effective_code"].value == found["correct"].value
    assert "recall_incorrect" not in found.values


def test_the_report_s_loss_is_ten_times_too_small() -> None:
    losses = np.random.default_rng(0).exponential(size=1470)
    assert report_loss(losses) == pytest.approx(losses.mean() / 10)
    # A last batch of five weighs as much as ten: 148 means in place of 147.5.
    ragged = np.ones(1475)
    assert report_loss(ragged) == 148 / 1475
    by_hand = sum(float(np.mean(losses[start : start + 10])) for start in range(0, 1470, 10)) / 1470
    assert report_loss(losses) == pytest.approx(by_hand)
    said = Predictions.of(np.zeros(1470, int), np.tile([0.5, 0.3, 0.2], (1470, 1)))
    found = measure(said, intervals=False)
    assert found["loss"].value == pytest.approx(math.log(2))
    assert found["report_loss"].value == pytest.approx(math.log(2) / 10)


def test_a_label_that_no_face_has() -> None:
    said = Predictions.of(np.array([0, 0, 1]), np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1]]))
    found = measure(said)
    assert found.empty == ("incorrect",)
    for name in ("recall_incorrect", "precision_incorrect", "f1_incorrect"):
        assert math.isnan(found[name].value) and math.isnan(found[name].low)
    assert found["macro_f1"].value == pytest.approx((2 / 3 + 2 / 3) / 2)
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["recall_incorrect"] == {"value": None, "low": None, "high": None}
    assert told["empty"] == ["incorrect"]


def test_no_face_at_all() -> None:
    found = measure(Predictions.of(np.zeros(0, int), np.zeros((0, 3))))
    assert found.faces == found["correct"].value == 0
    for name in ("loss", "report_loss", "accuracy", "macro_f1", "alert_recall", "calibration_error"):
        assert math.isnan(found[name].value)


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "recall_incorrect", "alert_recall"])
def test_intervals_are_those_of_the_group_bootstrap(name: str) -> None:
    said = made()
    predicted = said.predicted

    def value(chosen: NDArray[np.intp]) -> float:
        scores = score_labels(said.truth[chosen], predicted[chosen])
        return float(scores.recall[2] if name == "recall_incorrect" else getattr(scores, name))

    found = measure(said, rounds=200, seed=3)[name]
    assert (found.low, found.high) == pytest.approx(group_interval(said.groups, value, rounds=200, seed=3))
    assert found.low < found.value < found.high


def test_intervals_of_counts_are_those_of_the_shares() -> None:
    # One group of 40 faces and ten of one: a draw may hold many times as many faces as there are.
    said = made(50)
    groups = np.r_[np.zeros(40, int), np.arange(1, 11)]
    found = measure(replace(said, groups=groups), rounds=200)
    for name, share in (("correct", "accuracy"), ("effective_code", "effective_code_share")):
        assert found[name].low == pytest.approx(50 * found[share].low)
        assert found[name].high == pytest.approx(50 * found[share].high)
        assert 0 <= found[name].low <= found[name].value <= found[name].high <= 50


def test_intervals_of_loss_and_calibration() -> None:
    said = made()
    found = measure(said, rounds=200, seed=1)

    def loss(chosen: NDArray[np.intp]) -> float:
        return float(-np.log(said.probabilities[chosen, said.truth[chosen]]).mean())

    def gap(chosen: NDArray[np.intp]) -> float:
        return by_hand(said.confidence[chosen], (said.predicted == said.truth)[chosen])

    for name, by in (("loss", loss), ("calibration_error", gap)):
        interval = group_interval(said.groups, by, rounds=200, seed=1)
        assert (found[name].low, found[name].high) == pytest.approx(interval)


def by_hand(confidence: NDArray[Any], hit: NDArray[Any]) -> float:
    """Expected calibration error, bin by bin."""
    total = 0.0
    for number in range(15):
        inside = (confidence > number / 15) & (confidence <= (number + 1) / 15)
        if inside.any():
            total += inside.mean() * abs(confidence[inside].mean() - hit[inside].mean())
    return float(total)


def test_calibration_error() -> None:
    rng = np.random.default_rng(2)
    confidence = rng.uniform(1 / 3, 1, 400)
    hit = rng.random(400) < confidence**2
    assert error_of(bin_sums(confidence, hit).sum(axis=0)) == pytest.approx(by_hand(confidence, hit))
    # All in one bin, says 0.9, is right half of the time.
    assert error_of(bin_sums(np.full(10, 0.9), np.arange(10) < 5).sum(axis=0)) == pytest.approx(0.4)
    # The ends of the scale have bins too.
    assert error_of(bin_sums(np.array([0.0, 1.0]), np.array([False, True])).sum(axis=0)) == 0


def test_abstaining() -> None:
    said = Predictions.of(
        np.array([0, 0, 1, 1]), np.array([[0.9, 0.1, 0], [0.4, 0.6, 0], [0.2, 0.8, 0], [0.7, 0.3, 0]])
    )
    found = abstain_below(said, 0.65, rounds=20)
    assert found.abstained == 1 / 4
    assert found.accuracy.value == 2 / 3
    assert found.alert_recall.value == 1 / 2
    assert abstain_below(said, 0.6, rounds=20).abstained == 0
    never = abstain_below(said, 0.95, rounds=20)
    assert never.abstained == 1
    assert math.isnan(never.accuracy.value)


MISFITS = [
    # truth, probabilities, labels
    ([0, 1], [[1.0, 0.0, 0.0]], LABELS),
    ([0], [[0.5, 0.5]], LABELS),
    ([3], [[1.0, 0.0, 0.0]], LABELS),
    ([-1], [[1.0, 0.0, 0.0]], LABELS),
    ([2], [[0.5, 0.5]], LABELS[:2]),
    ([0], [[0.9, 0.9, 0.9]], LABELS),  # do not sum to 1
    ([0], [[1.5, -0.5, 0.0]], LABELS),
    ([0], [[math.nan, 0.5, 0.5]], LABELS),
    ([0], [[0.5, 0.5]], ("cat", "dog")),
]


@pytest.mark.parametrize(("truth", "rows", "labels"), MISFITS)
def test_arrays_that_do_not_fit(truth: list[int], rows: list[list[float]], labels: tuple[str, ...]) -> None:
    with pytest.raises(LabelInvalid):
        Predictions.of(np.array(truth), np.array(rows), labels=labels)
