"""Enrolled photos to trials: every pair of a protocol scored, in each of its versions with drawn masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.identities import BARE, PairList
from masquerade.evaluation.recognition.enrolment import UNDRAWN, Enrolment
from masquerade.evaluation.recognition.trials import FAILED, UNKNOWN, Trials
from masquerade.identity import compare, either_masked

Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

MaskOn = Literal["none", "probe", "gallery", "both"]
VERSIONS: dict[MaskOn, tuple[tuple[bool, bool], ...]] = {
    "none": ((False, False),),
    "probe": ((False, False), (False, True)),
    "gallery": ((False, False), (True, False)),
    "both": ((False, False), (False, True), (True, False), (True, True)),
}
"""Whether a mask is drawn on the first and on the second photo; the bare version is always there to set thresholds."""
TOGETHER = 20_000
"""Pairs that are compared at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """Trials of one version, and those that it lacks.

    Attributes:
        trials: in the order of the pairs.
        pairs: (n,) index of the pair of each trial.
        as_masked: (n,) bool, whether the product compared them as masked faces, by the wearing model's word.
        not_drawn: pairs that are left out, as no mask could be drawn on a photo.
    """

    trials: Trials
    pairs: Ints
    as_masked: Bools
    not_drawn: int


def compare_pairs(pairs: PairList, enrolment: Enrolment, version: tuple[bool, bool] = (False, False)) -> Compared:
    """Score pairs.

    A face counts as masked when a mask was drawn on it; where none was, by its label, and in sets without labels by
    the wearing model. Of a photo without a label that gave no template nothing is known.

    Args:
        pairs: n of them.
        enrolment: of their photos.
        version: whether the first and the second photo are taken with a mask drawn on.
    """
    rows = [enrolment.rows(drawn)[photos] for drawn, photos in zip(version, (pairs.first, pairs.second), strict=True)]
    kept = np.flatnonzero((rows[0] != UNDRAWN) & (rows[1] != UNDRAWN))
    a, b = rows[0][kept], rows[1][kept]
    worked = np.flatnonzero((a >= 0) & (b >= 0))
    scores, as_masked = np.full(len(kept), FAILED), np.zeros(len(kept), np.bool_)
    for start in range(0, len(worked), TOGETHER):
        part = worked[start : start + TOGETHER]
        ends = enrolment.templates[a[part]], enrolment.templates[b[part]]
        scores[part], as_masked[part] = compare(*ends), either_masked(*ends)
    chosen = pairs.first[kept], pairs.second[kept]
    kinds = [_kinds(pairs, enrolment, photos, drawn) for photos, drawn in zip(chosen, version, strict=True)]
    places = np.array([pairs.place(photo) for photo in range(len(pairs.photos))], np.str_)
    trials = Trials(
        scores=scores,
        same=pairs.same[kept],
        subjects_a=pairs.subjects[chosen[0]],
        subjects_b=pairs.subjects[chosen[1]],
        masked_a=(kinds[0] != BARE) & (kinds[0] != UNKNOWN),
        masked_b=(kinds[1] != BARE) & (kinds[1] != UNKNOWN),
        unknown_a=kinds[0] == UNKNOWN,
        unknown_b=kinds[1] == UNKNOWN,
        kind=_joined(*kinds),
        fold=pairs.folds[kept],
        failed=np.isneginf(scores),
        photos_a=places[chosen[0]],
        photos_b=places[chosen[1]],
    )
    return Compared(trials, kept, as_masked, len(pairs) - len(kept))


def _kinds(pairs: PairList, enrolment: Enrolment, photos: Ints, drawn: bool) -> NDArray[np.str_]:
    """The kind of mask on each photo of a pair, ``none`` for bare faces, ``unknown`` where nothing tells."""
    if drawn:
        return enrolment.kinds[photos]
    if pairs.kinds is not None:
        return pairs.kinds[photos]
    rows = enrolment.bare[photos]
    masked = np.zeros(len(photos), np.bool_)
    masked[rows >= 0] = enrolment.templates.masked[rows[rows >= 0]]
    return np.where(rows < 0, UNKNOWN, np.where(masked, "masked", BARE))


def _joined(a: NDArray[np.str_], b: NDArray[np.str_]) -> NDArray[np.str_]:
    """One kind for a pair: that of the masked face, or both where they differ."""
    first, second = np.where(a < b, a, b), np.where(a < b, b, a)
    both = np.char.add(np.char.add(first, " + "), second)
    return np.where(a == BARE, b, np.where((b == BARE) | (a == b), a, both))
