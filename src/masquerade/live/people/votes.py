"""From looks to a decision: shares of the labels over the last moments, weighted by quality, with hysteresis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.live.people.recipe import PeopleRecipe
from masquerade.wearing import LABELS, PARTS, Wearing
from masquerade.wearing.types import UNDECIDED

FIRST = 0.1
"""Seconds that the first look stands for."""
LONGEST = 0.25
"""Most seconds that one look stands for, however long ago the one before was."""


class Votes:
    """What looks at one person say, and what was decided by them.

    Attributes:
        label: the decided label, or ``undecided``.
        since: seconds of the source since when it holds.
        looked: seconds of the source at the last look; None before the first.
        settled: the last look agrees with the decision.
    """

    __slots__ = ("_enough", "_labels", "_latest", "_parts", "_recipe", "label", "looked", "settled", "since")

    def __init__(self, time: float, recipe: PeopleRecipe) -> None:
        """Begin undecided."""
        self.label = UNDECIDED
        self.since = time
        self.looked: float | None = None
        self.settled = False
        self._recipe = recipe
        self._labels = np.zeros(len(LABELS))
        self._parts = np.zeros(len(PARTS))
        self._enough = 0.0
        self._latest = -1

    def add(self, time: float, probabilities: NDArray[Any], visible: NDArray[Any], weight: float) -> bool:
        """Take in one look.

        Args:
            time: seconds of the source.
            probabilities: (3,) in the order of ``LABELS``.
            visible: (3,) probability that each of ``PARTS`` shows; may be nan.
            weight: quality of the look, 0 to 1.

        Returns:
            Whether the decision changed.
        """
        passed = FIRST if self.looked is None else max(0.0, time - self.looked)
        stands = weight * min(passed, LONGEST)
        keep = math.exp(-passed / self._recipe.memory)
        # What a look stands for lies in the past already, and fades as it goes by.
        part = stands * (1 - keep) / max(passed / self._recipe.memory, 1e-9)
        self._labels = self._labels * keep + part * probabilities
        self._parts = self._parts * keep + part * visible
        self._enough = self._enough * math.exp(-passed / self._recipe.long_memory) + stands
        latest = int(np.argmax(probabilities))
        again, self._latest, self.looked = latest == self._latest, latest, time
        changed = again and self._decide(time, latest)
        self.settled = self.label == LABELS[latest] and float(probabilities[latest]) >= self._recipe.settled
        return changed

    def _decide(self, time: float, latest: int) -> bool:
        """Take the label of the latest two looks, where its share is high enough."""
        total = float(self._labels.sum())
        if LABELS[latest] == self.label or total <= 0 or self._enough < self._recipe.enough:
            return False
        least = self._recipe.decide if self.label == UNDECIDED else self._recipe.change
        if self._labels[latest] / total < least:
            return False
        self.label, self.since = LABELS[latest], time
        return True

    @property
    def shows(self) -> tuple[str, ...]:
        """Which of nose, mouth and chin show beside a mask that is worn wrongly; none otherwise."""
        total = float(self._labels.sum())
        if self.label != "incorrect" or total <= 0:
            return ()
        surely = np.array([[name == self.label for name in LABELS]], np.float32)
        return Wearing(surely, (self._parts / total)[None].astype(np.float32)).visible_parts[0]
