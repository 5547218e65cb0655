"""The clock and the pace of a film, and what tells a dead picture."""

from __future__ import annotations

import math
import time
from itertools import pairwise
from threading import Event

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from masquerade.live.sources import Liveliness
from masquerade.live.sources.reader.clock import MOST_LEFT_OUT, FilmClock, Pace


@pytest.mark.parametrize(
    ("fps", "stamps", "times"),
    [
        (25.0, [0.0, 0.04, 0.08], [0.0, 0.04, 0.08]),
        (25.0, [5.0, 5.04, 5.5, 5.52], [0.0, 0.04, 0.5, 0.52]),  # a film may begin late, and at no steady rate
        (10.0, [None, None, None], [0.0, 0.1, 0.2]),  # no time-stamps
        (None, [None, None], [0.0, 0.04]),
        (25.0, [0.0, 0.0, 0.0, 0.12], [0.0, 0.04, 0.08, 0.12]),  # stamps that stand still
        (25.0, [0.0, 0.2, 0.16, 0.4], [0.0, 0.2, 0.24, 0.4]),  # or go back
        (25.0, [0.0, 1e7, 1e7 + 0.5], [0.0, 0.04, 0.54]),  # a leap of months is none
        (25.0, [math.nan, 0.0, math.inf, 0.08], [0.0, 0.04, 0.08, 0.12]),
    ],
)
def test_film_clock(fps: float | None, stamps: list[float | None], times: list[float]) -> None:
    clock = FilmClock(fps)
    assert [clock.tick(stamp) for stamp in stamps] == pytest.approx(times)


def test_film_clock_goes_on_in_a_loop() -> None:
    clock = FilmClock(10.0)
    first = [clock.tick(stamp) for stamp in (0.0, 0.1, 0.3)]
    clock.restart()
    assert [*first, *(clock.tick(stamp) for stamp in (0.0, 0.1, 0.3))] == pytest.approx([0, 0.1, 0.3, 0.4, 0.5, 0.7])


@given(st.lists(st.one_of(st.none(), st.floats()), max_size=50), st.one_of(st.none(), st.floats(1, 240)))
def test_film_clock_always_rises(stamps: list[float | None], fps: float | None) -> None:
    clock = FilmClock(fps)
    times = [clock.tick(stamp) for stamp in stamps]
    assert all(math.isfinite(moment) and moment >= 0 for moment in times)
    assert all(later > earlier for earlier, later in pairwise(times))


def test_pace_waits_and_leaves_out() -> None:
    pace = Pace(50.0, Event())
    begun = time.monotonic()
    assert pace.keep(0.0)
    assert pace.keep(0.1)
    assert time.monotonic() - begun >= 0.1
    time.sleep(0.2)
    assert not pace.keep(0.12)  # two frames late
    assert pace.keep(0.5)  # back in time


def test_pace_slows_down_where_it_cannot_keep_up() -> None:
    pace = Pace(1000.0, Event())
    pace.keep(0.0)
    time.sleep(0.3)
    kept = [pace.keep(0.0001 * number) for number in range(1, MOST_LEFT_OUT + 2)]
    assert not any(kept[:MOST_LEFT_OUT])
    assert kept[MOST_LEFT_OUT]


def test_pictures_that_do_not_live() -> None:
    random = np.random.default_rng(5)
    noise = [random.integers(0, 256, (48, 64, 3), np.uint8) for _ in range(2)]
    grey = np.full((48, 64, 3), 128, np.uint8)
    nearly_grey = grey.copy()
    nearly_grey[:24] += 5
    lively = Liveliness()
    seen = [
        lively.see(picture, float(now))
        for now, picture in enumerate([noise[0], noise[1], noise[1], noise[1], grey, grey, nearly_grey, noise[0], grey])
    ]
    flat, still = zip(*seen, strict=True)
    assert flat == (0, 0, 0, 0, 0, 1, 2, 0, 0)
    assert still == (0, 0, 1, 2, 0, 1, 0, 0, 0)
