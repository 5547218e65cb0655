"""When there is an alert: tables of what a person wore, second by second."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masquerade.errors import AlertsInvalid
from masquerade.live.alerts import EpisodeRecipe, Episodes, QuietHours
from masquerade.live.alerts.quiet import spans_of
from masquerade.live.types import Event, Person

LETTERS = {"m": "with_mask", "n": "without_mask", "w": "incorrect", "u": "undecided"}


def person(number: int, wearing: str, since: float, seen: float) -> Person:
    return Person(number, (0, 0, 9, 9), wearing, (), 0.0, since, seen)


def told(story: str, *, step: float = 0.5, recipe: EpisodeRecipe | None = None, number: int = 1) -> list[float]:
    """Times of the alerts of one person who wears what each letter says, one letter a step; ``-`` is out of view."""
    episodes = Episodes(recipe or EpisodeRecipe(hold=1, clear=2, least_between=0))
    times: list[float] = []
    since = 0.0
    for index, letter in enumerate(story):
        time = index * step
        if letter == "-":
            assert episodes.update(time, ()) == []
            continue
        if index == 0 or story[index - 1] != letter:
            since = time
        for event in episodes.update(time, (person(number, LETTERS[letter], since, time),)):
            assert event == Event(time, "alert", number, LETTERS[letter])
            times.append(time)
    return times


STORIES = [
    # what is worn each half second, when there are alerts: hold 1 s, clear 2 s
    ("mmmmmm", []),
    ("uuuuuu", []),
    ("uunnnnnnnn", [2.0]),
    ("nn", []),
    ("nnn", [1.0]),
    ("nnnwwwnnnwww", [1.0]),  # wrong is as bad as none, and one episode
    ("nwnwn", [1.0]),
    ("mmnmnmnmnm", []),  # a look that flickers
    ("mmnunun", [3.0]),  # undecided moments neither count nor clear: 1.0-1.5, 2.0-2.5 are wrong
    ("nnnmmmnnnn", [1.0]),  # right for 1.5 s: the episode goes on
    ("nnnmmmmmnnnn", [1.0, 5.0]),  # right for 2.5 s: a new one
    ("nnnmmummmmnnn", [1.0, 6.0]),  # undecided in between does not matter
    ("nnn----nnnn", [1.0]),  # lost for a moment and found again
]


@pytest.mark.parametrize(("story", "expected"), STORIES)
def test_one_alert_an_episode(story: str, expected: list[float]) -> None:
    assert told(story) == expected


@pytest.mark.parametrize("step", [0.02, 0.1, 0.25, 0.5])
def test_the_frame_rate_changes_nothing(step: float) -> None:
    each = round(0.5 / step)
    story = "".join(letter * each for letter in "mmnnnnmmmmmnnnn")
    found = told(story, step=step)
    assert found == pytest.approx([2.0, 6.5], abs=step + 1e-9)


def test_what_held_between_two_frames_counts() -> None:
    episodes = Episodes(EpisodeRecipe(hold=1, least_between=0))
    assert episodes.update(0, (person(1, "with_mask", 0, 0),)) == []
    assert episodes.update(4, (person(1, "without_mask", 3.5, 4),)) == []
    assert len(episodes.update(4.6, (person(1, "without_mask", 3.5, 4.6),))) == 1


def test_somebody_who_is_not_seen_wears_nothing_wrong_meanwhile() -> None:
    episodes = Episodes(EpisodeRecipe(hold=1, least_between=0))
    lost = person(1, "without_mask", 0, 0.5)
    assert [episodes.update(time, (lost,)) for time in (0.5, 1.0, 1.5, 2.0)] == [[]] * 4


def test_someone_new_is_another_episode() -> None:
    episodes = Episodes(EpisodeRecipe(hold=0, least_between=0))
    assert [
        event.person for event in episodes.update(0, (person(2, "incorrect", 0, 0), person(1, "incorrect", 0, 0)))
    ] == [1, 2]
    assert [event.person for event in episodes.update(1, (person(3, "incorrect", 1, 1),))] == [3]


def test_least_time_between_alerts() -> None:
    episodes = Episodes(EpisodeRecipe(hold=0, clear=1, least_between=10))
    times = []
    for time in range(0, 40, 3):
        times += [event.time for event in episodes.update(time, (person(time, "incorrect", time, time),))]
    assert times == [0, 12, 24, 36]
    assert episodes.quieted == 10
    # who fell into the quiet time leads to none later
    assert episodes.update(60, (person(39, "incorrect", 39, 60),)) == []


def test_quiet_hours_count_where_the_time_of_day_is_known() -> None:
    zone = ZoneInfo("Europe/Berlin")
    recipe = EpisodeRecipe(hold=0, least_between=0, quiet=QuietHours(spans_of(["22:00-06:00"]), zone))
    night, morning = datetime(2026, 11, 22, 5, 59, tzinfo=zone), datetime(2026, 11, 22, 6, 0, tzinfo=zone)
    episodes = Episodes(recipe)
    assert episodes.update(0, (person(1, "incorrect", 0, 0),), night) == []
    assert episodes.update(60, (person(1, "incorrect", 0, 60),), morning) == []  # not made later
    assert len(episodes.update(61, (person(2, "incorrect", 61, 61),), morning)) == 1
    assert len(Episodes(recipe).update(0, (person(1, "incorrect", 0, 0),), None)) == 1


@pytest.mark.parametrize("field", ["hold", "clear", "least_between"])
@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf")])
def test_a_recipe_out_of_range(field: str, value: float) -> None:
    with pytest.raises(AlertsInvalid, match=field):
        EpisodeRecipe(**{field: value})  # type: ignore[arg-type]


@given(st.text(alphabet="mnwu", max_size=60))
def test_alerts_against_the_rule_in_its_own_words(story: str) -> None:
    """Written down anew: what is worn at one letter holds until the next."""
    hold, clear = 2, 3
    expected, wrong, right, spent = [], 0, 0, False
    for second, letter in enumerate(story):
        held = story[second - 1] if second else "u"
        wrong = wrong + (held in "nw") if held != "m" and letter != "m" else 0
        right = right + (held == "m") if held not in "nw" else 0
        spent = spent and right < clear
        right = 0 if letter in "nw" else right
        if letter in "nw" and wrong >= hold and not spent:
            expected.append(float(second))
            spent = True
    assert told(story, step=1, recipe=EpisodeRecipe(hold=hold, clear=clear, least_between=0)) == expected


def test_nobody_is_remembered_for_long() -> None:
    episodes = Episodes()
    for number in range(1000):
        episodes.update(number, (person(number, "incorrect", number, number),))
    assert len(episodes._people) < 100
