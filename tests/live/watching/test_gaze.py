"""Where to look: the whole frame often enough, a small window around who is there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.faces.passes import Pass
from masquerade.live.watching.gaze import Gaze, GazeRecipe
from tests.live.people.faces_made import face_at, times

NOBODY = np.zeros((0, 4))
SOMEBODY = np.array([face_at(300, 200, 90)])
SIZE = (640, 480)


def is_whole(views: list[Pass], size: tuple[int, int] = SIZE) -> bool:
    return any((view.x, view.y, view.width, view.height) == (0, 0, *size) for view in views)


def cost(views: list[Pass]) -> int:
    return sum(view.canvas[0] * view.canvas[1] for view in views)


@pytest.mark.parametrize("fps", [2, 10, 25, 30, 50, 60, 120])
@pytest.mark.parametrize("places", [NOBODY, SOMEBODY], ids=["nobody", "somebody"])
def test_nobody_new_waits_for_more_than_a_tenth_of_a_second(fps: float, places: NDArray[Any]) -> None:
    gaze = Gaze()
    seen = [time for time in times(3, fps) if is_whole(gaze.plan(time, SIZE, places))]
    assert seen[0] == 0
    assert max(np.diff(seen)) < 0.1 + 1 / fps
    if fps > 20:
        assert min(np.diff(seen)) > 0.09


def test_a_window_holds_the_face_and_costs_a_tenth() -> None:
    gaze = Gaze()
    whole = gaze.plan(0.0, SIZE, SOMEBODY)
    (window,) = gaze.plan(0.04, SIZE, SOMEBODY)
    assert cost([window]) < cost(whole[:1]) / 10
    x0, y0, x1, y1 = SOMEBODY[0]
    assert window.x < x0 - 30 and window.y < y0 - 30
    assert window.x + window.width > x1 + 30 and window.y + window.height > y1 + 30


def test_many_windows_give_way_to_the_whole_frame() -> None:
    gaze = Gaze()
    gaze.plan(0.0, SIZE, NOBODY)
    crowd = np.array([face_at(50 + 60 * index, 200, 40) for index in range(10)])
    assert is_whole(gaze.plan(0.01, SIZE, crowd))


def test_a_small_face_has_a_window_beside_the_whole_frame() -> None:
    size = (1920, 1080)
    small = np.array([face_at(900, 500, 40)])  # ten pixels of the whole pass
    views = Gaze().plan(0.0, size, small)
    assert is_whole(views, size)
    assert any(view.scale * 40 >= 24 for view in views)


def test_a_large_frame_is_now_and_then_seen_more_finely() -> None:
    gaze, size = Gaze(), (1920, 1080)
    fine = [time for time in times(3, 25) if any(view.canvas[0] >= 960 for view in gaze.plan(time, size, NOBODY))]
    assert fine[0] == 0
    assert min(np.diff(fine)) > 0.4 and max(np.diff(fine)) < 0.7


def test_an_empty_small_frame_is_now_and_then_seen_with_room_around() -> None:
    gaze = Gaze()
    assert any(view.x < 0 for view in gaze.plan(0.0, SIZE, NOBODY))
    assert not any(view.x < 0 for view in gaze.plan(0.1, SIZE, NOBODY))
    assert any(view.x < 0 for view in gaze.plan(0.6, SIZE, NOBODY))


def test_thorough_sees_the_whole_of_every_frame() -> None:
    gaze = Gaze(GazeRecipe(thorough=True))
    assert all(is_whole(gaze.plan(time, SIZE, SOMEBODY)) for time in times(1, 60))


def test_a_new_size_and_a_clock_that_goes_back_begin_anew() -> None:
    gaze = Gaze()
    gaze.plan(5.0, SIZE, SOMEBODY)
    assert not is_whole(gaze.plan(5.01, SIZE, SOMEBODY))
    assert is_whole(gaze.plan(5.02, (320, 240), SOMEBODY), (320, 240))
    assert is_whole(gaze.plan(1.0, (320, 240), SOMEBODY), (320, 240))


def test_a_place_without_area_far_outside() -> None:
    gaze = Gaze()
    gaze.plan(0.0, SIZE, NOBODY)
    (window,) = gaze.plan(0.01, SIZE, np.array([[-900.0, -900, -900, -900]]))
    assert window.width > 0
