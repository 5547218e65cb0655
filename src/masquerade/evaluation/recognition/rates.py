"""Error rates of trials, of all as they are or of many draws of the bootstrap at once.

A trial is a match when its score is above a limit. A genuine trial that failed is a non-match; an impostor trial
that failed was never compared, and does not count for the false match rate.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from masquerade.evaluation.recognition.trials import Floats, Trials

ROUNDS = 1000
CELLS = 4_000_000
"""Numbers of a block that is worked on at once: 32 MB."""
TOLERANCE = 1e-9
"""Keeps a share of weights from missing a rate by rounding."""

Counts = NDArray[np.float64]


class Subjects:
    """The subjects of trials, and draws of them.

    Pairs share people, so people are what is drawn, with replacement (the subsets bootstrap: Bolle, Ratha and
    Pankanti, CVIU 93, 2004). A person drawn k times brings k times their genuine trials; an impostor trial of two
    people drawn k and l times counts k l times (vertex bootstrap: Snijders and Borgatti, Connections 22, 1999;
    pigeonhole bootstrap: Owen, Annals of Applied Statistics 1, 2007), which errs on the side of wide intervals.
    """

    def __init__(self, *trials: Trials) -> None:
        """Take all trials whose subjects are to be drawn together."""
        words = [words for part in trials for words in (part.subjects_a, part.subjects_b)]
        self.names = np.unique(np.concatenate(words)) if words else np.zeros(0, np.str_)

    def __len__(self) -> int:
        """Count the subjects."""
        return len(self.names)

    def index(self, words: NDArray[np.str_]) -> NDArray[np.intp]:
        """Where the names stand, (n,)."""
        return np.searchsorted(self.names, words)

    def as_they_are(self) -> Counts:
        """Each subject once: (1, S)."""
        return np.ones((1, len(self)))

    def draws(self, rounds: int, seed: int, widest: int) -> Iterator[Counts]:
        """Yield blocks (B, S) of how often each subject is drawn, ``rounds`` rows in all.

        Args:
            rounds: how many draws.
            seed: of the draws; the blocks' size does not matter.
            widest: trials of the largest set that is weighted by these.
        """
        rng = np.random.default_rng(seed)
        size, count = max(1, CELLS // max(1, widest)), len(self)
        for start in range(0, rounds, size):
            picks = [
                np.bincount(rng.integers(0, count, count), minlength=count) for _ in range(min(size, rounds - start))
            ]
            yield np.array(picks, np.float64)


class Rates:
    """Trials sorted by score, ready to be weighted."""

    def __init__(self, trials: Trials, subjects: Subjects) -> None:
        """Take trials, and the subjects of which theirs are some."""
        genuine, impostor = trials[trials.same], trials[~trials.same & ~trials.failed]
        order = np.argsort(genuine.scores, kind="stable")
        self.genuine = genuine.scores[order]
        self._owner = subjects.index(genuine.subjects_a[order])
        order = np.argsort(-impostor.scores, kind="stable")
        self.impostor = impostor.scores[order]
        self._first, self._second = (
            subjects.index(impostor.subjects_a[order]),
            subjects.index(impostor.subjects_b[order]),
        )
        self._impostors_of: tuple[Counts, Floats] | None = None
        self._genuine_of: tuple[Counts, Floats] | None = None

    @property
    def highest_subject(self) -> int:
        """The highest index of a subject of these trials; -1 for none."""
        return int(max(part.max(initial=-1) for part in (self._owner, self._first, self._second)))

    def limits(self, fmr: float, counts: Counts) -> Floats:
        """The lowest limit of each draw at which the false match rate is at most ``fmr``: (B,); nan without impostors.

        Args:
            fmr: false match rate, 0 to 1.
            counts: (B, S) as ``Subjects`` draws them.
        """
        summed = self._impostors(counts)
        allowed = fmr * summed[:, -1:] * (1 + TOLERANCE) + TOLERANCE
        # The first score that is one false match too many: only what lies above it matches.
        place = (summed[:, 1:] <= allowed).sum(axis=1)
        limits = np.concatenate([self.impostor, [-np.inf]])[place]
        return np.where(summed[:, -1] > 0, limits, np.nan)

    def fnmr(self, limits: Floats, counts: Counts) -> Floats:
        """False non-match rate at a limit each draw: (B,); nan without genuine trials."""
        summed = self._genuine(counts)
        place = np.searchsorted(self.genuine, limits, "right")
        return np.where(np.isnan(limits), np.nan, _share(_taken(summed, place), summed[:, -1]))

    def fmr(self, limits: Floats, counts: Counts) -> Floats:
        """False match rate at a limit each draw: (B,); nan without impostor trials."""
        summed = self._impostors(counts)
        place = np.searchsorted(-self.impostor, -limits, "left")
        return np.where(np.isnan(limits), np.nan, _share(_taken(summed, place), summed[:, -1]))

    def eer(self, counts: Counts) -> Floats:
        """Equal error rate of each draw: where the line between two neighbouring points of the DET curve crosses."""
        edges = np.concatenate([np.unique(np.concatenate([self.genuine, self.impostor])), [np.inf]])
        genuine, impostor = self._genuine(counts), self._impostors(counts)
        if not len(self.genuine) or not len(self.impostor):
            return np.full(len(counts), np.nan)
        # Match from an edge on: genuine scores below it are missed, impostor scores not below it match.
        missed = _share(genuine[:, np.searchsorted(self.genuine, edges, "left")], genuine[:, -1:])
        matched = _share(impostor[:, np.searchsorted(-self.impostor, -edges, "right")], impostor[:, -1:])
        gap = missed - matched
        after = np.argmax(gap >= 0, axis=1)
        before = np.maximum(after - 1, 0)
        rows = np.arange(len(counts))
        step = gap[rows, after] - gap[rows, before]
        part = np.divide(-gap[rows, before], step, out=np.zeros(len(counts)), where=step > 0)
        crossing = missed[rows, before] + part * (missed[rows, after] - missed[rows, before])
        return np.where((genuine[:, -1] > 0) & (impostor[:, -1] > 0), crossing, np.nan)

    def _genuine(self, counts: Counts) -> Floats:
        if self._genuine_of is None or self._genuine_of[0] is not counts:
            self._genuine_of = (counts, _summed(counts[:, self._owner]))
        return self._genuine_of[1]

    def _impostors(self, counts: Counts) -> Floats:
        if self._impostors_of is None or self._impostors_of[0] is not counts:
            self._impostors_of = (counts, _summed(counts[:, self._first] * counts[:, self._second]))
        return self._impostors_of[1]


def _summed(weights: Floats) -> Floats:
    """Running sums of each row, from 0 on: (B, n + 1)."""
    summed = np.zeros((weights.shape[0], weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=summed[:, 1:])
    return summed


def _taken(summed: Floats, place: NDArray[np.intp]) -> Floats:
    return np.asarray(summed[np.arange(len(summed)), place])


def _share(part: Floats, whole: Floats) -> Floats:
    whole = np.broadcast_to(whole, part.shape)
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0))


def interval(values: Floats) -> tuple[float, float]:
    """The 2.5th and 97.5th percentile of what the draws gave; nan where no draw gave a number."""
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
