"""What the epochs of all runs share: steps that are timed and shown, a state that is kept now and then, chance."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from masquerade.training.schedule import Scheduled, rate_at
from masquerade.training.study.checkpoint import State
from masquerade.training.study.progress import Progress

EVERY_STEPS = 200
EVERY_SECONDS = 60.0
"""The state is kept after so many steps or seconds, and after every epoch."""
ORDER, CHANCE = 1, 2
"""Streams of chance of an epoch: the order of the faces; what is drawn for a step."""


class Paced(Scheduled, Protocol):
    """What a recipe says of its rate and its length."""

    @property
    def epochs(self) -> int:
        """How often all faces are seen."""


class Keeping:
    """Keeps the state of a run."""

    def __init__(self, save: Callable[[], object]) -> None:
        """Take what writes it; the state that there is counts as kept."""
        self._save, self._kept = save, time.monotonic()

    def now(self) -> None:
        """Keep it."""
        self._save()
        self._kept = time.monotonic()

    def due(self, step: int) -> bool:
        """Whether it is time, after so many steps of an epoch."""
        return step % EVERY_STEPS == 0 or time.monotonic() - self._kept > EVERY_SECONDS


def take_steps(
    state: State,
    batches: Sequence[NDArray[np.intp]],
    epochs: int,
    step: Callable[[int], object],
    keeping: Keeping,
    progress: Progress,
) -> None:
    """Take the steps that are left of an epoch.

    Args:
        state: how far the run is; counts them.
        batches: of the whole epoch.
        epochs: of the run, in words.
        step: learns from the batch of this number.
        keeping: of the state.
        progress: shows a bar, a face at a time.
    """
    left = sum(map(len, batches[state.step :]))
    with progress(f"epoch {state.epoch + 1} of {epochs}", left) as bar:
        for number in range(state.step, len(batches)):
            started = time.monotonic()
            step(number)
            state.step += 1
            state.seconds += time.monotonic() - started
            for _ in batches[number]:
                bar.advance()
            if state.step < len(batches) and keeping.due(state.step):
                keeping.now()


def begin_step(
    state: State, seed: int, steps: int, recipe: Paced, optimiser: torch.optim.Optimizer, rank: int = 0
) -> np.random.Generator:
    """Set the rate and the chance of a step, which follow from the seed, the epoch and the step alone.

    Args:
        state: how far the run is.
        seed: of the run.
        steps: of an epoch.
        recipe: gives rate, schedule and epochs.
        optimiser: whose rate is set.
        rank: of this process, so that each draws its own dropout.

    Returns:
        What draws for this step.
    """
    rng = np.random.default_rng([seed, CHANCE, state.epoch, state.step])
    torch.manual_seed(int(rng.integers(2**62)) + rank)  # dropout
    for group in optimiser.param_groups:
        group["lr"] = rate_at(recipe, state.epoch * steps + state.step, recipe.epochs * steps)
    return rng


def speed(state: State) -> dict[str, Any]:
    """Seconds of an epoch, and images a second, for its row of figures."""
    return {"seconds": state.seconds, "images_per_second": state.seen / state.seconds if state.seconds else None}
