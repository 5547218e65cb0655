"""Where to look in the next frame, and how closely.

YuNet costs by the pixels that it sees. A face that is followed needs a small canvas around the place where it is
expected, a twelfth of the cost of the whole frame; the whole frame is seen often enough that nobody new waits for
more than a tenth of a second. The plan goes by the clock of the source alone: the same film gives the same plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.faces.passes import Pass, padded, plan_pass, whole

ROUNDING = 0.004
"""Seconds by which the times of frames may be off."""


@dataclass(frozen=True, slots=True)
class GazeRecipe:
    """How closely to look.

    Attributes:
        frame_side, padded_side: longer sides at which the whole frame is seen, as in ``faces.Search``.
        fine_side: longer side of the finer pass over a large frame.
        search_every: seconds of the source between two looks at the whole frame.
        fine_every: seconds between two finer ones; of a small frame in which nobody is, between two with room around.
        window: side of the canvas around a face that is followed, in pixels.
        room: side of what that canvas shows, in sides of the face.
        small: a face that is smaller than this in the pass over the whole frame has its window all the same.
        share: windows that would cost more than this share of the whole frame give way to it.
        thorough: see the whole of every frame, as when a film is saved and no face may be missed.
    """

    frame_side: int = 480
    padded_side: int = 320
    fine_side: int = 960
    search_every: float = 0.1
    fine_every: float = 0.5
    window: int = 128
    room: float = 2.0
    small: float = 24.0
    share: float = 0.7
    thorough: bool = False


class Gaze:
    """Plans the passes of the detector, frame after frame."""

    def __init__(self, recipe: GazeRecipe | None = None) -> None:
        """Begin before the first frame."""
        self.recipe = recipe or GazeRecipe()
        self._size: tuple[int, int] | None = None
        self._time: float | None = None
        self._searched = -np.inf
        self._refined = -np.inf

    def plan(self, time: float, size: tuple[int, int], places: NDArray[Any]) -> list[Pass]:
        """Choose the passes over one frame.

        Args:
            time: seconds of the source.
            size: (width, height) of the frame.
            places: (n, 4) xyxy, where faces are expected.

        Returns:
            The passes; at least the whole frame, or a window for every place. May be empty where nobody is expected.
        """
        recipe = self.recipe
        if size != self._size or (self._time is not None and time < self._time):
            self._searched = self._refined = -np.inf
        self._size, self._time = size, time
        every = whole(size, recipe.frame_side)
        windows = [self._window(place) for place in places]
        cost = sum(view.canvas[0] * view.canvas[1] for view in windows)
        due = time - self._searched >= recipe.search_every - ROUNDING
        if not (due or recipe.thorough or cost > recipe.share * every.canvas[0] * every.canvas[1]):
            return windows
        self._searched = time
        views = [every]
        if recipe.thorough:
            views += windows
        else:
            views += [
                view for view, place in zip(windows, places, strict=True) if _side(place) * every.scale < recipe.small
            ]
        if time - self._refined >= recipe.fine_every - ROUNDING:
            self._refined = time
            if max(size) > 1.5 * recipe.frame_side:
                views.append(whole(size, min(max(size), recipe.fine_side)))
            elif not len(places):
                views.append(padded(size, recipe.padded_side))
        return views

    def _window(self, place: NDArray[Any]) -> Pass:
        """A square around a place, enlarged twice at most."""
        side = max(self.recipe.room * _side(place), self.recipe.window / 2, 1.0)
        x, y = (place[0] + place[2] - side) / 2, (place[1] + place[3] - side) / 2
        return plan_pass((round(float(x)), round(float(y)), round(side), round(side)), self.recipe.window)


def _side(place: NDArray[Any]) -> float:
    return float(max(place[2] - place[0], place[3] - place[1]))
