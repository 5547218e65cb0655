"""Both faces of a comparison side by side, with what was found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from masquerade.errors import FacesInvalid
from masquerade.faces import Faces, align_faces, alignment, arcface_template, key_points, landmarks_in_crops
from masquerade.geometry import sample
from masquerade.recognising.drawn import STANDARD, DrawnMasks
from masquerade.recognising.verifying import FaceSide, Verdict
from masquerade.recognising.words import about_rate, about_score, about_side, answer

Bytes = NDArray[np.uint8]
Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]

FINE = 2
"""Everything is drawn this much larger and then averaged down, so that curves are smooth."""
WIDTH, MARGIN, GAP = 880, 40, 32
FACE = (WIDTH - 2 * MARGIN - GAP) // 2, 460
SMALL, SMALL_GAP = 92, 10
SCALE = 0.62
"""Size of a face in its frame, beside that of the tight crop that is compared."""
PAPER, INK, PALE, RULE = (252, 252, 251), (32, 36, 40), (104, 110, 116), (222, 225, 228)
EMPTY = 232
SAME, DIFFERENT = (0, 120, 92), (186, 60, 8)
"""Colours that the colour-blind can tell apart (after Okabe and Ito, 2008), darkened for white text."""


def side_by_side(a: Bytes, b: Bytes, verdict: Verdict, drawn: DrawnMasks = STANDARD) -> Bytes:
    """Draw both faces, the score and its threshold.

    Args:
        a: (height, width, 3) uint8 RGB, the photo of the first face.
        b: the photo of the second.
        verdict: what came of them.
        drawn: which masks were drawn on a bare face; they are shown small.

    Returns:
        (height, 880, 3) uint8 RGB.

    Raises:
        FacesInvalid: it could not be told whether they are one person.
    """
    if verdict.score is None or verdict.threshold is None:
        raise FacesInvalid("verdict: expected two faces that were compared, got none")
    below = MARGIN + FACE[1]
    sheet = _Sheet(below + 296)
    for place, (image, side) in enumerate(((a, verdict.a), (b, verdict.b))):
        x = MARGIN + place * (FACE[0] + GAP)
        sheet.picture(_portrait(image, _face(side)), (x, MARGIN), 18)
        if side.drawn:
            for number, crop in enumerate(_masked(image, _face(side), drawn)):
                corner = x + 14 + number * (SMALL + SMALL_GAP), below - SMALL - 14
                sheet.picture(crop, corner, 12, rim=3, side=SMALL)
        sheet.words((x + 2, below + 14), side.photo.replace("\\", "/").rpartition("/")[2], 17, INK, FACE[0])
        sheet.words((x + 2, below + 40), about_side(side), 15, PALE, FACE[0])
    _verdict(sheet, verdict, below + 88)
    return sheet.finished()


def _verdict(sheet: _Sheet, verdict: Verdict, y: float) -> None:
    """The answer, and the score on a scale from 0 to 1."""
    assert verdict.score is not None and verdict.threshold is not None  # noqa: S101 - the caller has looked
    colour = SAME if verdict.same else DIFFERENT
    right = sheet.pill((MARGIN, y), answer(verdict), 24, colour)
    sheet.words((right + 20, y + 4), about_score(verdict), 16, INK, WIDTH - MARGIN - right - 20)
    sheet.words((right + 20, y + 27), about_rate(verdict), 14, PALE, WIDTH - MARGIN - right - 20)
    top = y + 96
    left, span = MARGIN, WIDTH - 2 * MARGIN
    score, threshold = (left + span * min(max(value, 0), 1) for value in (verdict.score, verdict.threshold))
    sheet.bar((left, top, left + span, top + 10), RULE)
    if score - left > 10:
        sheet.bar((left, top, score, top + 10), colour)
    sheet.bar((threshold - 1.5, top - 9, threshold + 1.5, top + 19), INK)
    sheet.dot((score, top + 5), 10, colour)
    sheet.centred((threshold, top + 24), f"threshold {verdict.threshold:.2f}", 14, PALE)
    footer = f"{verdict.model}, calibrated on {verdict.calibration}"
    sheet.words((MARGIN, top + 66), footer, 12, PALE, WIDTH - 2 * MARGIN)
    sheet.centred((score, top - 30), f"{verdict.score:.2f}", 16, colour)


def _face(side: FaceSide) -> Faces:
    assert side.faces is not None  # noqa: S101 - a verdict with a score has both
    return side.faces


def _points(faces: Faces) -> NDArray[np.float32]:
    points = faces.points if faces.landmarks is None else key_points(faces.landmarks)
    return np.asarray(points[0], np.float32)


def _portrait(image: Bytes, faces: Faces) -> Bytes:
    """The face upright, with some room around it."""
    width, height = FACE[0] * FINE, FACE[1] * FINE
    tight = arcface_template()
    template = (tight - tight.mean(axis=0)) * (SCALE * width / 112) + (width / 2, height * 0.53)
    return sample(image, alignment(_points(faces), template=template), (width, height), EMPTY)


def _masked(image: Bytes, faces: Faces, drawn: DrawnMasks) -> Bytes:
    """The face as it was compared: (count, 112, 112, 3)."""
    return np.asarray(drawn.draw(align_faces(image, faces), landmarks_in_crops(faces))[0], np.uint8)


@dataclass(slots=True)
class _Sheet:
    """Paper to draw on; all places and sizes in pixels of the finished picture."""

    height: int
    paper: Image.Image
    draw: ImageDraw.ImageDraw

    def __init__(self, height: int) -> None:
        self.height = height
        self.paper = Image.new("RGB", (WIDTH * FINE, height * FINE), PAPER)
        self.draw = ImageDraw.Draw(self.paper)

    def finished(self) -> Bytes:
        return np.asarray(self.paper.resize((WIDTH, self.height), Image.Resampling.BOX), np.uint8)

    def picture(self, pixels: Bytes, corner: tuple[float, float], radius: float, rim: float = 0, side: int = 0) -> None:
        """A picture with round corners; with a white rim, and made square where a side is given."""
        image = Image.fromarray(pixels)
        if side:
            image = image.resize((side * FINE, side * FINE), Image.Resampling.LANCZOS)
        x, y = (round(value * FINE) for value in corner)
        if rim:
            edge = rim * FINE
            box = (x - edge, y - edge, x + image.width + edge - 1, y + image.height + edge - 1)
            self.draw.rounded_rectangle(box, (radius + rim) * FINE, (255, 255, 255))
        shape = Image.new("L", image.size, 0)
        ImageDraw.Draw(shape).rounded_rectangle((0, 0, image.width - 1, image.height - 1), radius * FINE, 255)
        self.paper.paste(image, (x, y), shape)

    def words(self, corner: tuple[float, float], text: str, size: float, colour: Colour, room: float) -> None:
        """One line of text, cut where there is no more room."""
        font = _font(size)
        text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
        if font.getlength(text) > room * FINE:
            while text and font.getlength(f"{text}...") > room * FINE:
                text = text[:-1]
            text += "..."
        self.draw.text((corner[0] * FINE, corner[1] * FINE), text, colour, font)

    def centred(self, top: tuple[float, float], text: str, size: float, colour: Colour) -> None:
        """A line of text about a place, moved inwards from the edge."""
        half = _font(size).getlength(text) / 2 / FINE
        x = min(max(top[0], MARGIN + half), WIDTH - MARGIN - half)
        self.words((x - half, top[1]), text, size, colour, WIDTH)

    def pill(self, corner: tuple[float, float], text: str, size: float, colour: Colour) -> float:
        """White words on a coloured ground; gives its right edge."""
        x, y = corner
        width, height = _font(size).getlength(text) / FINE + 44, size + 24
        self.bar((x, y, x + width, y + height), colour)
        self.draw.text(((x + width / 2) * FINE, (y + height / 2) * FINE), text, (255, 255, 255), _font(size), "mm")
        return x + width

    def bar(self, box: Box, colour: Colour) -> None:
        x0, y0, x1, y1 = (value * FINE for value in box)
        self.draw.rounded_rectangle((x0, y0, x1, y1), min(x1 - x0, y1 - y0) / 2, colour)

    def dot(self, centre: tuple[float, float], radius: float, colour: Colour) -> None:
        x, y = centre
        for size, fill in ((radius, (255, 255, 255)), (radius - 3, colour)):
            box = tuple(value * FINE for value in (x - size, y - size, x + size, y + size))
            self.draw.ellipse(box, fill)


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * FINE)
