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
        hits: (n,) bool, for each trial whether its verdict was right; failures are wrong, genuine or not.
        made: whether the folds were made by chance, as the protocol has none.
    """

    accuracies: Floats
    thresholds: Floats
    hits: NDArray[np.bool_]
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
    hits = np.zeros(len(trials), np.bool_)
    accuracies, thresholds = [], []
    for name in names:
        here, others = folds == name, (folds != name) & (folds >= 0) & ~trials.failed
        same = trials.same[others]
        if same.all() or not same.any():
            return None
        threshold = best_threshold(trials.scores[others], same)
        hits[here] = ((trials.scores[here] >= threshold) == trials.same[here]) & ~trials.failed[here]
        accuracies.append(float(hits[here].mean()))
        thresholds.append(threshold)
    return FoldAccuracy(np.array(accuracies), np.array(thresholds), hits, made)


def best_threshold(scores: Floats, same: NDArray[np.bool_]) -> float:
    """The threshold with the most right verdicts, a match being a score that is not below it.

    Args:
        scores: (n,) finite.
        same: (n,) bool.
    """
    order = np.argsort(scores, kind="stable")
    ranked, truth = scores[order], same[order]
    # Below place k nothing matches: right are the impostors below it and the genuine trials from it on.
    right = np.concatenate([[0], np.cumsum(~truth)]) + (truth.sum() - np.concatenate([[0], np.cumsum(truth)]))
    places = np.flatnonzero(np.concatenate([[True], ranked[1:] > ranked[:-1], [True]]))
    best = places[right[places] == right[places].max()]
    place = int(best[(len(best) - 1) // 2])
    if place == 0:
        return float(ranked[0])
    if place == len(ranked):
        return float(np.nextafter(ranked[-1], np.inf))
    return float((ranked[place - 1] + ranked[place]) / 2)


def _made(trials: Trials, seed: int) -> NDArray[np.int64]:
    """Folds by chance, with equal shares of genuine and of impostor trials."""
    rng = np.random.default_rng(seed)
    folds = np.empty(len(trials), np.int64)
    for rows in (np.flatnonzero(trials.same), np.flatnonzero(~trials.same)):
        folds[rng.permutation(rows)] = np.arange(len(rows)) % MADE
    return folds
