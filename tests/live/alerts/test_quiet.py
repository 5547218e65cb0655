"""Quiet hours: spans on the wall's clock, across midnight, weekends and changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from masquerade.errors import AlertsInvalid
from masquerade.live.alerts import QuietHours
from masquerade.live.alerts.quiet import spans_of

BERLIN = ZoneInfo("Europe/Berlin")

TIMES = [
    # spans, a local time of Berlin (22 November 2026 is a Sunday), whether it is quiet
    (["22:00-06:00"], "2026-11-22T21:59", False),
    (["22:00-06:00"], "2026-11-22T22:00", True),
    (["22:00-06:00"], "2026-11-22T05:59", True),
    (["22:00-06:00"], "2026-11-22T06:00", False),
    (["22:00-00:00"], "2026-11-22T23:59", True),
    (["22:00-00:00"], "2026-11-22T00:00", False),
    (["mon-fri 22:00-06:00"], "2026-11-21T05:00", True),  # Saturday morning is Friday's night
    (["mon-fri 22:00-06:00"], "2026-11-22T23:00", False),
    (["mon-fri 22:00-06:00"], "2026-11-23T05:00", False),  # Monday morning is Sunday's night
    (["sun 00:00-24:00"], "2026-11-22T23:59", True),
    (["sun 00:00-24:00"], "2026-11-23T00:00", False),
    (["Sat, Sun 8:00 - 9:30"], "2026-11-22T09:29", True),
    (["fri-mon 12:00-13:00"], "2026-11-22T12:00", True),
    (["fri-mon 12:00-13:00"], "2026-11-24T12:00", False),
    (["08:00-09:00", "12:00-13:00"], "2026-11-22T12:59", True),
    ([], "2026-11-22T12:59", False),
]


@pytest.mark.parametrize(("spans", "local", "quiet"), TIMES)
def test_when_it_is_quiet(spans: list[str], local: str, quiet: bool) -> None:
    hours = QuietHours(spans_of(spans), BERLIN)
    now = datetime.fromisoformat(local).replace(tzinfo=BERLIN)
    assert hours.holds(now) is quiet
    assert hours.holds(now.astimezone(UTC)) is quiet
    assert hours.holds(now.astimezone(ZoneInfo("Asia/Tokyo"))) is quiet


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2026-03-28", 7),  # clocks go forward on 29 March: this night is an hour shorter
        ("2026-10-24", 9),  # and back on 25 October
        ("2026-11-21", 8),
    ],
)
def test_daylight_saving_moves_nothing_on_the_wall(day: str, hours: int) -> None:
    quiet = QuietHours(spans_of(["22:00-06:00"]), BERLIN)
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=BERLIN).astimezone(UTC)
    minutes = [quiet.holds(noon + timedelta(minutes=minute)) for minute in range(24 * 60)]
    assert sum(minutes) == hours * 60


WRONG = [
    "",
    "22-6",
    "22:00",
    "25:00-06:00",
    "22:60-06:00",
    "24:01-06:00",
    "06:00-06:00",
    "24:00-06:00",
    "mo 22:00-06:00",
]


@pytest.mark.parametrize(
    "text", [*WRONG, "mon- 22:00-06:00", "mon-tue-wed 22:00-06:00", "22:00-06:00 mon", "٢٢:00-06:00"]
)
def test_spans_that_are_none(text: str) -> None:
    with pytest.raises(AlertsInvalid):
        spans_of([text])
