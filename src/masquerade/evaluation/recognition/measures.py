"""Every measure of verification on groups of trials, with 95 % intervals by bootstrap over subjects."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.evaluation.measures import Measure
from masquerade.evaluation.recognition.folds import FoldAccuracy, WeightedFolds, fold_accuracy
from masquerade.evaluation.recognition.rates import ROUNDS, Rates, Subjects, interval
from masquerade.evaluation.recognition.trials import CELLS, Floats, Trials

FMRS = (1e-2, 1e-3, 1e-4)
"""False match rates that thresholds are named by."""
SURE = 3
"""Rule of three: N impostor trials speak of no false match rate below SURE / N."""


def lowest_fmr(impostors: int) -> float:
    """The lowest false match rate that so many impostor trials speak of; infinite for none."""
    return SURE / impostors if impostors else math.inf


def too_few(fmr: float, impostors: int) -> str:
    """Why there is no number at a false match rate; empty where there is."""
    if fmr >= lowest_fmr(impostors) * (1 - 1e-9):
        return ""
    wanted = math.ceil(SURE / fmr - 1e-6)
    return f"{impostors:,} impostor trials; a false match rate of {fmr:g} takes {wanted:,}"


@dataclass(frozen=True, slots=True)
class AtRate:
    """Genuine trials at a threshold that is named by its false match rate.

    Attributes:
        fmr: the rate; the false accept rate of TAR at FAR.
        limit: score above which two faces match; None where there is no number.
        tar: share of the genuine trials that match; None where there is no number. FNMR is 1 less this.
        reason: why there is none.
    """

    fmr: float
    limit: float | None
    tar: Measure | None
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Give the form of JSON."""
        fnmr = None if self.tar is None else Measure(1 - self.tar.value, 1 - self.tar.high, 1 - self.tar.low)
        return {
            "fmr": self.fmr,
            "threshold": self.limit,
            "tar": None if self.tar is None else self.tar.to_dict(),
            "fnmr": None if fnmr is None else fnmr.to_dict(),
            "reason": self.reason or None,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Verification:
    """Measures of one group of trials.

    Attributes:
        trials: how many.
        genuine, impostor: how many of each; failures are among them.
        failed_genuine, failed_impostor: trials of which a photo gave no template.
        accuracy: mean over folds; None where there were no folds to make.
        folds: the folds.
        eer: equal error rate, no end of its interval below 3 / N; None where it is below 3 / N itself.
        eer_below: 3 / N where ``eer`` is below it.
        rates: TAR and FNMR at false match rates.
        det: points (FMR, FNMR) of the DET curve, no FMR below 3 / N.
    """

    trials: int
    genuine: int
    impostor: int
    failed_genuine: int
    failed_impostor: int
    accuracy: Measure | None
    folds: FoldAccuracy | None
    eer: Measure | None
    eer_below: float | None
    rates: tuple[AtRate, ...]
    det: tuple[tuple[float, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the form of JSON."""
        return {
            "trials": self.trials,
            "genuine": self.genuine,
            "impostor": self.impostor,
            "failed_genuine": self.failed_genuine,
            "failed_impostor": self.failed_impostor,
            "accuracy": None
            if self.accuracy is None or self.folds is None
            else self.accuracy.to_dict() | self.folds.to_dict(),
            "eer": None if self.eer is None else self.eer.to_dict(),
            "eer_below": self.eer_below,
            "rates": [rate.to_dict() for rate in self.rates],
            "det": [list(point) for point in self.det],
        }


@dataclass(frozen=True, slots=True)
class Cell:
    """Errors of one sort of trial at the threshold that was set on bare pairs.

    Attributes:
        cell: ``bare-bare``, ``bare-masked``, ``masked-bare`` or ``masked-masked``.
        kind: the kind of mask; empty for all.
        set_at: the false match rate on bare pairs that names the threshold.
        limit: the score above which two faces match.
        genuine, impostor: trials; failures are among the genuine ones only.
        fnmr: false non-match rate; None without genuine trials.
        fmr: false match rate here, no end of its interval below 3 / N; None where it is below 3 / N itself, or there is
            no impostor trial.
        fmr_below: 3 / N where ``fmr`` is below it.
        right: report 2's formula, (TP + TN) / all; a failed trial is wrong.
    """

    cell: str
    kind: str
    set_at: float
    limit: float
    genuine: int
    impostor: int
    fnmr: Measure | None
    fmr: Measure | None
    fmr_below: float | None
    right: float

    def to_dict(self) -> dict[str, Any]:
        """Give the form of JSON."""
        return {
            "cell": self.cell,
            "kind": self.kind or None,
            "threshold_at_bare_fmr": self.set_at,
            "threshold": self.limit,
            "genuine": self.genuine,
            "impostor": self.impostor,
            "fnmr": None if self.fnmr is None else self.fnmr.to_dict(),
            "fmr": None if self.fmr is None else self.fmr.to_dict(),
            "fmr_below": self.fmr_below,
            "report_2_accuracy": None if math.isnan(self.right) else self.right,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What came of it.

    Attributes:
        groups: measures by the name of a group.
        cells: errors at one threshold, by cell and by kind of mask, for each false match rate.
        reasons: false match rates at which bare pairs set no threshold, and why.
    """

    groups: dict[str, Verification]
    cells: tuple[Cell, ...]
    reasons: dict[float, str]


@dataclass(slots=True)
class _Drawn:
    """Values by name, first of all trials as they are, then of each draw."""

    values: defaultdict[Any, list[Floats]] = field(default_factory=lambda: defaultdict(list))

    def add(self, key: Any, values: Floats) -> None:
        self.values[key].append(values)

    def measure(self, key: Any) -> Measure:
        every = np.concatenate(self.values[key])
        return Measure(float(every[0]), *(interval(every[1:]) if len(every) > 1 else ()))

    def point(self, key: Any) -> float:
        return float(self.values[key][0][0])


def measure_trials(groups: Mapping[str, Trials], everything: Trials, rounds: int = ROUNDS, seed: int = 0) -> Measured:
    """Measure groups of trials, and the four cells at one threshold set on the bare pairs.

    The accuracy of a group is taken over its trials with a fold, where it has some; every other measure over all.

    Args:
        groups: trials by the name of the group.
        everything: trials of the cells; those of two bare faces set the thresholds.
        rounds: draws of the bootstrap; 0 leaves intervals out.
        seed: of the draws, and of folds that are made.
    """
    subjects = Subjects(everything, *groups.values())
    rates = {name: Rates(trials, subjects) for name, trials in groups.items()}
    folds = {name: _folds(trials, seed) for name, trials in groups.items()}
    shares = {name: _Accuracy(trials, found, subjects) for name, (trials, found) in folds.items() if found is not None}
    cells = _cells(everything)
    cell_rates = {key: Rates(everything[rows], subjects) for key, rows in cells.items()}
    bare = cell_rates["bare-bare", ""]
    known = [fmr for fmr in FMRS if not too_few(fmr, len(bare.impostor))]
    drawn = _Drawn()
    widest = max([len(everything), *(len(trials) for trials in groups.values())], default=1)
    for counts in (subjects.as_they_are(), *subjects.draws(rounds, seed, widest)):
        for name, one in rates.items():
            drawn.add((name, "eer"), one.eer(counts))
            for fmr in FMRS:
                limits = one.limits(fmr, counts)
                drawn.add((name, "limit", fmr), limits)
                drawn.add((name, "tar", fmr), 1 - one.fnmr(limits, counts))
            if name in shares:
                drawn.add((name, "accuracy"), shares[name].mean(counts))
        for fmr in known:
            limits = bare.limits(fmr, counts)
            drawn.add(("limit", fmr), limits)
            for key, one in cell_rates.items():
                drawn.add((key, "fnmr", fmr), one.fnmr(limits, counts))
                drawn.add((key, "fmr", fmr), one.fmr(limits, counts))
    found = {name: _verification(name, trials, folds[name][1], rates[name], drawn) for name, trials in groups.items()}
    at = [_cell(everything[rows], key, fmr, drawn) for fmr in known for key, rows in cells.items()]
    reasons = {fmr: too_few(fmr, len(bare.impostor)) for fmr in FMRS if fmr not in known}
    return Measured(found, tuple(at), reasons)


def _folds(trials: Trials, seed: int) -> tuple[Trials, FoldAccuracy | None]:
    chosen = trials[trials.fold >= 0] if (trials.fold >= 0).any() else trials
    return chosen, fold_accuracy(chosen, seed)


class _Accuracy:
    """Accuracy by folds of draws of subjects."""

    def __init__(self, trials: Trials, folds: FoldAccuracy, subjects: Subjects) -> None:
        self._folds = WeightedFolds(trials, folds.folds)
        self._same = trials.same
        self._first, self._second = subjects.index(trials.subjects_a), subjects.index(trials.subjects_b)

    def mean(self, counts: Floats) -> Floats:
        return self._folds.mean(counts[:, self._first] * np.where(self._same, 1, counts[:, self._second]))


def _cells(trials: Trials) -> dict[tuple[str, str], NDArray[np.bool_]]:
    """The trials of each cell that has some, and of each kind of mask in it.

    A trial with a face of which nothing is known counts in each of the cells that it may be of.
    """
    found: dict[tuple[str, str], NDArray[np.bool_]] = {}
    for cell in CELLS:
        rows = trials.within(cell)
        there = bool((rows & trials.told).any())
        if cell == "bare-bare" or there:
            found[cell, ""] = rows
        if cell != "bare-bare" and there:
            found |= {(cell, str(kind)): rows & (trials.kind == kind) for kind in np.unique(trials.kind[rows])}
    return found


def _verification(name: str, trials: Trials, folds: FoldAccuracy | None, rates: Rates, drawn: _Drawn) -> Verification:
    at = []
    for fmr in FMRS:
        reason = too_few(fmr, trials.impostors) or ("" if trials.same.any() else "no genuine trial")
        if reason:
            at.append(AtRate(fmr, None, None, reason))
        else:
            at.append(AtRate(fmr, drawn.point((name, "limit", fmr)), drawn.measure((name, "tar", fmr))))
    accuracy = None
    if folds is not None:
        spread = drawn.measure((name, "accuracy"))
        accuracy = Measure(folds.mean, spread.low, spread.high)
    eer, eer_below = _told(drawn.measure((name, "eer")), trials.impostors)
    return Verification(
        trials=len(trials),
        genuine=int(trials.same.sum()),
        impostor=int((~trials.same).sum()),
        failed_genuine=int((trials.same & trials.failed).sum()),
        failed_impostor=int((~trials.same & trials.failed).sum()),
        accuracy=accuracy,
        folds=folds,
        eer=eer,
        eer_below=eer_below,
        rates=tuple(at),
        det=det_points(rates),
    )


def det_points(rates: Rates, steps: int = 20) -> tuple[tuple[float, float], ...]:
    """Points (FMR, FNMR) of the DET curve, ``steps`` a decade from FMR 3 / N to 1; none where either is unknown."""
    count = len(rates.impostor)
    if count < SURE or not len(rates.genuine):
        return ()
    once = np.ones((1, 1 + max(rates.highest_subject, 0)))
    decades = math.log10(count / SURE)
    grid = np.append(10.0 ** (-np.arange(int(decades * steps) + 1) / steps), SURE / count)
    points = {}
    for fmr in grid[::-1]:
        limits = rates.limits(float(fmr), once)
        matched = float(rates.fmr(limits, once)[0])
        points[max(matched, SURE / count)] = float(rates.fnmr(limits, once)[0])
    return tuple(sorted(points.items()))


def _cell(trials: Trials, key: tuple[str, str], fmr: float, drawn: _Drawn) -> Cell:
    limit = drawn.point(("limit", fmr))
    found, below = _told(drawn.measure((key, "fmr", fmr)), trials.impostors) if trials.impostors else (None, None)
    right = ((trials.scores > limit) == trials.same) & ~trials.failed
    return Cell(
        cell=key[0],
        kind=key[1],
        set_at=fmr,
        limit=limit,
        genuine=int(trials.same.sum()),
        impostor=trials.impostors,
        fnmr=drawn.measure((key, "fnmr", fmr)) if trials.same.any() else None,
        fmr=found,
        fmr_below=below,
        right=float(right.mean()) if len(right) else math.nan,
    )


def _told(found: Measure, impostors: int) -> tuple[Measure | None, float | None]:
    """A false match rate, no end of its interval below 3 / N; or 3 / N where the rate is below that itself."""
    below = lowest_fmr(impostors)
    if found.value < below * (1 - 1e-9):
        return None, below
    return Measure(found.value, max(found.low, below), max(found.high, below)), None
