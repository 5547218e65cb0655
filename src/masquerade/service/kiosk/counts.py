"""Counts of the day over all cameras of a service; they begin anew at local midnight and are in memory alone."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from masquerade.live import Frame
    from masquerade.live.watching import Counts, Snapshot

NAMES = ("entered", "with_mask", "without_mask", "incorrect", "undecided", "alerts")


def today() -> date:
    """Give the local date."""
    return datetime.now().astimezone().date()


class DayCounts:
    """Adds up what several observers count; safe to use from several threads."""

    def __init__(self, day: Callable[[], date] = today) -> None:
        """Take what tells the date."""
        self._today = day
        self._lock = threading.Lock()
        self._day = day()
        self._totals: Counter[str] = Counter()

    def follow(self) -> Following:
        """Begin to add what one more observer counts."""
        return Following(self)

    def add(self, more: dict[str, int]) -> None:
        """Add to the counts of today; less than nothing where somebody is counted otherwise than before."""
        with self._lock:
            self._turn_over()
            for name, count in more.items():
                self._totals[name] = max(0, self._totals[name] + count)

    def to_dict(self) -> dict[str, str | int]:
        """Give the counts of today by name, and the date as ``day``."""
        with self._lock:
            self._turn_over()
            return {"day": self._day.isoformat(), **{name: self._totals[name] for name in NAMES}}

    def _turn_over(self) -> None:
        if self._today() != self._day:
            self._day = self._today()
            self._totals.clear()


class Following:
    """What one observer has counted so far. As a sink of a watch it takes the counts of each snapshot."""

    def __init__(self, day: DayCounts) -> None:
        """Take where to add."""
        self._day = day
        self._before = dict.fromkeys(NAMES, 0)

    def update(self, counts: Counts) -> None:
        """Add what is new since the last time."""
        now = {name: int(getattr(counts, name)) for name in NAMES}
        more = {name: now[name] - self._before[name] for name in NAMES if now[name] != self._before[name]}
        self._before = now
        if more:
            self._day.add(more)

    def take(self, _frame: Frame | None, snapshot: Snapshot) -> None:
        """Take the counts of a snapshot."""
        self.update(snapshot.counts)

    def close(self) -> None:
        """Do nothing: what was counted stays."""
