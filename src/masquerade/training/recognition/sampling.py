"""Which photos make up the batches of an epoch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masquerade.training.study.learning import batches_of

Index = NDArray[np.intp]


def batches_of_epoch(
    labels: NDArray[np.int64], size: int, grouped: int | None, rng: np.random.Generator
) -> list[Index]:
    """Draw the batches of an epoch.

    Args:
        labels: (n,) number of each photo's person.
        size: photos a batch.
        grouped: photos of each person in a batch, so that a batch has ``size / grouped`` persons; None shows every
            photo once, in random order.
        rng: where chance comes from.

    Returns:
        Indices of the photos of each batch.
    """
    if grouped is None:
        return batches_of(rng.permutation(len(labels)), size)
    order = np.argsort(labels, kind="stable")
    photos = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    wanted = min(size // grouped, len(photos))
    steps = max(1, round(len(labels) / (wanted * grouped)))
    turns = -(-steps * wanted // len(photos))
    persons = np.concatenate([rng.permutation(len(photos)) for _ in range(turns)])
    batches = []
    for step in range(steps):
        some = _apart(persons, step * wanted, wanted)
        batches.append(np.concatenate([_drawn(photos[person], grouped, rng) for person in some]))
    return batches


def _apart(persons: Index, start: int, count: int) -> list[int]:
    """The next persons, none twice: where one turn ends and the next begins, one may stand in both."""
    found = dict.fromkeys(persons[start : start + count].tolist())
    for person in persons.tolist():
        if len(found) >= count:
            break
        found.setdefault(person)
    return list(found)


def _drawn(photos: Index, count: int, rng: np.random.Generator) -> Index:
    """So many photos of one person, none twice where there are enough."""
    if len(photos) >= count:
        return rng.permutation(photos)[:count]
    return np.concatenate([photos, rng.choice(photos, count - len(photos))])
