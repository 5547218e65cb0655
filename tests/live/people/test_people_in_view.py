"""Tracks become people, each counted once, at any frame rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from masquerade.live.people import People, PeopleRecipe
from tests.live.people.faces_made import Box, face_at, faces_of, play, times, told, worn

RATES = [2, 5, 10, 25, 60]


@pytest.mark.parametrize("fps", RATES)
def test_one_person_comes_takes_the_mask_down_and_goes(fps: float) -> None:
    people = People()
    events = play(
        people,
        [
            (time, [face_at(300, 200)] if time < 6 else [], ["with_mask" if time < 3 else "incorrect"][: time < 6])
            for time in times(10, fps)
        ],
    )
    assert told(events) == [
        ("entered", 1, "undecided"),
        ("changed", 1, "with_mask"),
        ("changed", 1, "incorrect"),
        ("left", 1, "incorrect"),
    ]
    entered, decided, changed, left = (event.time for event in events)
    assert entered <= 0.25 + 1 / fps + 1e-9
    assert decided <= entered + max(0.25, 1 / fps) + 1e-9
    assert 3 < changed <= 3.38 + 1 / fps  # looks that are nine parts in ten sure
    assert 7.4 <= left <= 6 + max(1.5, 2.5 / fps) + 1 / fps
    assert people.now == ()


@pytest.mark.parametrize("fps", RATES)
def test_somebody_who_walks_through_is_one_person(fps: float) -> None:
    # 1.4 m a second, with a face of 16 cm: nearly nine faces a second at the camera's height.
    speed = 3.0 if fps < 5 else 8.0
    frames = [(time, [face_at(50 + 60 * speed * time, 200, 60)], ["without_mask"]) for time in times(3, fps)]
    assert [event for event in told(play(People(), frames)) if event[0] == "entered"] == [("entered", 1, "undecided")]


@pytest.mark.parametrize("gap", [0.2, 0.7, 1.3])
def test_a_face_that_is_lost_for_a_moment_is_found_again(gap: float) -> None:
    people = People()
    events = play(
        people,
        [
            (
                time,
                [] if 2 <= time < 2 + gap else [face_at(300 + 20 * time, 200)],
                ["with_mask"] * (not 2 <= time < 2 + gap),
            )
            for time in times(6, 25)
        ],
    )
    assert [event.event for event in events] == ["entered", "changed"]
    assert people.entered == 1


def test_whoever_stays_away_for_long_is_somebody_new() -> None:
    frames = [
        (time, [face_at(300, 200)] * (not 2 <= time < 4), ["with_mask"] * (not 2 <= time < 4)) for time in times(6, 25)
    ]
    assert [event.event for event in play(People(), frames)] == ["entered", "changed", "left", "entered", "changed"]


@pytest.mark.parametrize(
    "seen",
    [
        lambda number: number % 25 < 3,  # a tenth of a second each second
        lambda number: number % 5 == 0,  # one frame in five
        lambda number: number % 25 in {0, 2, 4},
    ],
    ids=["short", "rare", "broken"],
)
def test_a_flickering_detection_is_nobody(seen: Callable[[int], bool]) -> None:
    frames = [
        (time, [face_at(300, 200)] * seen(number), ["without_mask"] * seen(number))
        for number, time in enumerate(times(20, 25))
    ]
    assert play(People(), frames) == []


def test_a_faint_detection_must_last_longer() -> None:
    def entered(score: float) -> float:
        frames = [(time, [face_at(300, 200)], ["without_mask"]) for time in times(3, 25)]
        people = People(PeopleRecipe(strong=0.5, start=0.5))
        return next((event.time for event in play(people, frames, score) if event.event == "entered"), 99.0)

    assert entered(0.9) == entered(0.76) == pytest.approx(0.28)
    assert 0.4 < entered(0.66) < 0.8
    assert 0.9 < entered(0.51) <= 1.04
    assert entered(0.4) == 99


def test_a_weak_face_keeps_a_track_and_begins_none() -> None:
    people = People(PeopleRecipe(strong=0.5))
    events = []
    for time in times(8, 25):
        score = 0.9 if time < 1 else 0.35
        faces = faces_of([face_at(200, 200), face_at(500, 200)], [score, 0.35])
        events += people.update(time, faces, worn(["with_mask"] * 2))
    assert told(events) == [("entered", 1, "undecided"), ("changed", 1, "with_mask")]
    assert [person.seen for person in people.now] == [pytest.approx(7.96)]


def test_two_who_pass_each_other_stay_two() -> None:
    def boxes(time: float) -> list[Box]:
        return [face_at(150 + 100 * time, 200, 80), face_at(550 - 100 * time, 250, 110)]

    people = People()
    events = play(people, [(time, boxes(time), ["with_mask", "without_mask"]) for time in times(4, 25)])
    assert told(events) == [
        ("entered", 1, "undecided"),
        ("entered", 2, "undecided"),
        ("changed", 1, "with_mask"),
        ("changed", 2, "without_mask"),
    ]
    assert [round(person.box[0]) for person in people.now] == [pytest.approx(506, abs=8), pytest.approx(99, abs=8)]


def test_two_boxes_of_one_face_are_one_person() -> None:
    frames = [(time, [face_at(300, 200, 100), face_at(310, 205, 90)], ["with_mask"] * 2) for time in times(3, 25)]
    people = People()
    play(people, frames)
    assert people.entered == 1


def test_a_phone_before_the_chest_is_nobody() -> None:
    frames = [
        (time, [face_at(300, 150, 120), face_at(290, 320, 60)], ["with_mask", "without_mask"]) for time in times(3, 25)
    ]
    people = People()
    assert told(play(people, frames)) == [("entered", 1, "undecided"), ("changed", 1, "with_mask")]
    assert len(people.places(3.0)) == 2  # followed all the same, to be blurred


def test_faces_that_are_settled_are_looked_at_now_and_then() -> None:
    people = People()
    looks = 0
    for time in times(4, 50):
        due = people.follow(time, faces_of([face_at(300, 200)]))
        people.vote(time, due, worn(["with_mask"] * len(due)), np.ones(len(due)))
        looks += len(due) if time >= 1 else 0
    assert looks == pytest.approx(3 / 0.15, abs=2)


def test_the_longest_unseen_are_looked_at_first() -> None:
    people = People()
    boxes = [face_at(100 + 150 * index, 200) for index in range(4)]
    waits: list[int] = []
    for time in times(2, 25):
        due = people.follow(time, faces_of(boxes))[:1]  # there is time for one face a frame
        people.vote(time, due, worn(["with_mask"] * len(due)), np.ones(len(due)))
        waits += due.tolist()
    assert set(waits) == {0, 1, 2, 3}
    assert [person.wearing for person in people.now] == ["with_mask"] * 4


def test_a_gap_without_frames_and_a_clock_that_goes_back() -> None:
    people = People()
    frames = [(time, [face_at(300, 200)], ["with_mask"]) for time in [*times(2, 25), *times(2, 25, 60)]]
    assert [event.event for event in play(people, frames)] == ["entered", "changed", "left", "entered", "changed"]
    again = people.update(1.0, faces_of([face_at(300, 200)]), worn(["with_mask"]))
    assert again == []
    assert len(people.now) == 1


def test_everybody_leaves_at_the_end() -> None:
    people = People()
    play(people, [(time, [face_at(150, 200), face_at(450, 200)], ["with_mask"] * 2) for time in times(1, 25)])
    assert told(people.finish(1.0)) == [("left", 1, "with_mask"), ("left", 2, "with_mask")]
    assert people.finish(1.0) == []
    assert people.now == ()


def test_frames_of_another_size() -> None:
    people = People()
    play(people, [(time, [face_at(150, 200)], ["with_mask"]) for time in times(1, 25)])
    people.scale(2, 2)
    play(people, [(time, [face_at(300, 400, 200)], ["with_mask"]) for time in times(1, 25, 1)])
    assert people.entered == 1


def test_a_picture_every_minute() -> None:
    people = People()
    frames = [(60.0 * number, [face_at(300, 200)], ["with_mask"]) for number in range(5)]
    assert [event.event for event in play(people, frames)] == ["entered", "changed"]


@pytest.mark.parametrize("wrong", [{"strong": 1.5}, {"memory": 0.0}, {"lost": -1.0}, {"pace": float("inf")}])
def test_a_recipe_out_of_range(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PeopleRecipe(**wrong)
