"""The films and figures of ``benchmarks.door``, without photos and networks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.door_figures import Figure, percentile, poisson_interval, share
from benchmarks.door_film import DARK, FPS, SIZE, Actor, Camera, Film, Walk, chosen, empty_frames
from benchmarks.door_visitors import Box, Cutout, Visitor, empty_part, fading, room_of
from benchmarks.door_watch import UNSEEN, Notes, Scene, Seen, row_of
from masquerade.live.types import Event, Frame, Person
from masquerade.live.watching.snapshot import Counts, Snapshot


def visitor(box: Box = (100, 100, 200, 220), others: tuple[Box, ...] = (), group: int = 0) -> Visitor:
    return Visitor(Path("a.jpg"), "made", "made/a.jpg#0", "with_mask", group, box, others)


def test_who_walks_comes_nearer_by_as_much_each_second() -> None:
    walk = Walk(begins=0.5, lasts=4, far=40, near=140)
    distances = [1 / walk.height(0.5 + second) for second in range(5)]
    assert np.diff(distances) == pytest.approx([np.diff(distances)[0]] * 4)
    assert (walk.height(0), walk.height(0.5), walk.height(4.5), walk.height(9)) == pytest.approx((40, 40, 140, 140))
    for tall in (40.0, 48.0, 100.0, 140.0):
        assert walk.height(walk.first_at(tall)) == pytest.approx(tall)


def painted(colour: tuple[int, int, int] = (0, 255, 0)) -> Cutout:
    """A face of one colour in a grey room."""
    image = np.full((300, 240, 3), 128, np.uint8)
    image[80:220, 70:170] = colour
    return Cutout(image, fading((240, 300), (70, 80, 170, 220)), (70, 80, 170, 220))


CLEAN = Camera(drift=0, noise=0, blur=0)
BLACK = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)


@pytest.mark.parametrize("time", [0.3, 1.5, 3.0, 4.4])
def test_the_face_is_where_the_walk_says(time: float) -> None:
    actor = Actor([painted()], Walk(tilt=0, start=0.3, end=0.6))
    image = Film(BLACK, [actor], CLEAN, 0).frame(time, round(time * FPS)).image.astype(int)
    rows, columns = np.nonzero(image[..., 1] - image[..., 0] > 128)
    found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert found == pytest.approx(actor.box(time), abs=3)


def test_nobody_is_there_before_the_walk_begins() -> None:
    film = Film(BLACK, [Actor([painted()], Walk(begins=1.0))], CLEAN, 0)
    assert film.frame(0.9, 0).image.max() <= 2 < film.frame(1.1, 1).image.max()


def test_the_nearer_one_stands_before_the_other() -> None:
    near, far = Walk(begins=-9, tilt=0, sway=0), Walk(begins=-9, near=70, tilt=0, sway=0)
    film = Film(BLACK, [Actor([painted((255, 0, 0))], near), Actor([painted()], far)], CLEAN, 0)
    x, y, _ = near.place(0)
    assert film.frame(0, 0).image[round(y), round(x)].tolist() == pytest.approx([255, 0, 0], abs=30)


def test_a_mask_comes_off_in_the_middle_of_its_fade() -> None:
    actor = Actor([painted((255, 0, 0)), painted()], Walk(begins=-9, sway=0, tilt=0), turns_at=1.0)
    film = Film(BLACK, [actor], CLEAN, 0)
    x, y, _ = actor.walk.place(1.0)
    red, green = zip(
        *[film.frame(time, 0).image[round(y), round(x), :2].tolist() for time in (0.85, 1.0, 1.15)], strict=True
    )
    assert red == pytest.approx((255, 128, 0), abs=20)
    assert green == pytest.approx((0, 128, 255), abs=20)


def test_dark_frames_are_dark_and_noisy() -> None:
    grey = np.full((SIZE[1], SIZE[0], 3), 150, np.uint8)
    lit, dark = (Film(grey, [], camera, 0).frame(0, 0).image for camera in (CLEAN, DARK))
    assert lit.mean() == pytest.approx(150, abs=1)
    assert dark.mean() == pytest.approx(150 * 0.1 ** (1 / 2.2), rel=0.1)
    assert dark.std() > 2 > lit.std()


def test_a_film_is_the_same_each_time() -> None:
    first, again = (list(Film(BLACK, [Actor([painted()], Walk())], Camera(), 5).frames(0.2)) for _ in range(2))
    assert len(first) == 5
    assert all(
        (one.image == other.image).all() and one.time == other.time for one, other in zip(first, again, strict=True)
    )


def test_an_empty_door_has_light_and_none() -> None:
    back = np.full((600, 800, 3), 150, np.uint8)
    frames = {frame.time: frame.image.mean() for frame in empty_frames([back, back], 32, 0.1, 0)}
    assert frames[10] == pytest.approx(150, abs=20)
    assert frames[20] < 70
    assert frames[0] > 120


def test_frames_of_a_rate() -> None:
    assert chosen(100, "25", 0) == list(range(100))
    assert chosen(100, "5", 0) == list(range(0, 100, 5))
    assert chosen(10, "10", 0) == [0, 2, 5, 7]
    lost = chosen(400, "dropped", 1)
    assert lost == chosen(400, "dropped", 1) != chosen(400, "dropped", 2)
    assert 150 < len(lost) < 250


def test_the_room_ends_at_others_and_at_the_photo() -> None:
    assert room_of(visitor(), (800, 800)) == (0, 4, 310, 412)
    x0, y0, x1, y1 = room_of(visitor(others=((240, 90, 330, 210),)), (800, 800)) or (0, 0, 0, 0)
    assert (x0, y0, x1, y1) == (0, 4, 240, 412)
    assert room_of(visitor(others=((205, 90, 330, 210),)), (800, 800)) is None
    assert room_of(visitor(), (205, 800)) is None
    assert room_of(visitor(others=((500, 90, 630, 210),)), (800, 800)) == (0, 4, 310, 412)


def test_the_room_fades_and_the_face_does_not() -> None:
    alpha = fading((240, 300), (70, 80, 170, 220))
    assert alpha.shape == (300, 240)
    assert (alpha[80:220, 70:170] == 1).all()
    assert max(alpha[0].max(), alpha[-1].max(), alpha[:, 0].max(), alpha[:, -1].max()) < 0.01


def test_a_background_keeps_away_from_faces() -> None:
    assert empty_part((640, 480), [], 4 / 3) == (0, 0, 576, 432)
    x0, y0, x1, y1 = empty_part((640, 480), [(40, 40, 140, 140)], 4 / 3) or (0, 0, 0, 0)
    assert x0 >= 190 or y0 >= 190
    assert (x1 - x0) / (y1 - y0) == pytest.approx(4 / 3, abs=0.01)
    assert empty_part((640, 480), [(200, 100, 440, 380)], 4 / 3) is None


def seen(group: int, last: str = "with_mask", after: float = 1.0) -> Seen:
    return Seen("walk", "25", visitor(group=group), "with_mask", 1, last, last, after, (0, 0), math.nan, 0)


def test_shares_and_their_ends() -> None:
    rows = [seen(group, "with_mask" if group % 4 else "incorrect") for group in range(40)]
    half = share(rows, lambda row: row.right)
    assert half.value == 0.75
    assert half.low == pytest.approx(0.75 - 1.96 * math.sqrt(0.75 * 0.25 / 40), abs=0.05)
    assert share(rows, lambda _: True) == Figure(1, 1 - 3 / 40, 1, 40)
    assert share(rows, lambda _: False) == Figure(0, 0, 3 / 40, 40)
    assert share([], lambda _: True).to_dict() == {"value": None, "low": None, "high": None, "count": 0}
    times = percentile(
        [seen(group, after=group) for group in range(101)] + [seen(200, after=math.nan)], 95, lambda row: row.after
    )
    assert (times.value, times.count) == (95, 101)


def test_poisson_bounds_are_the_published_ones() -> None:
    """Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28, 1936."""
    for count, low, high in ((0, 0, 3.689), (1, 0.0253, 5.572), (2, 0.2422, 7.225), (10, 4.795, 18.39)):
        assert poisson_interval(count) == pytest.approx((low, high), abs=0.005)


def test_what_is_noted_of_visitors_and_of_strangers() -> None:
    actor = Actor([painted()], Walk(begins=-9, sway=0, tilt=0), turns_at=1.0)
    notes = Notes([actor])

    def person(number: int, box: Box, time: float) -> Person:
        return Person(number, box, "with_mask", (), 0.0, 0.0, time)

    told = {
        0.0: [Event(0.0, "entered", 1, "undecided"), Event(0.0, "entered", 2, "undecided")],
        0.4: [Event(0.4, "changed", 1, "with_mask"), Event(0.4, "alert", 2, "without_mask")],
        1.4: [Event(1.4, "changed", 1, "without_mask")],
        2.4: [Event(2.4, "alert", 1, "without_mask")],
    }
    for time, events in told.items():
        people = (person(1, actor.box(time), time), person(2, (0, 0, 40, 40), time), person(3, actor.box(time), -1.0))
        notes.take(Frame(BLACK, time, 0), Snapshot(time, SIZE, people, tuple(events), Counts()))
    scene = Scene("change", (visitor(),), None, 0, becomes="nose_out")  # type: ignore[arg-type]
    row = row_of(scene, "25", notes, 0, actor)
    assert (row.times, row.strangers, row.first, row.last, row.label) == (
        1,
        1,
        "with_mask",
        "without_mask",
        "incorrect",
    )
    assert (round(row.delay, 6), row.alerts) == (0.4, (0, 1))
    assert row_of(scene, "25", Notes([actor]), 0, actor).last == UNSEEN
