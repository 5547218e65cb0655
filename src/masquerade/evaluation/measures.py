"""All measures of a wearing model on labelled faces, each with its 95 % interval.

Every measure is a function of sums over faces (how often each label was called each, losses, bins of confidence), so
that a draw of the bootstrap is a weighted sum over groups.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.types import LABELS
from masquerade.evaluation.calibration import BINS, bin_sums, error_of
from masquerade.evaluation.predictions import Predictions

ROUNDS = 1000
REPORT_BATCH = 10
"""Batch size of report 1, whose test loss is the sum of batch means over the number of images."""
COUNTS = {"correct": "accuracy", "effective_words": "effective_words_share", "effective_code": "effective_code_share"}
"""Counts of faces, and the same as shares."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """One number; nan where there is nothing to count.

    Attributes:
        value: of all faces.
        low, high: 95 % interval by bootstrap over groups; nan where none was asked for.
    """

    value: float
    low: float = math.nan
    high: float = math.nan

    def to_dict(self) -> dict[str, float | None]:
        """Give ``{"value", "low", "high"}``, None for nan."""
        return {name: _json(getattr(self, name)) for name in ("value", "low", "high")}


@dataclass(frozen=True, slots=True)
class Measures:
    """Measures of one model on one set of faces.

    Attributes:
        labels: names of the C labels.
        faces, groups: how many faces, and how many groups of near-duplicate photos.
        confusion: C rows of C counts, true label by row, predicted by column.
        values: by name, as ``names_of`` lists them.
    """

    labels: tuple[str, ...]
    faces: int
    groups: int
    confusion: tuple[tuple[int, ...], ...]
    values: dict[str, Measure]

    def __getitem__(self, name: str) -> Measure:
        """Give one measure by name."""
        return self.values[name]

    @property
    def empty(self) -> tuple[str, ...]:
        """Labels that no face has: their recall is nan, and macro-F1 leaves them out unless they were predicted."""
        return tuple(name for name, row in zip(self.labels, self.confusion, strict=True) if not sum(row))

    def to_dict(self) -> dict[str, Any]:
        """Give all of it for JSON, None for nan."""
        return {
            "labels": list(self.labels),
            "faces": self.faces,
            "groups": self.groups,
            "empty": list(self.empty),
            "confusion": [list(row) for row in self.confusion],
            **{name: value.to_dict() for name, value in self.values.items()},
        }


def measure(predictions: Predictions, intervals: bool = True, rounds: int = ROUNDS, seed: int = 0) -> Measures:
    """Measure predictions.

    The measures: ``loss`` is the mean cross-entropy an image, ``report_loss`` what report 1 calls average testing
    loss: the sum of the means of batches of ten over the number of images, ten times too small. ``correct`` counts
    faces; its interval is that of the share, times the faces. ``effective_words`` counts them by the words of report
    1, where without_mask and incorrect count as one, ``effective_code`` by the rule in its code, where with_mask and
    incorrect do. ``accuracy`` and ``effective_*_share`` are the same as shares. An alert is a face called
    without_mask or incorrect. Precision, recall and F1 are those of van Rijsbergen; ``macro_f1`` is the mean over
    labels that occur.

    Args:
        predictions: n faces.
        intervals: whether to draw the bootstrap: whole groups with replacement (Efron 1979).
        rounds: how many draws.
        seed: of the draws.
    """
    sums = _sums(predictions)
    point = _values(sums.sum(axis=0), len(predictions.labels))
    groups = np.unique(predictions.groups)
    spread = _bootstrap(sums, predictions, rounds, seed) if intervals and len(groups) else {}
    values = {name: Measure(float(value), *spread.get(name, ())) for name, value in point.items()}
    # A draw of groups has more faces, or fewer: its counts say nothing, its shares do.
    for name, share in COUNTS.items():
        found = values[share]
        values[name] = Measure(values[name].value, found.low * len(predictions), found.high * len(predictions))
    values["report_loss"] = Measure(report_loss(predictions.losses))
    count = len(predictions.labels)
    confusion = sums[:, : count * count].sum(axis=0).reshape(count, count).astype(int)
    rows = tuple(tuple(row) for row in confusion.tolist())
    return Measures(predictions.labels, len(predictions), len(groups), rows, values)


def report_loss(losses: Floats, batch: int = REPORT_BATCH) -> float:
    """Average testing loss as report 1's code counts it: sum of batch means, divided by the number of images.

    Args:
        losses: (n,) loss of each image in the order in which they were tested.
        batch: images a batch.
    """
    if not len(losses):
        return math.nan
    return float(sum(losses[start : start + batch].mean() for start in range(0, len(losses), batch)) / len(losses))


def _sums(predictions: Predictions) -> Floats:
    """For each face a row whose sum over faces holds all that is counted: confusion, loss, bins of confidence."""
    count, faces = len(predictions.labels), len(predictions)
    said = predictions.predicted
    cells = np.zeros((faces, count * count))
    cells[np.arange(faces), predictions.truth * count + said] = 1
    bins = bin_sums(predictions.confidence, said == predictions.truth).reshape(faces, 3 * BINS)
    return np.concatenate([cells, predictions.losses[:, None], bins], axis=1)


def _bootstrap(sums: Floats, predictions: Predictions, rounds: int, seed: int) -> dict[str, tuple[float, float]]:
    members, index = np.unique(predictions.groups, return_inverse=True)
    by_group = np.zeros((len(members), sums.shape[1]))
    np.add.at(by_group, index, sums)
    rng = np.random.default_rng(seed)
    drawn = np.empty((rounds, sums.shape[1]))
    for number in range(rounds):
        picks = rng.integers(0, len(members), len(members))
        drawn[number] = np.bincount(picks, minlength=len(members)) @ by_group
    spread = {}
    for name, values in _values(drawn, len(predictions.labels)).items():
        if not np.isnan(values).all():
            low, high = np.nanpercentile(values, [2.5, 97.5])
            spread[name] = (float(low), float(high))
    return spread


def _values(sums: Floats, count: int) -> dict[str, Floats]:
    """Every measure of sums (..., D) as ``_sums`` gives them."""
    cells = count * count
    confusion = sums[..., :cells].reshape(*sums.shape[:-1], count, count)
    faces = confusion.sum(axis=(-2, -1))
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    true, said = confusion.sum(axis=-1), confusion.sum(axis=-2)
    correct = hits.sum(axis=-1)
    words, code = correct, correct
    if count == len(LABELS):
        words = correct + confusion[..., 1, 2] + confusion[..., 2, 1]
        code = correct + confusion[..., 0, 2] + confusion[..., 2, 0]
    alerts = confusion[..., 1:, 1:].sum(axis=(-2, -1))
    f1 = _ratio(2 * hits, true + said)
    values = {
        "loss": _ratio(sums[..., cells], faces),
        "correct": correct,
        "effective_words": words,
        "effective_code": code,
        "accuracy": _ratio(correct, faces),
        "effective_words_share": _ratio(words, faces),
        "effective_code_share": _ratio(code, faces),
        "macro_f1": _mean_of_known(f1),
        "alert_recall": _ratio(alerts, true[..., 1:].sum(axis=-1)),
        "alert_precision": _ratio(alerts, said[..., 1:].sum(axis=-1)),
        "calibration_error": error_of(sums[..., cells + 1 :].reshape(*sums.shape[:-1], -1, 3)),
    }
    for index, label in enumerate(LABELS[:count]):
        values[f"recall_{label}"] = _ratio(hits[..., index], true[..., index])
        values[f"precision_{label}"] = _ratio(hits[..., index], said[..., index])
        values[f"f1_{label}"] = f1[..., index]
    return values


def _ratio(part: Any, whole: Any) -> Floats:
    whole = np.asarray(whole, np.float64)
    return np.asarray(np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0), np.float64)


def _mean_of_known(values: Floats) -> Floats:
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0).sum(axis=-1), known.sum(axis=-1))


def _json(value: float) -> float | None:
    return None if math.isnan(value) else value


@dataclass(frozen=True, slots=True)
class Abstaining:
    """What comes of a model that says nothing below a confidence.

    Attributes:
        confidence: the smallest probability of the likeliest label at which it speaks.
        abstained: share of faces on which it says nothing; nan when there is no face.
        accuracy: on the rest; nan when it never speaks.
        alert_recall: on the rest.
    """

    confidence: float
    abstained: float
    accuracy: Measure
    alert_recall: Measure

    def to_dict(self) -> dict[str, Any]:
        """Give all of it for JSON, None for nan."""
        return {
            "confidence": self.confidence,
            "abstained": _json(self.abstained),
            "accuracy": self.accuracy.to_dict(),
            "alert_recall": self.alert_recall.to_dict(),
        }


def abstain_below(predictions: Predictions, confidence: float, rounds: int = ROUNDS) -> Abstaining:
    """Measure a model that abstains where its likeliest label has a probability below ``confidence``."""
    spoken = predictions.confidence >= confidence
    rest = measure(predictions[spoken], rounds=rounds)
    share = float(1 - spoken.mean()) if len(spoken) else math.nan
    return Abstaining(confidence, share, rest["accuracy"], rest["alert_recall"])
