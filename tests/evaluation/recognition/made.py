"""Trials of made scores, and report 2's measure of templates."""

from __future__ import annotations

from typing import Any

import numpy as np

from masquerade.evaluation.recognition.nearest import CHUNK, nearest
from masquerade.evaluation.recognition.trials import Trials


def made_trials(genuine: int = 60, impostor: int = 300, seed: int = 0, people: int = 20, **others: Any) -> Trials:
    """Trials of some people with overlapping scores, some of them alike."""
    rng = np.random.default_rng(seed)
    same = np.repeat([True, False], [genuine, impostor])
    first = rng.integers(0, people, genuine + impostor)
    other = (first + rng.integers(1, people, genuine + impostor)) % people
    scores = np.where(same, rng.normal(0.5, 0.2, len(same)), rng.normal(0.1, 0.15, len(same))).round(2)
    names = np.array([f"p{index:02d}" for index in range(people)])
    return Trials.of(scores, same, subjects_a=names[first], subjects_b=names[np.where(same, first, other)], **others)


def with_failures(trials: Trials, every: int = 7) -> Trials:
    """The same trials, some of which failed."""
    failed = np.arange(len(trials)) % every == 0
    return Trials(
        np.where(failed, -np.inf, trials.scores),
        trials.same,
        trials.subjects_a,
        trials.subjects_b,
        trials.masked_a,
        trials.masked_b,
        trials.unknown_a,
        trials.unknown_b,
        trials.kind,
        trials.fold,
        failed,
        trials.photos_a,
        trials.photos_b,
    )


def leave_one_out(templates: np.ndarray, owners: np.ndarray, chunk: int = CHUNK) -> np.ndarray:
    """Whether the nearest other one of each template (n, d) of unit length is of the same person, (n,)."""
    every = np.arange(len(templates))
    found = nearest(lambda rows, columns: templates[rows] @ templates[columns].T, every, every, chunk)
    return np.asarray((found >= 0) & (owners[found] == owners))
