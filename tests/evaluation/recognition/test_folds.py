"""Accuracy by folds against every threshold tried."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from masquerade.evaluation.recognition.folds import WeightedFolds, best_threshold, fold_accuracy
from masquerade.evaluation.recognition.trials import Trials
from tests.evaluation.recognition.made import made_trials, with_failures


def right(scores: np.ndarray, same: np.ndarray, threshold: float) -> int:
    return int(((scores >= threshold) == same).sum())


@pytest.mark.parametrize("seed", range(20))
def test_no_threshold_is_better(seed: int) -> None:
    trials = made_trials(9, 11, seed)
    found = right(trials.scores, trials.same, best_threshold(trials.scores, trials.same))
    tried = [*trials.scores, *(trials.scores + 1e-6), -9, 9]
    assert found == max(right(trials.scores, trials.same, threshold) for threshold in tried)


ENDS = [
    # scores, truth, the best threshold
    ([0.1, 0.2, 0.8, 0.9], [False, False, True, True], 0.5),
    ([0.3, 0.4], [True, True], 0.3),
    ([0.1, 0.5, 0.5, 0.9], [False, True, True, True], 0.3),
]


@pytest.mark.parametrize(("scores", "same", "expected"), ENDS)
def test_the_threshold_lies_in_the_middle(scores: list[float], same: list[bool], expected: float) -> None:
    assert best_threshold(np.array(scores), np.array(same)) == pytest.approx(expected)


def test_all_impostors_are_kept_out() -> None:
    assert best_threshold(np.array([0.3, 0.4]), np.array([False, False])) > 0.4


def test_each_fold_by_the_others() -> None:
    trials = made_trials(50, 50, 4)
    trials = replace(trials, fold=np.arange(100) % 5)
    found = fold_accuracy(trials)
    assert found is not None
    assert not found.made
    shares = []
    for fold in range(5):
        here = trials.fold == fold
        threshold = best_threshold(trials.scores[~here], trials.same[~here])
        shares.append(right(trials.scores[here], trials.same[here], threshold) / here.sum())
    assert found.accuracies.tolist() == pytest.approx(shares)
    assert found.mean == pytest.approx(np.mean(shares))
    # the standard error of LFW's report: the root of sum (p - mean)^2 / (k - 1), over the root of k
    assert found.standard_error == pytest.approx(np.sqrt(np.sum((shares - np.mean(shares)) ** 2) / 4) / np.sqrt(5))


def test_failures_are_wrong_and_choose_nothing() -> None:
    trials = replace(made_trials(50, 50, 4), fold=np.arange(100) % 5)
    failed = with_failures(trials)
    found, clean = fold_accuracy(failed), fold_accuracy(failed[~failed.failed])
    assert found is not None
    assert clean is not None
    assert found.thresholds.tolist() == clean.thresholds.tolist()
    counts = [np.bincount(one.folds) for one in (found, clean)]
    assert (found.accuracies * counts[0]).tolist() == pytest.approx((clean.accuracies * counts[1]).tolist())


def test_each_draw_chooses_its_thresholds_anew() -> None:
    trials = with_failures(replace(made_trials(40, 60, 7), fold=np.arange(100) % 4))
    weights = np.random.default_rng(0).integers(0, 4, (6, 100)).astype(np.float64)
    weights[0] = 1
    weights[5, trials.fold == 2] = 0  # nothing is left of a fold
    found = WeightedFolds(trials, trials.fold).mean(weights)
    plain = fold_accuracy(trials)
    assert plain is not None
    assert found[0] == pytest.approx(plain.mean)
    edges = np.unique(trials.scores[~trials.failed])
    for row, weight in enumerate(weights):
        shares = []
        for fold in range(4):
            here, others = trials.fold == fold, (trials.fold != fold) & ~trials.failed
            if not weight[here].sum():
                continue
            scores = np.unique(trials.scores[others])
            tried = [scores[0], *(scores[:-1] + scores[1:]) / 2, scores[-1] + 1e-9]
            sums = [float(weight[others] @ ((trials.scores[others] >= one) == trials.same[others])) for one in tried]
            best = [one for one, total in zip(tried, sums, strict=True) if total == max(sums)]
            right = ((trials.scores >= best[(len(best) - 1) // 2]) == trials.same) & ~trials.failed
            shares.append(float(weight[here] @ right[here]) / weight[here].sum())
        assert found[row] == pytest.approx(np.mean(shares))
    assert len(edges) < (~trials.failed).sum()  # scores that are alike are among them


def test_folds_that_are_made_are_alike() -> None:
    found = fold_accuracy(made_trials(60, 300))
    assert found is not None
    assert found.made
    assert len(found.accuracies) == 10


def test_no_folds_no_number() -> None:
    assert fold_accuracy(Trials.of([0.1, 0.9], [False, True], fold=[0, 1])) is None
    assert fold_accuracy(Trials.of([0.1, 0.9], [False, True], fold=[0, 0])) is None
