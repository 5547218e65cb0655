"""What ``verify`` would have said: errors at the thresholds of the model's calibration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import CalibrationTooSmall
from masquerade.evaluation.recognition.measures import FMRS, lowest_fmr
from masquerade.evaluation.recognition.trials import Trials
from masquerade.identity import Calibration


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Errors at the thresholds of one false match rate.

    Attributes:
        group: name of the group of trials.
        asked: the false match rate that was asked for.
        bare, masked: thresholds of the two sorts of pair; None where there is no such pair.
        fnmr: false non-match rate, failures included; None without genuine trials.
        fmr: false match rate; None where it is below 3 / N, or there is no impostor trial.
        fmr_below: 3 / N where ``fmr`` is below it.
        right: report 2's formula, (TP + TN) / all; a failed trial is wrong.
    """

    group: str
    asked: float
    bare: float | None
    masked: float | None
    fnmr: float | None
    fmr: float | None
    fmr_below: float | None
    right: float

    def to_dict(self) -> dict[str, Any]:
        """Give the form of JSON."""
        return {
            "group": self.group,
            "fmr_asked": self.asked,
            "threshold_bare": self.bare,
            "threshold_masked": self.masked,
            "fnmr": self.fnmr,
            "fmr": self.fmr,
            "fmr_below": self.fmr_below,
            "report_2_accuracy": self.right,
        }


def verdicts_on(
    group: str, trials: Trials, as_masked: NDArray[np.bool_], calibration: Calibration
) -> tuple[Verdicts, ...]:
    """Count the errors that the product would make; rates that the calibration cannot speak of are left out.

    Args:
        group: name of the trials.
        trials: n of them, one or more.
        as_masked: (n,) which of them the product compares as masked.
        calibration: names the thresholds.
    """
    found = []
    for asked in FMRS:
        try:
            bare = None if as_masked.all() else calibration.threshold(asked, masked=False)
            masked = calibration.threshold(asked, masked=True) if as_masked.any() else None
        except CalibrationTooSmall:
            continue
        thresholds = [math.inf if one is None else one for one in (bare, masked)]
        match = trials.scores >= np.where(as_masked, thresholds[1], thresholds[0])
        impostor = ~trials.same & ~trials.failed
        count, lowest = int((match & impostor).sum()), lowest_fmr(trials.impostors)
        fmr = count / trials.impostors if trials.impostors else math.nan
        told = trials.impostors > 0 and fmr >= lowest * (1 - 1e-9)
        found.append(
            Verdicts(
                group=group,
                asked=asked,
                bare=bare,
                masked=masked,
                fnmr=float((~match)[trials.same].mean()) if trials.same.any() else None,
                fmr=fmr if told else None,
                fmr_below=lowest if trials.impostors and not told else None,
                right=float(((match == trials.same) & ~trials.failed).mean()),
            )
        )
    return tuple(found)
