"""What a score stands for: the share of pairs of strangers that reach it, measured on a stated set.

A false match rate (FMR) says how often two different people are taken for one. Of N pairs of strangers no rate below
3/N is given: where none of N is seen, the rate may, with 95 % confidence, still be 3/N ("rule of three"; Hanley and
Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249(13), 1983).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import CalibrationInvalid, CalibrationTooSmall
from masquerade.files import write_whole
from masquerade.identity.embedder import Embedder
from masquerade.settings import get_settings

VERSION = 1
NAMED = (1e-2, 1e-3, 1e-4)
"""False match rates that are always on a curve, where there are pairs enough."""
STEPS = 20
"""Points of a curve a decade."""
SURE = 3
"""Rule of three: N pairs speak of rates from SURE / N on."""
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Curve:
    """False match rate by threshold, for one kind of pair.

    Attributes:
        scores: thresholds, growing.
        fmrs: share of impostor pairs that reach each, shrinking.
        pairs: how many impostor pairs were measured.
    """

    scores: tuple[float, ...]
    fmrs: tuple[float, ...]
    pairs: int

    def __post_init__(self) -> None:
        """Check the order and the ranges."""
        scores, fmrs = np.array(self.scores, np.float64), np.array(self.fmrs, np.float64)
        if not isinstance(self.pairs, int) or self.pairs < SURE or scores.ndim != 1 or scores.shape != fmrs.shape:
            raise CalibrationInvalid(
                f"expected as many scores as rates, and {SURE} pairs at least; got {scores.shape}, {fmrs.shape} "
                f"and {self.pairs!r} pairs"
            )
        in_order = bool((np.diff(scores) >= 0).all() and (np.diff(fmrs) <= 0).all())
        if not len(scores) or not np.isfinite(scores).all() or not ((fmrs > 0) & (fmrs <= 1)).all() or not in_order:
            raise CalibrationInvalid("expected growing scores, and rates that shrink, above 0 and up to 1")

    @classmethod
    def of(cls, impostors: NDArray[Any]) -> Curve:
        """Measure it on the scores (n,) of impostor pairs.

        Raises:
            CalibrationInvalid: fewer than three, or one that is no number.
        """
        values = np.sort(np.asarray(impostors, np.float64).ravel())
        count = len(values)
        if count < SURE or not np.isfinite(values).all():
            raise CalibrationInvalid(f"expected {SURE} finite scores of impostor pairs at least, got {count}")
        lowest = math.log10(SURE / count)
        rates = [10 ** (-step / STEPS) for step in range(int(-lowest * STEPS) + 1)]
        allowed = {max(SURE, int(rate * count + 1e-9)) for rate in (*rates, *NAMED)} | {SURE}
        scores, fmrs = [], []
        for most in sorted(allowed, reverse=True):
            # The lowest threshold, of few digits, that no more than so many pairs reach.
            beyond = values[count - most - 1] if most < count else values[0] - 10**-DIGITS
            threshold = (math.floor(beyond * 10**DIGITS) + 1) / 10**DIGITS
            reached = count - int(np.searchsorted(values, threshold, "left"))
            scores.append(threshold)
            fmrs.append(max(reached, SURE) / count)
        return cls(tuple(scores), tuple(fmrs), count)

    @property
    def lowest(self) -> float:
        """The lowest false match rate that so many pairs speak of."""
        return SURE / self.pairs

    def threshold(self, fmr: float) -> float:
        """The lowest threshold on the curve that no more than this share of impostor pairs reaches.

        Raises:
            CalibrationTooSmall: there are too few pairs for so low a rate.
        """
        if not 0 < fmr <= 1:
            raise CalibrationInvalid(f"fmr: expected a rate above 0 and up to 1, got {fmr}")
        fitting = [score for score, rate in zip(self.scores, self.fmrs, strict=True) if rate <= fmr * (1 + 1e-9)]
        if not fitting or fmr < self.lowest * (1 - 1e-9):
            raise CalibrationTooSmall(
                f"{self.pairs:,} impostor pairs speak of no false match rate below {self.lowest:.2g}, "
                f"and {fmr:g} was asked for",
                hint=f"calibrate on {math.ceil(SURE / fmr):,} pairs, or ask for a higher rate",
            )
        return fitting[0]

    def fmr_of(self, score: float) -> float:
        """The false match rate of a threshold at this score; never below 3 / pairs."""
        below = [rate for threshold, rate in zip(self.scores, self.fmrs, strict=True) if threshold <= score]
        return max(below[-1], self.lowest) if below else 1.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """Score to false match rate, apart for pairs of two bare faces and pairs with a masked one.

    Attributes:
        set: what it was measured on, in words.
        model: id of the embedder whose scores these are.
        bare, masked: the curves of the two kinds of pair.
    """

    set: str
    model: str
    bare: Curve
    masked: Curve

    def curve(self, masked: bool) -> Curve:
        """The curve of one kind of pair."""
        return self.masked if masked else self.bare

    def threshold(self, fmr: float, masked: bool) -> float:
        """The lowest score at which no more than this share of strangers is taken for one person.

        Raises:
            CalibrationTooSmall: it was measured on too few pairs for so low a rate.
        """
        try:
            return self.curve(masked).threshold(fmr)
        except CalibrationTooSmall as error:
            kind = "pairs with a masked face" if masked else "pairs of bare faces"
            raise CalibrationTooSmall(f"{kind}: {error.message}", hint=error.hint) from error

    def fmr_of(self, score: float, masked: bool) -> float:
        """The false match rate of a threshold at this score; never below 3 / pairs."""
        return self.curve(masked).fmr_of(score)

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for JSON, the form of a file and of a card's parameter ``calibration``."""
        return {"version": VERSION, "set": self.set, "model": self.model} | {
            kind: {"pairs": curve.pairs, "scores": list(curve.scores), "fmrs": list(curve.fmrs)}
            for kind, curve in (("bare", self.bare), ("masked", self.masked))
        }

    @classmethod
    def from_dict(cls, values: Any, source: str = "calibration") -> Calibration:
        """Read what ``to_dict`` gave; ``source`` names it in messages.

        Raises:
            CalibrationInvalid: another version, a missing field, a value that cannot be.
        """
        curves = {}
        try:
            if values["version"] != VERSION:
                raise CalibrationInvalid(f"{source}: version: expected {VERSION}, got {values['version']!r}")
            for kind in ("bare", "masked"):
                curve = values[kind]
                curves[kind] = Curve(
                    tuple(map(float, curve["scores"])), tuple(map(float, curve["fmrs"])), curve["pairs"]
                )
            words = values["set"], values["model"]
        except KeyError as error:
            raise CalibrationInvalid(f"{source}: lacks {error}", hint="masquerade calibrate writes one") from error
        except (TypeError, ValueError) as error:
            raise CalibrationInvalid(f"{source}: {error}", hint="masquerade calibrate writes one") from error
        except CalibrationInvalid as error:
            raise CalibrationInvalid(error.message if source in error.message else f"{source}: {error}") from error
        if not all(isinstance(word, str) for word in words):
            raise CalibrationInvalid(f"{source}: set, model: expected texts, got {words!r}")
        return cls(*words, bare=curves["bare"], masked=curves["masked"])

    def save(self, path: Path) -> None:
        """Write it to a JSON file, whole or not at all.

        Raises:
            DestinationUnusable: it cannot be written.
        """
        write_whole(path, (json.dumps(self.to_dict(), indent=1) + "\n").encode())

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """Read a JSON file.

        Raises:
            CalibrationInvalid: it cannot be read, or is no calibration.
        """
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CalibrationInvalid(f"{path}: {error}", hint="masquerade calibrate writes one") from error
        return cls.from_dict(values, str(path))


def calibrate(
    impostor_scores_bare: NDArray[Any],
    impostor_scores_masked: NDArray[Any],
    *,
    set: str,  # noqa: A002 - the field's own word
    model: str,
) -> Calibration:
    """Make a calibration.

    Args:
        impostor_scores_bare: (n,) scores of pairs of different people, both bare.
        impostor_scores_masked: (m,) scores of pairs of different people of whom at least one is masked.
        set: what they were measured on, in words.
        model: id of the embedder.

    Raises:
        CalibrationInvalid: fewer than three scores, or one that is no number.
    """
    return Calibration(set, model, Curve.of(impostor_scores_bare), Curve.of(impostor_scores_masked))


def calibration_for(embedder: Embedder, path: Path | None = None) -> Calibration:
    """The calibration that holds for an embedder.

    Args:
        embedder: the model.
        path: a file that takes the place of the one in its card; by default the setting ``identity_calibration``.

    Raises:
        CalibrationInvalid: there is none, it cannot be read, or it is of another model.
    """
    card = embedder.session.card
    file = path or get_settings().identity_calibration
    if file is not None:
        found, source = Calibration.load(file), str(file)
    elif "calibration" in card.parameters:
        source = f"{card.name}: parameters.calibration"
        found = Calibration.from_dict(card.parameters["calibration"], source)
    else:
        raise CalibrationInvalid(
            f"{card.name}: its card holds no calibration, so that its scores stand for nothing yet",
            hint="masquerade calibrate makes one on photos of your own; give it as --calibration FILE",
        )
    if found.model != embedder.id:
        raise CalibrationInvalid(
            f"{source}: is of the model {found.model}, not of {embedder.id}", hint="masquerade calibrate makes one"
        )
    return found
