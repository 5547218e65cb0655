"""Measures of labels, against formulas written out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from masquerade.evaluation.wearing import group_interval, score_labels

LABELS_OF = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60)


def by_hand(pairs: list[tuple[int, int]], label: int) -> tuple[float, float, float]:
    """Precision, recall and F1 of one label: the counts of van Rijsbergen, 1979."""
    hits = sum(truth == said == label for truth, said in pairs)
    said = sum(said == label for _, said in pairs)
    true = sum(truth == label for truth, _ in pairs)
    precision = hits / said if said else math.nan
    recall = hits / true if true else math.nan
    f1 = math.nan if not said and not true else 2 * hits / (said + true)
    return precision, recall, f1


@settings(max_examples=80, deadline=None)
@given(LABELS_OF)
def test_scores_are_those_of_the_counts(pairs: list[tuple[int, int]]) -> None:
    truth, said = np.array(pairs).T
    scores = score_labels(truth, said)
    assert scores.confusion.sum() == len(pairs)
    for label in range(3):
        found = (scores.precision[label], scores.recall[label], scores.f1[label])
        np.testing.assert_allclose(found, by_hand(pairs, label))
    f1 = [by_hand(pairs, label)[2] for label in range(3)]
    assert scores.macro_f1 == pytest.approx(np.mean([value for value in f1 if not math.isnan(value)]))
    assert scores.accuracy == pytest.approx(np.mean(truth == said))
    alerts = [said > 0 for truth, said in pairs if truth > 0]
    assert scores.alert_recall == pytest.approx(np.mean(alerts) if alerts else 0)


def test_a_case_by_hand() -> None:
    # 4 masked, of whom 1 is called bare; 3 bare, of whom 1 is called incorrect; 2 incorrect, 1 called masked.
    truth = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2])
    said = np.array([0, 0, 0, 1, 1, 1, 2, 2, 0])
    scores = score_labels(truth, said)
    assert scores.confusion.tolist() == [[3, 1, 0], [0, 2, 1], [1, 0, 1]]
    assert scores.accuracy == 6 / 9
    assert scores.recall.tolist() == [3 / 4, 2 / 3, 1 / 2]
    assert scores.precision.tolist() == [3 / 4, 2 / 3, 1 / 2]
    assert scores.f1.tolist() == pytest.approx([3 / 4, 2 / 3, 1 / 2])
    assert scores.macro_f1 == pytest.approx(23 / 36)
    assert scores.alert_recall == 4 / 5


def test_labels_that_never_occur_do_not_count() -> None:
    scores = score_labels(np.array([0, 1]), np.array([0, 1]))
    assert np.isnan(scores.recall[2])
    assert np.isnan(scores.precision[2])
    assert scores.macro_f1 == 1


def test_intervals_cover_the_mean_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(40), 5)
    covered = 0
    for _ in range(60):
        # Items of a group share most of their value: an interval over single items would be far too small.
        values = np.repeat(rng.normal(3.0, 1.0, 40), 5) + rng.normal(0, 0.1, 200)

        def mean(index: NDArray[np.intp], values: NDArray[np.float64] = values) -> float:
            return float(values[index].mean())

        low, high = group_interval(groups, mean, rounds=200)
        covered += low <= 3.0 <= high
    assert 51 <= covered <= 60  # 95 % of 60 is 57; fewer than 51 has a chance of 0.1 %


def test_groups_are_drawn_whole() -> None:
    groups = np.array([9, 4, 9, 9, 4, 7])
    draws: list[list[int]] = []

    def keep(index: NDArray[np.intp]) -> float:
        draws.append(index.tolist())
        return 0.0

    assert group_interval(groups, keep, rounds=50) == (0.0, 0.0)
    sizes = {9: 3, 4: 2, 7: 1}
    for draw in draws:
        counts = {name: [draw.count(item) for item in np.flatnonzero(groups == name).tolist()] for name in sizes}
        assert all(len(set(times)) == 1 for times in counts.values())
        assert sum(times[0] for times in counts.values()) == 3
    assert len({tuple(draw) for draw in draws}) > 5


def test_intervals_repeat_by_seed_and_ignore_the_order_of_groups() -> None:
    values = np.random.default_rng(0).random(30)
    groups = np.arange(30) % 10

    def mean(index: NDArray[np.intp]) -> float:
        return float(values[index].mean())

    first = group_interval(groups, mean, seed=3)
    assert first == group_interval(groups, mean, seed=3) != group_interval(groups, mean, seed=4)
    assert first[0] < values.mean() < first[1]
    assert group_interval(groups * 10 + 5, mean, seed=3) == first


def test_rounds_without_a_value_are_left_out() -> None:
    groups = np.arange(3)

    def sometimes(index: NDArray[np.intp]) -> float:
        return math.nan if 0 not in index else 1.0

    assert group_interval(groups, sometimes, rounds=40) == (1.0, 1.0)
