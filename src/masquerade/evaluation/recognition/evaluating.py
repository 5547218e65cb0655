"""One evaluation from pairs to numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.identities import PairList
from masquerade.datasets.identities.pairing import IMPOSTORS, impostor_pairs
from masquerade.evaluation.recognition.comparing import VERSIONS, Compared, MaskOn, compare_pairs
from masquerade.evaluation.recognition.enrolment import Enrolment, enrol
from masquerade.evaluation.recognition.identification import Rank1, identify
from masquerade.evaluation.recognition.measures import Measured, measure_trials
from masquerade.evaluation.recognition.photos import Reader
from masquerade.evaluation.recognition.rates import ROUNDS
from masquerade.evaluation.recognition.trials import CELLS, Trials
from masquerade.evaluation.recognition.verdicts import Verdicts, verdicts_on
from masquerade.identity import Calibration, Failed, get_embedder

ALL = "all pairs"
MORE = ", more impostors"
"""Ends the name of a group to which impostor pairs were added that the protocol does not name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for.

    Attributes:
        reader: model, choice of the face, and masks.
        mask: on which photos of a pair masks are drawn.
        impostors: impostor pairs that are added to those of the protocol, for low false match rates; 0 adds none.
        rounds: draws of the bootstrap.
        calibration: of the model, where it has one.
        templates: file that templates are taken from, or kept in.
        workers: processes.
    """

    reader: Reader
    mask: MaskOn = "none"
    impostors: int = IMPOSTORS
    rounds: int = ROUNDS
    calibration: Calibration | None = None
    templates: Path | None = None
    workers: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """What came of it.

    Attributes:
        pairs: what was evaluated.
        asked: what was asked for.
        model: id of the embedder.
        groups: trials by the name of a group.
        measured: their measures, and the four cells.
        everything: all trials, those of the cells.
        rank1: identification.
        verdicts: errors at the thresholds of the model's calibration.
        failed: photos that gave no template, and why.
        drawn_failed: photos with a mask drawn on that gave none.
        not_drawn: photos on which no mask could be drawn.
        pairs_not_drawn: pairs left out for that, by version.
        pairs_masked: pairs that are in no group of a version, since a face that was to be bare wears a mask.
        untraced: templates from a file that does not tell which content of a photo they were made of.
        boxes: path and box of the face of each photo as it is, by the photo's name, where it gave a template.
        seen_masked: drawn masks that the wearing model saw as a covered mouth, and how many there were.
    """

    pairs: PairList
    asked: Asked
    model: str
    groups: dict[str, Trials]
    measured: Measured
    everything: Trials
    rank1: tuple[Rank1, ...]
    verdicts: tuple[Verdicts, ...]
    failed: tuple[Failed, ...]
    drawn_failed: tuple[Failed, ...]
    not_drawn: tuple[Failed, ...]
    pairs_not_drawn: dict[str, int]
    pairs_masked: dict[str, int]
    untraced: int
    boxes: dict[str, tuple[str, tuple[float, ...]]]
    seen_masked: tuple[int, int]

    @property
    def masked_by(self) -> str:
        """What tells which faces are masked, in words."""
        drawn = "what was drawn" if self.asked.mask != "none" else ""
        rest = "the labels" if self.pairs.kinds is not None else "the wearing model"
        return f"{drawn}; on photos as they are, {rest}" if drawn else rest

    def to_dict(self) -> dict[str, Any]:
        """Give the form of JSON."""
        reader = self.asked.reader
        return {
            "protocol": self.pairs.name,
            "data": str(self.pairs.root),
            "model": self.model,
            "faces": reader.faces,
            "mask": self.asked.mask,
            "mask_seed": reader.drawing.seed,
            "mask_kinds": list(reader.drawing.kinds),
            "masked_by": self.masked_by,
            "pairs": len(self.pairs),
            "photos": len(self.pairs.photos),
            "subjects": len(np.unique(self.pairs.subjects)),
            "notes": list(self.pairs.notes),
            "rounds": self.asked.rounds,
            "groups": {name: found.to_dict() for name, found in self.measured.groups.items()},
            "cells": [cell.to_dict() for cell in self.measured.cells],
            "no_threshold": {f"{fmr:g}": reason for fmr, reason in self.measured.reasons.items()},
            "rank1": [one.to_dict() for one in self.rank1],
            "calibration": None if self.asked.calibration is None else self.asked.calibration.set,
            "verdicts": [one.to_dict() for one in self.verdicts],
            "failed": [one._asdict() for one in self.failed],
            "masked_failed": [one._asdict() for one in self.drawn_failed],
            "not_drawn": [one._asdict() for one in self.not_drawn],
            "pairs_not_drawn": self.pairs_not_drawn,
            "pairs_masked_already": self.pairs_masked,
            "templates_untraced": self.untraced,
            "drawn_masks_seen": {"seen": self.seen_masked[0], "of": self.seen_masked[1]},
        }


def evaluate(
    pairs: PairList,
    asked: Asked,
    started: Callable[[int], object] = lambda _: None,
    progress: Callable[[], object] = lambda: None,
) -> Evaluation:
    """Evaluate the recognition of people on pairs of photos.

    Args:
        pairs: as the readers of ``datasets.identities`` give them.
        asked: how.
        started: is told how many photos will be read.
        progress: called after each photo.

    Raises:
        ModelError: a model cannot be used.
        TemplatesInvalid: the file of templates is damaged, or of another model.
        DestinationUnusable: it cannot be written.
    """
    sides = VERSIONS[asked.mask][-1]
    drawn = [photos for on, photos in zip(sides, (pairs.first, pairs.second), strict=True) if on]
    masked = np.unique(np.concatenate([np.zeros(0, np.intp), *drawn]))
    enrolment = enrol(
        pairs,
        masked.tolist(),
        asked.reader,
        file=asked.templates,
        workers=asked.workers,
        started=started,
        progress=progress,
    )
    return judge(pairs, asked, enrolment)


def judge(pairs: PairList, asked: Asked, enrolment: Enrolment) -> Evaluation:
    """Measure what came of the photos of a list of pairs.

    Args:
        pairs: what is evaluated.
        asked: how.
        enrolment: templates of its photos, with masks drawn on those that ``asked`` wants masked.

    Raises:
        ModelError: the model cannot be used.
    """
    more = _with_more(pairs, asked.impostors, asked.reader.drawing.seed)
    groups: dict[str, tuple[Trials, NDArray[np.bool_]]] = {}
    lacking, elsewhere = {}, {}
    every = []
    for version in VERSIONS[asked.mask]:
        found = compare_pairs(pairs, enrolment, version)
        wide = found if more is None else compare_pairs(more, enrolment, version)
        every.append(wide.trials)
        if found.not_drawn:
            lacking[_version(version)] = found.not_drawn
        others = len(found.trials) - int(found.trials.within(_version(version)).sum())
        if asked.mask != "none" and others:
            elsewhere[_version(version)] = others
        groups |= _grouped(found, version, asked.mask, "")
        if more is not None:
            groups |= _grouped(wide, version, asked.mask, MORE)
    trials = {name: part for name, (part, _) in groups.items()}
    everything = Trials.joined(every)
    verdicts = (
        ()
        if asked.calibration is None
        else tuple(
            one for name, (part, sort) in groups.items() for one in verdicts_on(name, part, sort, asked.calibration)
        )
    )
    return Evaluation(
        pairs=pairs,
        asked=asked,
        model=get_embedder(asked.reader.model).id,
        groups=trials,
        measured=measure_trials(trials, everything, asked.rounds),
        everything=everything,
        rank1=identify(pairs, enrolment, asked.mask, asked.rounds),
        verdicts=verdicts,
        failed=enrolment.failed,
        drawn_failed=enrolment.drawn_failed,
        not_drawn=enrolment.not_drawn,
        pairs_not_drawn=lacking,
        pairs_masked=elsewhere,
        untraced=enrolment.untraced,
        boxes=_boxes(pairs, enrolment),
        seen_masked=_seen(enrolment),
    )


def _with_more(pairs: PairList, count: int, seed: int) -> PairList | None:
    """The pairs, and impostor pairs of their photos that the protocol lacks; None where there are none.

    Two photos count once, in whichever order: their score is the same, and N would be told too large.
    """
    if not pairs.known or count <= 0:
        return None
    _, owners = np.unique(pairs.subjects, return_inverse=True)
    added = impostor_pairs(owners, count, np.random.default_rng(seed), pairs.first, pairs.second)
    both = np.sort(np.concatenate([np.stack([pairs.first, pairs.second], axis=1), added]), axis=1)
    places = np.unique(both, axis=0, return_index=True)[1] - len(pairs)
    added = added[np.sort(places[places >= 0])]
    if not len(added):
        return None
    return replace(
        pairs,
        first=np.concatenate([pairs.first, added[:, 0]]),
        second=np.concatenate([pairs.second, added[:, 1]]),
        same=np.concatenate([pairs.same, np.zeros(len(added), np.bool_)]),
        folds=np.concatenate([pairs.folds, np.full(len(added), -1, np.int64)]),
    )


def _version(version: tuple[bool, bool]) -> str:
    return CELLS[2 * version[0] + version[1]]


def _grouped(
    found: Compared, version: tuple[bool, bool], mask: MaskOn, ending: str
) -> dict[str, tuple[Trials, NDArray[np.bool_]]]:
    """Groups of trials: all pairs, and those of each cell; without drawn masks both orders of one mask are one cell."""
    trials = found.trials
    if mask != "none":
        rows = trials.within(_version(version))
        groups = {_version(version): rows} if rows.any() else {}
    else:
        cells = {cell: trials.within(cell) for cell in CELLS}
        cells[CELLS[2]] |= cells.pop(CELLS[1])
        present = {cell: rows for cell, rows in cells.items() if (rows & trials.told).any()}
        groups = {ALL: np.ones(len(trials), np.bool_)} | (present if len(present) > 1 else {})
    return {name + ending: (found.trials[rows], found.as_masked[rows]) for name, rows in groups.items()}


def _boxes(pairs: PairList, enrolment: Enrolment) -> dict[str, tuple[str, tuple[float, ...]]]:
    found = {}
    for photo, row in enumerate(enrolment.bare.tolist()):
        if row >= 0:
            box = tuple(float(value) for value in enrolment.templates.boxes[row])
            found[pairs.place(photo)] = (str(pairs.photos[photo]), box)
    return found


def _seen(enrolment: Enrolment) -> tuple[int, int]:
    rows = enrolment.drawn[enrolment.drawn >= 0]
    return int(enrolment.templates.masked[rows].sum()), len(rows)


def failure_counts(failed: tuple[Failed, ...]) -> dict[str, int]:
    """Count failures by their code."""
    return dict(Counter(one.code for one in failed))
