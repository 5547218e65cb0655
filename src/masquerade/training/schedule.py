"""Learning rates over the steps of a run."""

from __future__ import annotations

import math
from typing import Protocol

FALLS = (0.5, 0.75, 0.9)
"""Shares of the steps after the warm-up at which ``steps`` divides the rate by ten."""


class Scheduled(Protocol):
    """What a recipe says of its rate.

    Attributes:
        rate: the highest one.
        schedule: ``constant``, which has no warm-up, ``cosine``, ``polynomial`` or ``steps``.
        warmup: share of all steps that a linear warm-up takes.
    """

    @property
    def rate(self) -> float:
        """The highest one."""

    @property
    def schedule(self) -> str:
        """Its name."""

    @property
    def warmup(self) -> float:
        """Share of the steps."""


def rate_at(recipe: Scheduled, step: int, steps: int) -> float:
    """Learning rate of a step: constant, or a linear warm-up and then a cosine, a square or stairs down.

    Args:
        recipe: has the highest rate.
        step: from 0.
        steps: of the whole run.
    """
    if recipe.schedule == "constant":
        return recipe.rate
    warm = max(1, round(recipe.warmup * steps))
    if step < warm:
        return recipe.rate * (step + 1) / warm
    done = (step - warm) / max(1, steps - warm)
    if recipe.schedule == "polynomial":
        return recipe.rate * (1 - done) ** 2
    if recipe.schedule == "steps":
        return recipe.rate * 0.1 ** sum(done >= fall for fall in FALLS)
    return recipe.rate * 0.5 * (1 + math.cos(math.pi * done))
