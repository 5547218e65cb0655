"""Are two faces one person's? With the false match rate that the answer stands for."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from masquerade.errors import ExtraMissing, FacesInvalid, FaceUnusable, ImageError, MasqueradeError
from masquerade.faces import Faces, Quality
from masquerade.identity import Calibration, Embedder, Templates, calibration_for, compare, get_embedder
from masquerade.image import ImageSource
from masquerade.recognising.choosing import Which
from masquerade.recognising.drawn import STANDARD, DrawnMasks
from masquerade.recognising.enrolling import Enrolled, photo_name, read_templates, usable_faces
from masquerade.recognising.floor import QualityFloor
from masquerade.settings import get_settings


@dataclass(frozen=True, slots=True, eq=False)
class FaceSide:
    """One of the two faces of a comparison.

    Attributes:
        photo: its name; empty of what has none.
        box: x0, y0, x1, y1 in pixels of the upright photo; None where no face could be used.
        masked: the mouth is covered; None where no face could be used.
        kind: what covers it, ``none`` where nothing does; None where the model does not say.
        drawn: masks were drawn on it, because the other one is masked.
        quality: measures of the face, see ``faces.Quality``.
        error: why no face could be used.
        faces: the face as arrays.
    """

    photo: str
    box: tuple[float, float, float, float] | None = None
    masked: bool | None = None
    kind: str | None = None
    drawn: bool = False
    quality: Quality | None = None
    error: MasqueradeError | None = None
    faces: Faces | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        measures = (
            None
            if self.quality is None
            else {item.name: round(float(getattr(self.quality, item.name)[0]), 4) for item in fields(Quality)}
        )
        return {
            "photo": self.photo,
            "box": None if self.box is None else list(self.box),
            "masked": self.masked,
            "kind": self.kind,
            "drawn": self.drawn,
            "quality": measures,
            "error": None if self.error is None else self.error.to_dict(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """The answer to "one person or two?".

    Attributes:
        same: the score reaches the threshold; None: it could not be told, and the sides say why.
        score: cosine of the two templates, -1 to 1; None where it could not be told.
        threshold: the least score of one person.
        fmr: false match rate at that threshold: how often two strangers would be taken for one person.
        a, b: the two faces.
        model: id of the embedder.
        calibration: what the threshold was measured on, in words.
    """

    same: bool | None
    score: float | None
    threshold: float | None
    fmr: float
    a: FaceSide
    b: FaceSide
    model: str
    calibration: str

    def to_dict(self) -> dict[str, Any]:
        """Give the form of ``masquerade verify --json``."""
        return {
            "same": self.same,
            "score": None if self.score is None else round(self.score, 4),
            "threshold": None if self.threshold is None else round(self.threshold, 4),
            "fmr": self.fmr,
            "a": self.a.to_dict(),
            "b": self.b.to_dict(),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Verifier:
    """Compares two photos; keeps nothing of them.

    Attributes:
        embedder: makes the templates.
        calibration: tells what their scores stand for.
        fmr: false match rate at which two faces are called the same person.
        faces: which face of a photo, ``one`` or ``largest``.
        floor: least quality of a face.
        drawn: which masks are drawn on a bare face.
    """

    embedder: Embedder
    calibration: Calibration
    fmr: float
    faces: Which = "one"
    floor: QualityFloor | None = None
    drawn: DrawnMasks = STANDARD

    def __post_init__(self) -> None:
        """Refuse a rate that the calibration cannot speak of, before any photo is read."""
        if self.faces == "all":
            raise ValueError("faces: expected one or largest: a pair is one face each")
        self.calibration.threshold(self.fmr, masked=self.calibration.masked.pairs > self.calibration.bare.pairs)

    def __call__(self, a: ImageSource, b: ImageSource) -> Verdict:
        """Compare two photos; a photo without a usable face gives a verdict of None that says why.

        Raises:
            CalibrationTooSmall: the calibration speaks of no rate as low as ``fmr`` for this kind of pair.
            ModelError: a model cannot be used.
        """
        first, second = self._end(a), self._end(b)
        words = self.embedder.id, self.calibration.set
        if isinstance(first, MasqueradeError) or isinstance(second, MasqueradeError):
            return Verdict(None, None, None, self.fmr, _side(a, first), _side(b, second), *words)
        masked = bool(first.masked[0] or second.masked[0])
        one, other = self._templates(first, masked), self._templates(second, masked)
        if isinstance(one, MasqueradeError) or isinstance(other, MasqueradeError):
            ends = [
                found if isinstance(found, MasqueradeError) else end for found, end in ((one, first), (other, second))
            ]
            return Verdict(None, None, None, self.fmr, _side(a, ends[0]), _side(b, ends[1]), *words)
        score = float(compare(one, other)[0])
        threshold = self.calibration.threshold(self.fmr, masked)
        sides = _side(a, first, masked), _side(b, second, masked)
        return Verdict(score >= threshold, score, threshold, self.fmr, *sides, *words)

    def _end(self, source: ImageSource) -> Enrolled | MasqueradeError:
        try:
            return usable_faces(source, self.faces, self.floor)
        except (FacesInvalid, FaceUnusable, ImageError, ExtraMissing) as error:
            return error

    def _templates(self, end: Enrolled, masked: bool) -> Templates | MasqueradeError:
        """Masks are drawn where one of the two faces is masked; two bare ones are compared as they are."""
        drawn = self.drawn if masked else None
        try:
            return read_templates(end.image, end.faces, wearing=end.wearing, embedder=self.embedder, drawn=drawn)
        except FacesInvalid as error:  # its points fall together
            return error


def _side(source: ImageSource, end: Enrolled | MasqueradeError, any_masked: bool = False) -> FaceSide:
    photo = photo_name(source)
    if isinstance(end, MasqueradeError):
        return FaceSide(photo, error=end)
    x0, y0, x1, y1 = (round(float(value), 1) for value in end.faces.boxes[0])
    return FaceSide(
        photo=photo,
        box=(x0, y0, x1, y1),
        masked=bool(end.masked[0]),
        kind=end.wearing.likeliest_kinds[0],
        drawn=any_masked and not end.masked[0],
        quality=end.quality,
        faces=end.faces,
    )


def make_verifier(
    *,
    fmr: float | None = None,
    faces: Which = "one",
    model: str | None = None,
    calibration: Path | None = None,
) -> Verifier:
    """Make ready to compare photos.

    Args:
        fmr: false match rate at which two faces are called the same person; by default the setting ``identity_fmr``.
        faces: ``one`` expects a single face in each photo, ``largest`` takes the largest.
        model: a registered embedder or the path of an ONNX file; by default the setting ``identity_model``.
        calibration: a file that takes the place of the one in the model's card.

    Raises:
        ModelError: a model cannot be used.
        CalibrationInvalid: there is no calibration, or one of another model.
        CalibrationTooSmall: it speaks of no rate as low as ``fmr``.
    """
    embedder = get_embedder(model)
    rate = get_settings().identity_fmr if fmr is None else fmr
    return Verifier(embedder, calibration_for(embedder, calibration), rate, faces)


def verify(
    a: ImageSource,
    b: ImageSource,
    *,
    fmr: float | None = None,
    faces: Which = "one",
    model: str | None = None,
    calibration: Path | None = None,
) -> Verdict:
    """Tell whether two photos show one person. Nothing is stored.

    As soon as one of the two wears a mask, masks are drawn on the other one, so that like is compared with like.

    Args:
        a: a photo: path, bytes, file object, Pillow image or array (height, width[, channels]), RGB.
        b: another one.
        fmr: false match rate at which two faces are called the same person; by default the setting ``identity_fmr``.
        faces: ``one`` expects a single face in each photo, ``largest`` takes the largest.
        model: a registered embedder or the path of an ONNX file; by default the setting ``identity_model``.
        calibration: a file that takes the place of the one in the model's card.

    Returns:
        The answer with its score, threshold and false match rate.

    Raises:
        ImageError: a photo cannot be used.
        NoFace, SeveralFaces, FaceQualityLow, FacesInvalid: a photo gives no usable face.
        ModelError: a model cannot be used.
        CalibrationInvalid: there is no calibration, or one of another model, or too small a one.
    """
    verdict = make_verifier(fmr=fmr, faces=faces, model=model, calibration=calibration)(a, b)
    for side in (verdict.a, verdict.b):
        if side.error is not None:
            raise side.error
    return verdict
