"""Measures of the wearing classifier, with intervals by bootstrap over groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masquerade.wearing.types import LABELS

Ints = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class LabelScores:
    """Scores of predicted labels.

    Attributes:
        confusion: (3, 3) counts, true label by row, predicted by column.
    """

    confusion: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Share of faces with the right label."""
        return float(np.trace(self.confusion) / max(1, self.confusion.sum()))

    @property
    def recall(self) -> NDArray[np.float64]:
        """Recall of each label; nan where it has no face."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=1))

    @property
    def precision(self) -> NDArray[np.float64]:
        """Precision of each label; nan where it was never predicted."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=0))

    @property
    def f1(self) -> NDArray[np.float64]:
        """F1 of each label: 2 TP / (2 TP + FP + FN)."""
        return _ratio(2 * np.diag(self.confusion), self.confusion.sum(axis=0) + self.confusion.sum(axis=1))

    @property
    def macro_f1(self) -> float:
        """Mean F1 over the labels that occur."""
        return float(np.nanmean(self.f1))

    @property
    def alert_recall(self) -> float:
        """Share of bare or wrongly masked faces that are called one of the two."""
        alerts = self.confusion[1:]
        return float(alerts[:, 1:].sum() / max(1, alerts.sum()))


def _ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0), np.float64)


def score_labels(truth: Ints, predicted: Ints) -> LabelScores:
    """Count true against predicted labels, both (n,) indices into ``LABELS``."""
    count = len(LABELS)
    flat = np.bincount(np.asarray(truth) * count + np.asarray(predicted), minlength=count * count)
    return LabelScores(flat.reshape(count, count))


def group_interval(
    groups: Ints, measure: Callable[[NDArray[np.intp]], float], rounds: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of a measure by drawing whole groups with replacement (percentile bootstrap, Efron 1979).

    Args:
        groups: (n,) the group of each item; items of a group are drawn together.
        measure: takes indices of items, with repeats, and gives a number.
        rounds: how many draws.
        seed: of the draws.

    Returns:
        The 2.5th and 97.5th percentile.
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(groups, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    values = []
    for _ in range(rounds):
        drawn = rng.integers(0, len(members), len(members))
        values.append(measure(np.concatenate([members[index] for index in drawn])))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)
