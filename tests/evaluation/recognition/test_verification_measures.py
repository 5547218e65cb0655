"""Measures of groups and cells: thresholds set on bare pairs, nothing told below 3 / N, failures counted."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from masquerade.evaluation.recognition.measures import Cell, Measured, measure_trials, too_few
from masquerade.evaluation.recognition.trials import Trials
from masquerade.evaluation.recognition.verdicts import verdicts_on
from masquerade.evaluation.recognition.words import verification_rows
from masquerade.identity import calibrate
from tests.evaluation.recognition.made import made_trials, with_failures

TABLE = [
    # false match rate, impostor trials, what they say
    (1e-2, 300, ""),
    (1e-2, 299, "299 impostor trials; a false match rate of 0.01 takes 300"),
    (1e-3, 3000, ""),
    (1e-4, 29_999, "29,999 impostor trials; a false match rate of 0.0001 takes 30,000"),
    (1e-2, 0, "0 impostor trials; a false match rate of 0.01 takes 300"),
]


@pytest.mark.parametrize(("fmr", "impostors", "said"), TABLE)
def test_the_rule_of_three(fmr: float, impostors: int, said: str) -> None:
    assert too_few(fmr, impostors) == said


def mixed(seed: int = 0) -> Trials:
    """Bare pairs, and pairs with masks of two kinds that score lower."""
    bare = made_trials(100, 400, seed)
    masked = made_trials(100, 400, seed + 1)
    masked = replace(
        masked,
        scores=masked.scores - 0.15,
        masked_b=np.ones(500, np.bool_),
        kind=np.where(np.arange(500) % 3 == 0, "cloth", "surgical"),
    )
    return Trials.joined([bare, masked])


def cell_of(found: Measured, cell: str, kind: str = "") -> Cell:
    (one,) = [one for one in found.cells if (one.cell, one.kind, one.set_at) == (cell, kind, 1e-2)]
    return one


def test_cells_at_one_threshold_set_on_bare_pairs() -> None:
    trials = mixed()
    found = measure_trials({"all": trials}, trials, rounds=50)
    bare = trials[~trials.masked_b]
    impostors = np.sort(bare.scores[~bare.same])[::-1]
    limit = impostors[4]  # four of 400 may match: 1 %
    assert {cell.limit for cell in found.cells} == {limit}
    assert {cell.cell for cell in found.cells} == {"bare-bare", "bare-masked"}
    for cell, rows in (
        (cell_of(found, "bare-bare"), ~trials.masked_b),
        (cell_of(found, "bare-masked"), trials.masked_b),
        (cell_of(found, "bare-masked", "cloth"), trials.kind == "cloth"),
    ):
        here = trials[rows]
        assert cell.genuine == here.same.sum()
        assert cell.fnmr is not None
        assert cell.fnmr.value == pytest.approx((here.scores[here.same] <= limit).mean())
        assert cell.fnmr.low <= cell.fnmr.value <= cell.fnmr.high
        assert cell.right == pytest.approx(((here.scores > limit) == here.same).mean())
    assert set(found.reasons) == {1e-3, 1e-4}


def test_no_false_match_rate_below_3_of_n_is_told() -> None:
    found = measure_trials({}, mixed(), rounds=0)
    cell = cell_of(found, "bare-masked")  # masked impostors score lower: fewer than three of 400 match
    assert cell.fmr is None
    assert cell.fmr_below == pytest.approx(3 / 400)
    group = measure_trials({"all": mixed()}, mixed(), rounds=0).groups["all"]
    assert min(fmr for fmr, _ in group.det) >= 3 / 800
    assert [rate.tar is None for rate in group.rates] == [False, True, True]
    assert "takes 3,000" in group.rates[1].reason


def test_no_end_of_an_interval_of_a_false_match_rate_is_below_3_of_n() -> None:
    cells = measure_trials({}, mixed(), rounds=100).cells
    told = [cell for cell in cells if cell.fmr is not None]
    assert told
    for cell in told:
        assert cell.fmr is not None and cell.fmr.high >= cell.fmr.low >= 3 / cell.impostor * (1 - 1e-9)


def test_no_equal_error_rate_below_3_of_n_is_told() -> None:
    same = np.repeat([True, False], [50, 400])
    apart = Trials.of(np.where(same, 0.9, 0.1) + np.arange(450) / 1e4, same)
    found = measure_trials({"all": apart}, apart, rounds=20).groups["all"]
    assert found.eer is None
    assert found.eer_below == pytest.approx(3 / 400)
    assert ("equal error rate", "< 0.75 %", "3 / 400") in verification_rows(found)
    trials = made_trials(100, 400)
    told = measure_trials({"all": trials}, trials, rounds=20).groups["all"]
    assert told.eer is not None and told.eer_below is None
    assert told.eer.low >= 3 / 400
    assert told.to_dict()["eer"]["value"] == told.eer.value


def test_failed_impostors_are_no_trials_of_a_cell() -> None:
    trials = with_failures(made_trials(60, 600))
    cell = next(cell for cell in measure_trials({}, trials, rounds=0).cells if cell.cell == "bare-bare")
    assert (cell.genuine, cell.impostor) == (60, int((~trials.same & ~trials.failed).sum()))
    assert cell.fmr is not None
    assert cell.fmr.value * cell.impostor == pytest.approx(round(cell.fmr.value * cell.impostor))


def test_the_det_curve_falls_and_lies_on_the_rates() -> None:
    trials = made_trials(200, 3000)
    det = measure_trials({"all": trials}, trials, rounds=0).groups["all"].det
    rates, missed = np.array(det).T
    assert (np.diff(rates) > 0).all()
    assert (np.diff(missed) <= 0).all()
    for fmr, fnmr in det[::10]:
        limit = np.sort(trials.scores[~trials.same])[::-1]
        place = min(round(fmr * 3000), 2999)
        assert fnmr == pytest.approx((trials.scores[trials.same] <= limit[place]).mean(), abs=0.02)


def test_failures_cost_tar_and_not_the_threshold() -> None:
    trials = made_trials(700, 700)
    failed = with_failures(trials)
    whole, part = (
        measure_trials({"all": one}, one, rounds=0).groups["all"] for one in (failed, failed[~failed.failed])
    )
    assert (whole.failed_genuine, whole.failed_impostor) == (100, 100)
    assert whole.rates[0].limit == part.rates[0].limit
    assert whole.rates[0].tar is not None
    assert part.rates[0].tar is not None
    assert whole.rates[0].tar.value == pytest.approx(part.rates[0].tar.value * 600 / 700)


def test_the_same_seed_gives_the_same_intervals_and_json() -> None:
    trials = mixed()
    once, again = (measure_trials({"all": trials}, trials, rounds=30) for _ in range(2))
    text = json.dumps([once.groups["all"].to_dict(), [cell.to_dict() for cell in once.cells]], allow_nan=False)
    assert text == json.dumps([again.groups["all"].to_dict(), [cell.to_dict() for cell in again.cells]])


def test_no_trials_give_no_numbers() -> None:
    none = made_trials()[:0]
    found = measure_trials({"none": none}, none, rounds=5)
    assert found.cells == ()
    assert found.groups["none"].accuracy is None
    assert found.groups["none"].det == ()


@pytest.mark.parametrize("changes", [{"scores": np.full(2, np.nan)}, {"failed": np.array([True, False])}])
def test_trials_that_contradict_themselves(changes: dict[str, np.ndarray]) -> None:
    with pytest.raises(ValueError, match="scores"):
        replace(Trials.of([0.1, 0.2], [True, False]), **changes)
    with pytest.raises(ValueError, match="same"):
        Trials.of([0.1], [True], subjects_a=["a"], subjects_b=["b"])


def test_verdicts_at_the_thresholds_of_a_calibration() -> None:
    rng = np.random.default_rng(0)
    calibration = calibrate(rng.normal(0.1, 0.1, 3000), rng.normal(0.2, 0.1, 3000), set="made", model="m")
    trials = with_failures(made_trials(300, 3000))
    masked = np.arange(len(trials)) % 2 == 0
    found = verdicts_on("all", trials, masked, calibration)
    assert [one.asked for one in found] == [1e-2, 1e-3]
    for one in found:
        threshold = np.where(masked, calibration.threshold(one.asked, True), calibration.threshold(one.asked, False))
        wrong = misses = false = 0
        for row in range(len(trials)):
            match = trials.scores[row] >= threshold[row]
            misses += bool(trials.same[row] and not match)
            false += bool(match and not trials.same[row])
            wrong += bool(match != trials.same[row] or trials.failed[row])
        assert one.right == pytest.approx(1 - wrong / len(trials))
        assert one.fnmr == pytest.approx(misses / 300)
        assert one.fmr is None or one.fmr == pytest.approx(false / trials.impostors)
