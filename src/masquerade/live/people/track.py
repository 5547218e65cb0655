"""One face through time: where it is, whether it is somebody yet, and how the mask is worn."""

from __future__ import annotations

import math
from typing import Any

from numpy.typing import NDArray

from masquerade.live.people.motion import Motion
from masquerade.live.people.recipe import PeopleRecipe
from masquerade.live.people.votes import Votes
from masquerade.live.types import Person

FAINT = 3.0
"""How much longer the faintest face must be seen before it is somebody."""
PICTURE_MEMORY = 0.5
"""Seconds over which it is judged whether a face is a picture."""


class Track:
    """A face that is followed; changed in place by ``People``.

    Attributes:
        motion: where it is.
        number: of the person; 0 while it is nobody yet.
        began, seen: seconds of the source at which it was first and last found.
        entered: seconds of the source at which it became somebody.
        votes: how the mask is worn; None while it is nobody yet.
    """

    __slots__ = (
        "_before",
        "_found",
        "_held",
        "_recipe",
        "_score",
        "_time",
        "began",
        "entered",
        "motion",
        "number",
        "seen",
        "votes",
    )

    def __init__(self, time: float, box: NDArray[Any], recipe: PeopleRecipe) -> None:
        """Begin with a found box."""
        self.motion = Motion(box)
        self.number = 0
        self.began = self.seen = self.entered = self._time = self._before = time
        self.votes: Votes | None = None
        self._recipe = recipe
        self._found = 0.0
        self._score = 0.0
        self._held: float | None = None

    def go_on(self, time: float) -> None:
        """Expect it at a later time."""
        self.motion.predict(time - self._time, coasting=self.seen < self._time)
        self._before, self._time = self._time, max(time, self._time)

    def find(self, time: float, box: NDArray[Any], score: float) -> None:
        """It was found, after ``go_on`` to this time."""
        if self.seen == self._before:  # the time between two frames counts where both have it
            self._found += time - self.seen
            self._score += (time - self.seen) * score
        self.seen = time
        self.motion.correct(box, score)

    def hold(self, picture: bool, passed: float) -> None:
        """Take in whether it looks like a picture, after some seconds."""
        value = float(picture)
        if self._held is None:
            self._held = value
        else:
            keep = math.exp(-max(passed, 0.02) / PICTURE_MEMORY)
            self._held = self._held * keep + value * (1 - keep)

    @property
    def is_picture(self) -> bool:
        """Whether it is held before somebody's chest, and nobody itself."""
        return self._held is not None and self._held >= 0.5

    @property
    def is_somebody(self) -> bool:
        """Whether it was found for long enough, often and surely enough to be a person."""
        recipe, span = self._recipe, self.seen - self.began
        if self.is_picture or self._found <= 0 or self._found < recipe.steady * span:
            return False
        score = self._score / self._found
        faint = min(1.0, max(0.0, (recipe.sure - score) / max(recipe.sure - recipe.strong, 1e-6)))
        return score >= recipe.strong and span >= recipe.confirm * (1 + FAINT * faint)

    def become(self, number: int, time: float) -> None:
        """Make it a person."""
        self.number, self.entered = number, time
        self.votes = Votes(time, self._recipe)

    def is_due(self, time: float) -> bool:
        """Whether a look at the face is worth it."""
        if self.votes is None:
            return False
        if self.votes.looked is None or not self.votes.settled:
            return True
        return time - self.votes.looked >= self._recipe.refresh

    def person(self) -> Person:
        """The person, as others see it."""
        assert self.votes is not None  # noqa: S101 - only people are asked for
        return Person(
            number=self.number,
            box=self.motion.box,
            wearing=self.votes.label,
            shows=self.votes.shows,
            entered=self.entered,
            since=self.votes.since,
            seen=self.seen,
        )
