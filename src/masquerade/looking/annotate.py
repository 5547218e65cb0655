"""Draw what was seen onto a picture: a frame around each face, its label and what shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from masquerade.looking.seen import Seen, SeenFace
from masquerade.wearing.types import UNDECIDED

COLOURS = {
    "with_mask": (0, 140, 105),
    "without_mask": (200, 62, 0),
    "incorrect": (214, 143, 0),
    UNDECIDED: (96, 104, 112),
}
"""Colours that the colour-blind can tell apart (after Okabe and Ito, 2008), darkened for white text."""
WORDS = {"with_mask": "mask", "without_mask": "no mask", "incorrect": "mask worn wrongly", UNDECIDED: "undecided"}


class Labelled(Protocol):
    """Somebody in a film: where, and how the mask is worn; ``live.Person`` is one."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 in pixels."""

    @property
    def wearing(self) -> str:
        """A label, or ``undecided``."""

    @property
    def shows(self) -> tuple[str, ...]:
        """Which of nose, mouth and chin show beside the mask."""


def caption(face: SeenFace) -> str:
    """The words above a face: label, probability, and what shows when the mask is worn wrongly."""
    words = f"{WORDS[face.wearing.label]} {face.wearing.probability:.0%}"
    shown = face.wearing.label == "incorrect" and face.wearing.visible
    return f"{words}: {', '.join(face.wearing.visible)}" if shown else words


def annotate(image: NDArray[np.uint8], seen: Seen) -> NDArray[np.uint8]:
    """Draw every face onto a copy of its picture.

    Args:
        image: (height, width, 3) uint8 RGB, the picture that was looked at.
        seen: what was seen in it.

    Returns:
        (height, width, 3) uint8 RGB.
    """
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    for face in reversed(list(seen)):
        _draw_face(draw, face.box, face.wearing.label, caption(face), picture.size)
    return np.asarray(picture, np.uint8)


def draw_labels(image: NDArray[np.uint8], people: Iterable[Labelled]) -> NDArray[np.uint8]:
    """Draw people of a film onto a copy of a frame: a frame around each face, and how the mask is worn."""
    picture = Image.fromarray(image)
    draw = ImageDraw.Draw(picture)
    for person in people:
        shown = f": {', '.join(person.shows)}" if person.shows else ""
        _draw_face(draw, person.box, person.wearing, f"{WORDS[person.wearing]}{shown}", picture.size)
    return np.asarray(picture, np.uint8)


def _draw_face(
    draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], label: str, words: str, size: tuple[int, int]
) -> None:
    x0, y0, x1, y1 = box
    colour = COLOURS[label]
    side = max(x1 - x0, y1 - y0)
    thick = max(1, round(side / 50))
    draw.rounded_rectangle((x0, y0, x1, y1), radius=side / 14, outline=colour, width=thick)
    font = _font(float(np.clip(side / 8, 10, max(12, size[1] / 22))))
    words = words if side >= 60 else WORDS[label] if side >= 36 else ""
    if not words:
        return
    left, top, right, bottom = draw.textbbox((0, 0), words, font=font)
    width, height = right - left + 8, bottom - top + 6
    x = float(np.clip((x0 + x1 - width) / 2, 0, max(0, size[0] - width)))
    y = y0 - height - thick if y0 - height - thick >= 0 else min(y1 + thick, size[1] - height)
    draw.rounded_rectangle((x, y, x + width, y + height), radius=4, fill=colour)
    draw.text((x + 4 - left, y + 3 - top), words, font=font, fill=(255, 255, 255))


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
