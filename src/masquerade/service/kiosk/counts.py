"""Counts of the day over all cameras of a service: numbers, in memory alone, of today and the days beside it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

from masquerade.wearing.types import UNDECIDED

if TYPE_CHECKING:
    from masquerade.live import Event, Frame
    from masquerade.live.watching import Snapshot

NAMES = ("entered", "with_mask", "without_mask", "incorrect", "undecided", "alerts")


def today(clock: Callable[[], float] = time.time) -> date:
    """Give the local date; ``clock`` gives seconds since 1970."""
    return datetime.fromtimestamp(clock()).astimezone().date()


class DayCounts:
    """Adds up what several observers see; safe to use from several threads.

    Somebody is counted on the day on which they entered, whatever changes afterwards. The days beside today are kept,
    so that a visitor at midnight is counted once, and a clock that is set back over midnight loses nothing.
    """

    def __init__(self, day: Callable[[], date] = today) -> None:
        """Take what tells the date."""
        self._today = day
        self._lock = threading.Lock()
        self._days: dict[date, Counter[str]] = {}

    def follow(self) -> Following:
        """Begin to count what one more observer sees."""
        return Following(self)

    def to_dict(self) -> dict[str, str | int]:
        """Give the counts of today by name, and the date as ``day``."""
        with self._lock:
            now, totals = self._now()
            return {"day": now.isoformat(), **{name: totals[name] for name in NAMES}}

    def count(self, event: Event, people: dict[int, tuple[date, str]]) -> None:
        """Take in what happened.

        Args:
            event: of one observer.
            people: of that observer, who is in view: the day they entered, and how they wear their mask.
        """
        if event.person is None:
            return
        with self._lock:
            now, totals = self._now()
            if event.event == "alert":
                totals["alerts"] += 1
                return
            if event.event == "entered":
                totals["entered"] += 1
                entered, before = now, None
            elif event.person in people:
                entered, before = people.pop(event.person)
            else:
                return
            wearing = event.wearing or UNDECIDED
            if event.event != "left":
                people[event.person] = (entered, wearing)
            if entered in self._days:
                self._days[entered][wearing] += 1
                if before is not None:
                    self._days[entered][before] -= 1

    def _now(self) -> tuple[date, Counter[str]]:
        now = self._today()
        for day in [day for day in self._days if abs((day - now).days) > 1]:
            del self._days[day]
        return now, self._days.setdefault(now, Counter())


class Following:
    """What one observer has seen so far. As a sink of a watch it takes each snapshot."""

    def __init__(self, day: DayCounts) -> None:
        """Take where to count."""
        self._day = day
        self._people: dict[int, tuple[date, str]] = {}

    def update(self, events: Iterable[Event]) -> None:
        """Count what happened; each event once, in the order in which they happened."""
        for event in events:
            self._day.count(event, self._people)

    def take(self, _frame: Frame | None, snapshot: Snapshot) -> None:
        """Count what happened with a snapshot."""
        self.update(snapshot.events)

    def close(self) -> None:
        """Do nothing: what was counted stays."""
