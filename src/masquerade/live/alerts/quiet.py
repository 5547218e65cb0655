"""Quiet hours: spans of local time, on some days of the week, in which no alert is made."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from masquerade.errors import AlertsInvalid

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Names of the days, Monday first, as ``datetime.weekday`` counts them."""
SPAN = re.compile(r"(?:(?P<days>[a-z,\- ]+?)\s+)?(?P<start>\d{1,2}:\d{2})\s*-\s*(?P<end>\d{1,2}:\d{2})", re.ASCII)
EXPECTED = 'expected something like "22:00-06:00", "mon-fri 12:00-13:30" or "sat,sun 00:00-24:00"'
MIDNIGHT = 24 * 60


@dataclass(frozen=True, slots=True)
class Span:
    """A span of the day's clock, which may go past midnight.

    Attributes:
        start: minutes after midnight at which it begins, 0 to 1439.
        end: minutes after midnight at which it is over, 0 to 1440; not later than ``start`` where it ends on the day
            after.
        days: days on which it begins, 0 is Monday.
    """

    start: int
    end: int
    days: frozenset[int]

    def holds(self, day: int, minute: float) -> bool:
        """Tell whether the clock is within the span: ``day`` of the week, ``minute`` after midnight."""
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        return (day in self.days and minute >= self.start) or ((day - 1) % 7 in self.days and minute < self.end)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When it is quiet. What counts is the clock on the wall, so that daylight saving moves nothing.

    Attributes:
        spans: the spans; none where it is never quiet.
        zone: time zone of the wall; None for this machine's.
    """

    spans: tuple[Span, ...] = ()
    zone: ZoneInfo | None = None

    def holds(self, now: datetime) -> bool:
        """Tell whether it is quiet at ``now``; a time without a zone is this machine's."""
        local = now.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return any(span.holds(local.weekday(), minute) for span in self.spans)


def read_span(text: str) -> Span:
    """Read ``22:00-06:00``, with days before it or without; ``24:00`` is the end of the day.

    Raises:
        AlertsInvalid: it is no such span.
    """
    found = SPAN.fullmatch(text.strip().lower())
    if found is None:
        raise AlertsInvalid(f"{text!r} is no span of time", hint=EXPECTED)
    start, end = _minutes(found["start"], text), _minutes(found["end"], text)
    if start in (end, MIDNIGHT):
        raise AlertsInvalid(f"{text!r}: the span is empty", hint=f"{EXPECTED}; a whole day is 00:00-24:00")
    return Span(start, end, _days(found["days"], text))


def _minutes(text: str, whole: str) -> int:
    hours, minutes = map(int, text.split(":"))
    if minutes > 59 or hours * 60 + minutes > MIDNIGHT:
        raise AlertsInvalid(f"{whole!r}: {text} is no time of day", hint=EXPECTED)
    return hours * 60 + minutes


def _days(text: str | None, whole: str) -> frozenset[int]:
    if text is None:
        return frozenset(range(7))
    days: set[int] = set()
    for word in text.replace(" ", "").split(","):
        first, dash, last = word.partition("-")
        last = last if dash else first
        if first not in DAYS or last not in DAYS:
            raise AlertsInvalid(f"{whole!r}: {word!r} is no day", hint=f"days are {', '.join(DAYS)}")
        begin = DAYS.index(first)
        days.update((begin + step) % 7 for step in range((DAYS.index(last) - begin) % 7 + 1))
    return frozenset(days)


def spans_of(texts: Iterable[str]) -> tuple[Span, ...]:
    """Read several spans.

    Raises:
        AlertsInvalid: one of them is none.
    """
    return tuple(map(read_span, texts))
