"""Figures of ``benchmarks.door``: shares and times of what the watch made of visitors, with 95 % intervals.

Intervals are by bootstrap over near-duplicate groups of visitors. Where a share is 0 or 1 the bootstrap has none to
give: its open end is then that of the rule of three, 3 / groups.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.door_watch import UNSEEN, Seen
from masquerade.evaluation.wearing import group_interval
from masquerade.wearing.types import LABELS, UNDECIDED

WRONG = ("without_mask", "incorrect")
ROUNDS = 500
"""Of the bootstrap."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with its interval; nan where there is nothing to measure it on."""

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        """Give it as a cell of a table."""
        return "-" if not self.count else f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def to_dict(self) -> dict[str, float | int | None]:
        """Give the form of JSON."""
        values = {"value": self.value, "low": self.low, "high": self.high}
        return {name: None if math.isnan(value) else round(value, 4) for name, value in values.items()} | {
            "count": self.count
        }


def share(rows: Sequence[Seen], holds: Callable[[Seen], bool]) -> Figure:
    """Share of the rows of which something holds."""
    if not rows:
        return Figure(math.nan, math.nan, math.nan, 0)
    hits, groups = np.array([holds(row) for row in rows], float), groups_of(rows)
    value = float(hits.mean())
    low, high = group_interval(groups, lambda some: float(hits[some].mean()), ROUNDS)
    open_end = min(1.0, 3 / len(np.unique(groups)))
    return Figure(value, 1 - open_end if value == 1 else low, open_end if value == 0 else high, len(rows))


def percentile(rows: Sequence[Seen], part: float, of: Callable[[Seen], float]) -> Figure:
    """A percentile of what is a number in rows; those in which it is nan are left out."""
    known = [row for row in rows if not math.isnan(of(row))]
    if not known:
        return Figure(math.nan, math.nan, math.nan, 0)
    values, groups = np.array([of(row) for row in known]), groups_of(known)
    low, high = group_interval(groups, lambda some: float(np.percentile(values[some], part)), ROUNDS)
    return Figure(float(np.percentile(values, part)), low, high, len(known))


def poisson_interval(count: int) -> tuple[float, float]:
    """The means of which so many events are not surprising: exact 95 % interval (Garwood 1936)."""

    def at_most(events: int, mean: float) -> float:
        return sum(math.exp(n * math.log(mean) - mean - math.lgamma(n + 1)) for n in range(events + 1))

    def mean_where(events: int, chance: float) -> float:
        low, high = 1e-9, 10.0 * events + 20
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if at_most(events, middle) > chance else (low, middle)
        return low

    return mean_where(count - 1, 0.975) if count else 0.0, mean_where(count, 0.025)


def groups_of(rows: Sequence[Seen]) -> np.ndarray[tuple[int], np.dtype[np.int_]]:
    """The near-duplicate group of each row's visitor."""
    return np.array([row.visitor.group for row in rows], np.int_)


def figures_of(rows: Sequence[Seen]) -> dict[str, Figure]:
    """All figures of visitors who walk up and stand."""
    needed = [row for row in rows if row.label in WRONG]
    needless = [row for row in rows if row.label == "with_mask"]
    return {
        "right": share(rows, lambda row: row.right),
        "wrong": share(rows, lambda row: row.last not in {row.label, UNDECIDED, UNSEEN}),
        "undecided": share(rows, lambda row: row.last in {UNDECIDED, UNSEEN}),
        "first right": share(rows, lambda row: row.first == row.label),
        "first wrong": share(rows, lambda row: row.first not in {row.label, UNDECIDED}),
        "time p50": percentile(rows, 50, lambda row: row.after),
        "time p95": percentile(rows, 95, lambda row: row.after),
        "alerts made": share(needed, lambda row: sum(row.alerts) > 0),
        "false alerts": share(needless, lambda row: sum(row.alerts) > 0),
        "two alerts": share(rows, lambda row: sum(row.alerts) > 1),
        "counted once": share(rows, lambda row: row.times == 1),
        "counted never": share(rows, lambda row: row.times == 0),
    }


def figures_of_change(rows: Sequence[Seen]) -> dict[str, Figure]:
    """All figures of visitors whose mask comes off."""
    return {
        "masked before": share(rows, lambda row: row.first == "with_mask"),
        "noticed": share(rows, lambda row: not math.isnan(row.delay)),
        "right": share(rows, lambda row: row.right),
        "delay p50": percentile(rows, 50, lambda row: row.delay),
        "delay p95": percentile(rows, 95, lambda row: row.delay),
        "one alert": share(rows, lambda row: row.alerts[1] == 1),
        "alert before": share(rows, lambda row: row.alerts[0] > 0),
        "counted once": share(rows, lambda row: row.times == 1),
    }


def groups_by(rows: Sequence[Seen]) -> dict[str, list[Seen]]:
    """Rows by what the data tell of visitors: the true label, turn of the head, light on the face, size, kind of mask.

    The last four are of all labels together; light and size are halves.
    """
    known = [row.visitor for row in rows]
    light = float(np.median([visitor.brightness for visitor in known])) if known else 0.0
    tall = float(np.median([visitor.height for visitor in known])) if known else 0.0
    tests: dict[str, Callable[[Seen], bool]] = {
        **{label: lambda row, label=label: row.label == label for label in LABELS},  # type: ignore[misc]
        "turned by < 15 degrees": lambda row: abs(row.visitor.yaw) < 15,
        "turned by 15 to 30": lambda row: 15 <= abs(row.visitor.yaw) < 30,
        "turned by > 30": lambda row: abs(row.visitor.yaw) >= 30,
        "not found in the photo": lambda row: math.isnan(row.visitor.yaw),
        f"face darker than {light:.0f}": lambda row: row.visitor.brightness < light,
        f"face lighter than {light:.0f}": lambda row: row.visitor.brightness >= light,
        f"less than {tall:.0f} px in the photo": lambda row: row.visitor.height < tall,
        f"more than {tall:.0f} px in the photo": lambda row: row.visitor.height >= tall,
        **{
            f"mask: {kind}": lambda row, kind=kind: row.kind == kind  # type: ignore[misc]
            for kind in sorted({row.kind for row in rows if row.kind})
        },
    }
    return {name: [row for row in rows if holds(row)] for name, holds in tests.items()}
