"""Rank-1 identification: probes against a gallery, and report 2's nearest neighbour."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.identities import BARE, PairList, gallery_of
from masquerade.evaluation.measures import Measure
from masquerade.evaluation.recognition.comparing import VERSIONS, MaskOn
from masquerade.evaluation.recognition.enrolment import UNDRAWN, Enrolment
from masquerade.evaluation.recognition.nearest import has_another, nearest
from masquerade.evaluation.recognition.rates import interval
from masquerade.identity import compare_all

Ints = NDArray[np.intp]

LEAVE_ONE_OUT = "nearest neighbour, each photo against all others (report 2)"
WORDS = {False: "bare", True: "masked"}


@dataclass(frozen=True, slots=True)
class Rank1:
    """How often the most alike photo is of the right person.

    Attributes:
        name: what is looked for among what.
        gallery, probes: photos.
        subjects: people in the gallery.
        failed: probes that gave no template; they count as not recognised.
        rank1: share of the probes that are recognised.
    """

    name: str
    gallery: int
    probes: int
    subjects: int
    failed: int
    rank1: Measure

    def to_dict(self) -> dict[str, Any]:
        """Give the form of JSON."""
        return {
            "name": self.name,
            "gallery": self.gallery,
            "probes": self.probes,
            "subjects": self.subjects,
            "failed": self.failed,
            "rank1": self.rank1.to_dict(),
        }


def identify(pairs: PairList, enrolment: Enrolment, mask: MaskOn, rounds: int, seed: int = 0) -> tuple[Rank1, ...]:
    """Measure rank-1 identification in a closed set, bare and with masks drawn as asked for.

    A probe that failed is not recognised; a photo of the gallery that failed cannot be found.

    Args:
        pairs: whose photos and subjects; none is measured where the subjects are not known.
        enrolment: of the photos.
        mask: which side has masks drawn on.
        rounds: draws of the bootstrap over the probes' subjects.
        seed: of the draws.
    """
    if not pairs.known:
        return ()
    wishes = [(one.name, one.gallery, one.probes) for one in gallery_of(pairs)]
    every = np.flatnonzero(has_another(pairs.subjects))
    wishes.append((LEAVE_ONE_OUT, np.arange(len(pairs.photos)), every))
    found = []
    asked = VERSIONS[mask][-1]
    # The bare version, then that whose masks the user asked for, of the same photos: those that could be drawn on.
    for version in dict.fromkeys([VERSIONS[mask][0], asked]):
        for name, gallery, probes in wishes:
            sides = zip((gallery, probes), map(enrolment.rows, asked), strict=True)
            kept = [photos[rows[photos] != UNDRAWN] for photos, rows in sides]
            kept[1] = _sought(pairs.subjects, *kept)
            if len(kept[0]) and len(kept[1]):
                words = "" if mask == "none" else _version_words(pairs, *version)
                found.append(_rank1(name + words, pairs, enrolment, kept, version, (rounds, seed)))
    return tuple(found)


def _sought(subjects: NDArray[np.str_], gallery: Ints, probes: Ints) -> Ints:
    """The probes whose person is in the gallery on another photo: those on which no mask could be drawn are not."""
    names, index = np.unique(subjects, return_inverse=True)
    there = np.bincount(index[gallery], minlength=len(names))
    return probes[there[index[probes]] > np.isin(probes, gallery)]


def _version_words(pairs: PairList, on_gallery: bool, on_probes: bool) -> str:
    if pairs.kinds is not None and (pairs.kinds != BARE).any():
        drawn = [word for word, on in (("gallery", on_gallery), ("probes", on_probes)) if on]
        return f", masks drawn on {' and '.join(drawn)}" if drawn else ""
    return f", {WORDS[on_probes]} probes, {WORDS[on_gallery]} gallery"


def _rank1(
    name: str,
    pairs: PairList,
    enrolment: Enrolment,
    kept: list[Ints],
    version: tuple[bool, bool],
    draws: tuple[int, int],
) -> Rank1:
    gallery, probes = kept
    gallery_rows, probe_rows = (enrolment.rows(drawn) for drawn in version)
    there = gallery[gallery_rows[gallery] >= 0]
    working = probes[probe_rows[probes] >= 0]

    def score(rows: Ints, columns: Ints) -> NDArray[np.float32]:
        return compare_all(enrolment.templates[probe_rows[rows]], enrolment.templates[gallery_rows[columns]])

    best = nearest(score, working, there)
    hit = np.zeros(len(pairs.photos), np.bool_)
    hit[working] = (best >= 0) & (pairs.subjects[best] == pairs.subjects[working])
    return Rank1(
        name=name,
        gallery=len(gallery),
        probes=len(probes),
        subjects=len(np.unique(pairs.subjects[gallery])),
        failed=len(probes) - len(working),
        rank1=_shared(hit[probes], pairs.subjects[probes], *draws),
    )


def _shared(hits: NDArray[np.bool_], subjects: NDArray[np.str_], rounds: int, seed: int) -> Measure:
    """The share of hits, with its interval by bootstrap over subjects; the gallery stays as it is."""
    _, index = np.unique(subjects, return_inverse=True)
    whole = np.bincount(index).astype(np.float64)
    right = np.bincount(index, hits.astype(np.float64))
    if not rounds:
        return Measure(float(hits.mean()))
    rng = np.random.default_rng(seed)
    count = len(whole)
    drawn = np.array([np.bincount(rng.integers(0, count, count), minlength=count) for _ in range(rounds)])
    values = np.asarray((drawn @ right) / (drawn @ whole), np.float64)
    return Measure(float(hits.mean()) if len(hits) else math.nan, *interval(values))
