"""A calibration of an embedder, measured on the user's own folders."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.identities import IdentitySet, PairList
from masquerade.datasets.identities.pairing import impostor_pairs
from masquerade.datasets.identities.sharing import identity_key
from masquerade.datasets.identities.types import NO_FOLD
from masquerade.errors import CalibrationTooSmall
from masquerade.evaluation.recognition.comparing import Compared, compare_pairs
from masquerade.evaluation.recognition.enrolment import enrol
from masquerade.evaluation.recognition.measures import SURE, too_few
from masquerade.evaluation.recognition.photos import Reader
from masquerade.identity import Calibration, Failed, calibrate, get_embedder

Masks = Literal["drawn", "real", "both"]
MASKS: tuple[Masks, ...] = get_args(Masks)
PAIRS = 300_000
"""Impostor pairs that are drawn at most."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for.

    Attributes:
        reader: model, choice of the face, and masks.
        masks: masked pairs are those with a ``drawn`` mask, those with a ``real`` one by the wearing model, or both.
        fmr: the lowest false match rate that the calibration must speak of.
        pairs: impostor pairs that are drawn at most.
        seed: of the pairs.
        templates: file that templates are taken from, or kept in.
        workers: processes.
    """

    reader: Reader
    masks: Masks = "drawn"
    fmr: float = 1e-3
    pairs: int = PAIRS
    seed: int = 0
    templates: Path | None = None
    workers: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """What came of it.

    Attributes:
        calibration: the curves.
        identities, photos: that were given.
        bare, drawn, real: impostor pairs of each sort that were measured.
        failed: photos, as they are and with a mask drawn on, that gave no template.
        not_drawn: photos on which no mask could be drawn.
    """

    calibration: Calibration
    identities: int
    photos: int
    bare: int
    drawn: int
    real: int
    failed: tuple[Failed, ...]
    not_drawn: tuple[Failed, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the form of JSON."""
        return {
            "set": self.calibration.set,
            "model": self.calibration.model,
            "identities": self.identities,
            "photos": self.photos,
            "pairs": {"bare": self.bare, "masked_drawn": self.drawn, "masked_real": self.real},
            "failed": [one._asdict() for one in self.failed],
            "not_drawn": [one._asdict() for one in self.not_drawn],
        }


def calibrate_on(
    sets: Sequence[IdentitySet],
    wish: Wish,
    started: Callable[[int], object] = lambda _: None,
    progress: Callable[[], object] = lambda: None,
) -> Calibrated:
    """Measure how often pairs of strangers reach a score, apart for bare and for masked pairs.

    Identities of one name in several sets count as one person, so that nobody is taken for a stranger to themselves.

    Args:
        sets: one or more.
        wish: how.
        started: is told how many photos will be read.
        progress: called after each photo.

    Raises:
        CalibrationTooSmall: there are too few pairs of one sort; the message says how many people it takes.
        ModelError: a model cannot be used.
        TemplatesInvalid: the file of templates is damaged, or of another model.
    """
    pairs = strangers(sets, wish.pairs, wish.seed)
    people = len(np.unique(pairs.subjects))
    _refuse("bare", len(pairs), wish.fmr, people, len(pairs.photos))
    drawn = wish.masks in {"drawn", "both"}
    enrolment = enrol(
        pairs,
        np.unique(pairs.second).tolist() if drawn else [],
        wish.reader,
        file=wish.templates,
        workers=wish.workers,
        started=started,
        progress=progress,
    )
    bare, real = _split(compare_pairs(pairs, enrolment))
    rendered = np.zeros(0)
    if drawn:
        found = compare_pairs(pairs, enrolment, (False, True))
        rendered = _split(found, ~found.trials.masked_a)[1]
    masked = np.concatenate([rendered, real if wish.masks != "drawn" else np.zeros(0)])
    for sort, scores in (("bare", bare), ("masked", masked)):
        _refuse(sort, len(scores), wish.fmr, people, len(pairs.photos))
    words = f"{pairs.name}: {people:,} identities, {len(pairs.photos):,} photos; {_masks(wish)}"
    return Calibrated(
        calibration=calibrate(bare, masked, set=words, model=get_embedder(wish.reader.model).id),
        identities=people,
        photos=len(pairs.photos),
        bare=len(bare),
        drawn=len(rendered),
        real=len(masked) - len(rendered),
        failed=enrolment.failed + enrolment.drawn_failed,
        not_drawn=enrolment.not_drawn,
    )


def strangers(sets: Sequence[IdentitySet], count: int, seed: int) -> PairList:
    """Pairs of photos of different people, drawn by chance from all sets."""
    subjects = np.array([identity_key(one.names[owner]) for one in sets for owner in one.owners], np.str_)
    _, owners = np.unique(subjects, return_inverse=True)
    drawn = impostor_pairs(owners, count, np.random.default_rng(seed))
    # Which of the two stands first, and is bare where the other one gets a mask, is chance as well.
    turned = np.random.default_rng([seed, 1]).random(len(drawn)) < 0.5
    drawn[turned] = drawn[turned, ::-1]
    return PairList(
        name=", ".join(one.name for one in sets),
        root=Path(os.path.commonpath([one.root for one in sets])),
        photos=tuple(path for one in sets for path in one.photos),
        subjects=subjects,
        kinds=None,
        first=drawn[:, 0],
        second=drawn[:, 1],
        same=np.zeros(len(drawn), np.bool_),
        folds=np.full(len(drawn), NO_FOLD, np.int64),
    )


def _split(found: Compared, rows: NDArray[np.bool_] | None = None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores of trials that did not fail: those compared as bare faces, and those compared as masked ones."""
    kept = ~found.trials.failed if rows is None else ~found.trials.failed & rows
    scores = found.trials.scores
    return scores[kept & ~found.as_masked], scores[kept & found.as_masked]


def _refuse(sort: str, pairs: int, fmr: float, people: int, photos: int) -> None:
    reason = too_few(fmr, pairs)
    if not reason:
        return
    wanted = SURE / fmr
    alone = math.ceil((1 + math.sqrt(1 + 8 * wanted)) / 2)
    each = max(1.0, photos / max(1, people))
    more = math.ceil((1 + math.sqrt(1 + 8 * wanted / each**2)) / 2)
    raise CalibrationTooSmall(
        f"{people:,} identities with {photos:,} photos: {sort} pairs are {reason}",
        hint=f"that takes {alone} identities with one photo each, or {more} with {each:.1f} photos each"
        if more < alone
        else f"that takes {alone} identities with one photo each",
    )


def _masks(wish: Wish) -> str:
    drawing = wish.reader.drawing
    words = f"masks drawn ({', '.join(drawing.kinds)}; seed {drawing.seed})"
    return {"drawn": words, "real": "real masks", "both": f"real masks, and {words}"}[wish.masks]
