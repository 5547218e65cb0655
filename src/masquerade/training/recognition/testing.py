"""How well a network knows people whom it was not trained on, bare and with masks drawn on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.identities.pairing import genuine_pairs, impostor_pairs
from masquerade.evaluation.recognition.folds import fold_accuracy
from masquerade.evaluation.recognition.nearest import Score, nearest
from masquerade.evaluation.recognition.rates import Rates, Subjects
from masquerade.evaluation.recognition.trials import Trials
from masquerade.geometry import Floats
from masquerade.training.recognition.faces import Part
from masquerade.training.recognition.views import draw_masks, plain_views

Embed = Callable[[NDArray[np.uint8]], Floats]
"""Gives (n, d) embeddings of (n, 112, 112, 3) views, as the network has them."""

BATCH = 64
PAIRS = 10_000
"""Genuine pairs at most, and impostor pairs at most ``MORE`` times as many."""
MORE = 3
FMR = 1e-2
LEAST = 300
"""Impostor pairs below which nothing is said of ``FMR``: 3 / FMR."""
TEST_MASKS = 3
"""Stream of chance of the masks of test faces: they are the same in every epoch and every run of a seed."""
MEASURES = (
    *("faces", "masked", "rank1", "rank1_masked", "rank1_both"),
    *("accuracy", "accuracy_masked", "tar", "tar_masked"),
)


def measure_part(part: Part, embed: Embed, distance: str, seed: int) -> dict[str, Any]:
    """Measure on a part.

    Args:
        part: faces of people whom the network has not seen.
        embed: the network.
        distance: ``cosine``, or report 2's ``euclidean`` of templates as they are, for nearest neighbours.
        seed: of the masks and the pairs.

    Returns:
        The measures of ``MEASURES``, None where there is too little to measure: ``rank1``, the share of photos whose
        nearest neighbour among all others is of the same person (report 2's measure; photos whose person has no other
        one do not ask, but are there to be mistaken for), with a mask on the asking face (``rank1_masked``), on all
        (``rank1_both``: report 2's own case); ``accuracy`` of bare pairs by ten folds, and of pairs of which one has a
        mask; ``tar`` at a false accept rate of 1e-2 of each, at a threshold of its own. ``faces`` counts them, and
        ``masked`` those on which a mask could be drawn: the others stay out of what is measured with masks.
    """
    if len(part) < 2:
        return dict.fromkeys(MEASURES)
    bare, masked, drawn = _embedded(part, embed, seed)
    labels = part.labels.astype(np.intp)
    found: dict[str, Any] = dict.fromkeys(MEASURES) | {"faces": len(part), "masked": int(drawn.sum())}
    every = np.ones(len(part), np.bool_)
    for name, asking, there in (
        ("rank1", (bare, every), (bare, every)),
        ("rank1_masked", (masked, drawn), (bare, every)),
        ("rank1_both", (masked, drawn), (masked, drawn)),
    ):
        gallery = np.flatnonzero(there[1])
        others = np.bincount(labels[gallery], minlength=labels.max() + 1)[labels] - there[1]
        rows = np.flatnonzero(asking[1] & (others > 0))
        if len(rows):
            best = nearest(_score(asking[0], there[0], distance), rows, gallery)
            found[name] = float((labels[best] == labels[rows]).mean())
    first, second = _pairs(labels, seed).T
    for name, other, kept in (("", bare, every[second]), ("_masked", masked, drawn[second])):
        a, b = first[kept], second[kept]
        scores = np.einsum("nd,nd->n", _unit(bare)[a], _unit(other)[b]).astype(np.float64)
        found |= {f"{word}{name}": value for word, value in _verified(scores, labels[a], labels[b], seed)}
    return found


def _embedded(part: Part, embed: Embed, seed: int) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Embeddings of all faces, bare and with masks, and which have one: some can carry none."""
    bare, masked, chosen = [], [], []
    for start in range(0, len(part), BATCH):
        index = part.index[start : start + BATCH]
        rows = part.faces.rows(index)
        drawn, which = draw_masks(rows, [(seed, TEST_MASKS, int(face)) for face in index])
        bare.append(embed(plain_views(rows)))
        masked.append(embed(plain_views(drawn)))
        chosen.append(which)
    return np.concatenate(bare), np.concatenate(masked), np.concatenate(chosen)


def _score(asking: Floats, there: Floats, distance: str) -> Score:
    """Scores of faces of the one against faces of the other, higher is more alike."""
    if distance == "cosine":
        asking, there = _unit(asking), _unit(there)
        return lambda rows, columns: asking[rows] @ there[columns].T
    squares = (there**2).sum(axis=1)
    return lambda rows, columns: 2 * asking[rows] @ there[columns].T - squares[columns]


def _unit(values: Floats) -> Floats:
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), np.float32(1e-12))


def _pairs(labels: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """Genuine and impostor pairs (n, 2), or none where one sort lacks."""
    rng = np.random.default_rng(seed)
    genuine = genuine_pairs(labels)
    if len(genuine) > PAIRS:
        genuine = genuine[np.sort(rng.permutation(len(genuine))[:PAIRS])]
    others = impostor_pairs(labels, max(LEAST, MORE * len(genuine)), rng)
    return np.concatenate([genuine, others]) if len(genuine) and len(others) else genuine[:0]


def _verified(
    scores: NDArray[np.float64], first: NDArray[np.intp], second: NDArray[np.intp], seed: int
) -> Iterator[tuple[str, float | None]]:
    same = first == second
    if not same.any() or same.all():
        return
    trials = Trials.of(scores, same, subjects_a=first.astype(np.str_), subjects_b=second.astype(np.str_))
    folds = fold_accuracy(_balanced(trials), seed)
    yield "accuracy", None if folds is None else folds.mean
    if trials.impostors < LEAST:
        yield "tar", None
        return
    subjects = Subjects(trials)
    rates, once = Rates(trials, subjects), subjects.as_they_are()
    yield "tar", 1 - float(rates.fnmr(rates.limits(FMR, once), once)[0])


def _balanced(trials: Trials) -> Trials:
    """As many genuine as impostor trials, spread over those that there are: accuracy means little otherwise."""
    genuine, others = np.flatnonzero(trials.same), np.flatnonzero(~trials.same)
    count = min(len(genuine), len(others))
    chosen = [rows[np.linspace(0, len(rows) - 1, count).round().astype(np.intp)] for rows in (genuine, others)]
    return trials[np.concatenate(chosen)]
