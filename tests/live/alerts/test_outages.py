"""An outage is told once, however often attempts fail and work while it lasts."""

from __future__ import annotations

from masquerade.live.alerts.outages import Outages


def told(outages: Outages, course: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """When a channel's outage was told, and why, over a course of moments and troubles."""
    return [(now, reason) for now, trouble in course for _, reason in outages.update(now, {"a": trouble})]


def test_a_channel_that_fails_every_other_time_is_told_of_once() -> None:
    outages = Outages(5)
    course = [(0.5 * step, "down" if step % 4 < 2 else "") for step in range(40)]
    assert told(outages, course) == [(0.0, "down")]
    assert dict(outages.reasons) == {"a": "down"}


def test_it_is_over_after_some_calm_and_may_begin_again() -> None:
    course = [(0.0, ""), (1.0, "down"), (2.0, ""), (6.9, ""), (7.0, ""), (8.0, ""), (9.0, "gone"), (10.0, "down")]
    outages = Outages(5)
    assert told(outages, course) == [(1.0, "down"), (7.0, ""), (9.0, "gone")]
    assert dict(outages.reasons) == {"a": "down"}  # the newest reason


def test_each_has_its_own_and_a_reader_is_not_disturbed() -> None:
    outages = Outages(0)
    assert outages.update(0, {"a": "x", "b": "y"}) == [("a", "x"), ("b", "y")]
    before = outages.reasons
    assert outages.update(1, {"a": "", "b": "y"}) == [("a", "")]
    assert outages.update(1, {"b": "y"}) == []
    assert (dict(before), dict(outages.reasons)) == ({"a": "x", "b": "y"}, {"b": "y"})
