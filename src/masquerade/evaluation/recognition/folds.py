"""Accuracy by cross-validation over folds, as LFW's View 2 prescribes it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.evaluation.recognition.trials import Floats, Trials

MADE = 10
"""Folds that are made where a protocol has none."""


@dataclass(frozen=True, slots=True, eq=False)
class FoldAccuracy:
    """Accuracy of each fold at the threshold that is best on the others.

    Attributes:
        accuracies: (k,) share of right verdicts of each fold.
        thresholds: (k,) score from which on two faces are called one person.
        folds: (n,) int, the fold of each trial, -1 for none.
        made: whether the folds were made by chance, as the protocol has none.
    """

    accuracies: Floats
    thresholds: Floats
    folds: NDArray[np.int64]
    made: bool

    @property
    def mean(self) -> float:
        """Mean accuracy over folds."""
        return float(self.accuracies.mean())

    @property
    def standard_error(self) -> float:
        """Standard error of the mean: the folds' standard deviation (k - 1 below) over the root of k; nan for one."""
        count = len(self.accuracies)
        return float(self.accuracies.std(ddof=1) / math.sqrt(count)) if count > 1 else math.nan

    def to_dict(self) -> dict[str, Any]:
        """Give the form of JSON."""
        return {
            "mean": self.mean,
            "standard_error": None if math.isnan(self.standard_error) else self.standard_error,
            "folds": self.accuracies.tolist(),
            "thresholds": self.thresholds.tolist(),
            "folds_made": self.made,
        }


def fold_accuracy(trials: Trials, seed: int = 0) -> FoldAccuracy | None:
    """Measure accuracy by folds (Huang and others, UMass TR 07-49, 2007, section 4).

    A threshold lies in the middle between two neighbouring scores of the other folds; of several that are equally
    good the one in the middle is taken. Trials that failed are wrong in every fold, and choose no threshold.

    Args:
        trials: with the protocol's folds; where none has one, ten are made, alike in genuine and impostor trials.
        seed: of the folds that are made.

    Returns:
        None where there are fewer than two folds, or the trials of the others lack genuine or impostor ones.
    """
    made = not (trials.fold >= 0).any()
    folds = _made(trials, seed) if made else trials.fold
    names = np.unique(folds[folds >= 0])
    if len(names) < 2:
        return None
    accuracies, thresholds = [], []
    for name in names:
        here, others = folds == name, (folds != name) & (folds >= 0) & ~trials.failed
        same = trials.same[others]
        if same.all() or not same.any():
            return None
        threshold = best_threshold(trials.scores[others], same)
        right = ((trials.scores[here] >= threshold) == trials.same[here]) & ~trials.failed[here]
        accuracies.append(float(right.mean()))
        thresholds.append(threshold)
    return FoldAccuracy(np.array(accuracies), np.array(thresholds), folds, made)


def best_threshold(scores: Floats, same: NDArray[np.bool_]) -> float:
    """The threshold with the most right verdicts, a match being a score that is not below it.

    Args:
        scores: (n,) finite.
        same: (n,) bool.
    """
    return float(_Ranked(scores, same).best(np.ones((1, len(scores))))[0])


class _Ranked:
    """Trials by score, and the thresholds between them."""

    def __init__(self, scores: Floats, same: NDArray[np.bool_]) -> None:
        self._order = np.argsort(scores, kind="stable")
        ranked = scores[self._order]
        self._sign = np.where(same[self._order], -1.0, 1.0)
        self._places = np.flatnonzero(np.concatenate([[True], ranked[1:] > ranked[:-1], [True]]))
        ends = ranked[[0]], (ranked[:-1] + ranked[1:]) / 2, np.nextafter(ranked[[-1]], np.inf)
        self._thresholds = np.concatenate(ends)[self._places]

    def best(self, weights: Floats) -> Floats:
        """The best threshold for each of (B, n) weights, (B,)."""
        # Below a place nothing matches: from one to the next impostors get right, genuine trials wrong.
        gained = np.cumsum(weights[:, self._order] * self._sign, axis=1)
        right = np.concatenate([np.zeros((len(weights), 1)), gained], axis=1)[:, self._places]
        best = right == right.max(axis=1, keepdims=True)
        row, place = np.nonzero(best)
        first = np.searchsorted(row, np.arange(len(weights) + 1))
        return np.asarray(self._thresholds[place[(first[:-1] + first[1:] - 1) // 2]], np.float64)


class WeightedFolds:
    """Accuracy by folds of weighted trials: each weighting chooses its own thresholds."""

    def __init__(self, trials: Trials, folds: NDArray[np.int64]) -> None:
        """Take trials, and the fold of each, -1 for none."""
        self._trials = trials
        self._parts = []
        for name in np.unique(folds[folds >= 0]):
            others = np.flatnonzero((folds != name) & (folds >= 0) & ~trials.failed)
            ranked = _Ranked(trials.scores[others], trials.same[others])
            self._parts.append((np.flatnonzero(folds == name), others, ranked))

    def mean(self, weights: Floats) -> Floats:
        """Mean over the folds of which something is left, for each of (B, n) weights of whole numbers: (B,)."""
        trials, shares = self._trials, []
        for here, others, ranked in self._parts:
            match = trials.scores[here] >= ranked.best(weights[:, others])[:, None]
            right = (match == trials.same[here]) & ~trials.failed[here]
            whole = weights[:, here].sum(axis=1)
            found = (weights[:, here] * right).sum(axis=1)
            shares.append(np.divide(found, whole, out=np.full(len(whole), np.nan), where=whole > 0))
        every = np.array(shares)
        known = ~np.isnan(every)
        count = known.sum(axis=0)
        summed = np.where(known, every, 0).sum(axis=0)
        return np.asarray(np.divide(summed, count, out=np.full(len(count), np.nan), where=count > 0), np.float64)


def _made(trials: Trials, seed: int) -> NDArray[np.int64]:
    """Folds by chance, with equal shares of genuine and of impostor trials."""
    rng = np.random.default_rng(seed)
    folds = np.empty(len(trials), np.int64)
    for rows in (np.flatnonzero(trials.same), np.flatnonzero(~trials.same)):
        folds[rng.permutation(rows)] = np.arange(len(rows)) % MADE
    return folds
