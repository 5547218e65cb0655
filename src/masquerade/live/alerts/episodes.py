"""From people in view to alerts: one an episode, not too often, and none when it is quiet."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from masquerade.errors import AlertsInvalid
from masquerade.live.alerts.quiet import QuietHours
from masquerade.live.types import Event, Person

WRONG = ("without_mask", "incorrect")
"""Ways to wear a mask, or none, that lead to an alert."""
RIGHT = "with_mask"
FORGET_AFTER = 60.0
"""Seconds after which somebody who is not in view is forgotten; numbers are never given twice."""


@dataclass(frozen=True, slots=True)
class EpisodeRecipe:
    """When an episode leads to an alert, and when it is over.

    Attributes:
        hold: seconds for which the mask must be absent or wrong, undecided moments left out.
        clear: seconds for which the mask must be right before the same person can lead to another alert.
        least_between: seconds of the source between two alerts, whoever led to them.
        quiet: hours without alerts; they count only where the time of day is known.
    """

    hold: float = 1.0
    clear: float = 3.0
    least_between: float = 5.0
    quiet: QuietHours = field(default_factory=QuietHours)

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("hold", "clear", "least_between"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise AlertsInvalid(f"{name}: expected seconds from 0, got {value}")


@dataclass(slots=True)
class _State:
    """What is known of one person: seconds of wrong and of right wearing since the other was last seen."""

    clock: float
    wearing: str
    wrong: float = 0.0
    right: float = 0.0
    spent: bool = False
    in_view: float = 0.0

    def go_on(self, person: Person, clear: float) -> None:
        """Count the time up to when the person was last seen, under the wearing that held."""
        now = max(self.clock, person.seen)
        turned = min(max(self.clock, person.since), now)
        if person.wearing == self.wearing:
            turned = self.clock
        self._count(self.wearing, turned - self.clock, clear)
        self._count(person.wearing, now - turned, clear)
        self.clock, self.wearing = now, person.wearing

    def _count(self, wearing: str, seconds: float, clear: float) -> None:
        if wearing in WRONG:
            self.right = 0.0
            self.wrong += seconds
        elif wearing == RIGHT:
            self.wrong = 0.0
            self.right += seconds
            if self.right >= clear:
                self.spent = False


class Spacing:
    """Keeps the alerts of several cameras apart from each other; safe to use from several threads."""

    def __init__(self, least: float, clock: Callable[[], float] = monotonic) -> None:
        """Take the seconds between two alerts, and a clock that never goes back."""
        self._least, self._clock = least, clock
        self._lock = threading.Lock()
        self._last = float("-inf")

    def take(self) -> bool:
        """Tell whether there may be an alert now; if so, there is one."""
        with self._lock:
            now = self._clock()
            if now - self._last < self._least:
                return False
            self._last = now
            return True


class Episodes:
    """Tells which people lead to an alert now. Pure but for what it remembers: every time is given to it.

    Attributes:
        quieted: episodes that led to no alert, for it was quiet or too soon after another; none is made later.
    """

    def __init__(self, recipe: EpisodeRecipe | None = None, spacing: Spacing | None = None) -> None:
        """Take what to go by; ``spacing`` is shared with others and takes the place of ``least_between``."""
        self.recipe = recipe or EpisodeRecipe()
        self._spacing = spacing
        self.quieted = 0
        self._people: dict[int, _State] = {}
        self._last: float | None = None

    def update(self, time: float, people: tuple[Person, ...], now: datetime | None = None) -> list[Event]:
        """Look at the people in view.

        Args:
            time: seconds of the source.
            people: those in view, and those lost for a moment.
            now: time of day, for the quiet hours; None where there is none, as with a film.

        Returns:
            The alerts, in the order of the people's numbers.
        """
        events = []
        for person in sorted(people, key=lambda one: one.number):
            if self._begins(time, person):
                if self._may(time, now):
                    self._last = time
                    events.append(Event(time, "alert", person.number, person.wearing))
                else:
                    self.quieted += 1
        self._forget(time)
        return events

    def _begins(self, time: float, person: Person) -> bool:
        """Tell whether this person's mask was absent or wrong for long enough, for the first time in the episode."""
        state = self._people.get(person.number)
        if state is None:
            state = self._people[person.number] = _State(min(person.since, person.seen), person.wearing)
        state.in_view = time
        state.go_on(person, self.recipe.clear)
        if state.spent or person.wearing not in WRONG or state.wrong < self.recipe.hold:
            return False
        state.spent = True
        return True

    def _may(self, time: float, now: datetime | None) -> bool:
        if now is not None and self.recipe.quiet.holds(now):
            return False
        if self._spacing is not None:
            return self._spacing.take()
        return self._last is None or not 0 <= time - self._last < self.recipe.least_between

    def _forget(self, time: float) -> None:
        gone = [number for number, state in self._people.items() if abs(time - state.in_view) > FORGET_AFTER]
        for number in gone:
            del self._people[number]
