"""The worst mistakes as pictures: the face, what it is, and what it was called."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from html import escape

import numpy as np

from masquerade.errors import ExtraMissing, ImageError
from masquerade.evaluation.pages.parts import LABEL_WORDS
from masquerade.evaluation.predictions import Predictions
from masquerade.image import read_image
from masquerade.looking.report import shrink
from masquerade.wearing.crops import face_crops

SHOWN = 12
SIDE = 144


@dataclass(slots=True)
class Pictures:
    """Crops of faces as JPEG, each cut once; photos that cannot be read give none."""

    _kept: dict[tuple[str, tuple[float, ...]], bytes] = field(default_factory=dict)

    def of(self, path: str, box: tuple[float, ...]) -> bytes:
        """Give the crop of a face, or nothing when its photo cannot be read."""
        key = (path, box)
        if key not in self._kept:
            self._kept[key] = self._cut(path, box)
        return self._kept[key]

    def _cut(self, path: str, box: tuple[float, ...]) -> bytes:
        if not path or box[0] >= box[2] or box[1] >= box[3]:
            return b""
        try:
            image = read_image(path)
        except (ImageError, ExtraMissing):
            return b""
        return shrink(face_crops(image, np.array([box], np.float32), SIDE)[0], SIDE)


def mistakes_list(predictions: Predictions, pictures: Pictures, count: int = SHOWN) -> str:
    """Give a list of the wrong faces with the largest loss, the largest first.

    Args:
        predictions: with paths and boxes.
        pictures: where crops are kept.
        count: how many at most.
    """
    wrong = np.flatnonzero(predictions.predicted != predictions.truth)
    if not len(wrong):
        return "<p>No mistake.</p>"
    worst = wrong[np.argsort(-predictions.losses[wrong], kind="stable")][:count]
    items = "".join(_item(predictions, int(index), pictures) for index in worst)
    count_words = f"{len(worst)} of {len(wrong)} mistakes, the largest loss first."
    return f'<ul class="faces">{items}</ul><p class="soft">{count_words}</p>'


def _item(predictions: Predictions, index: int, pictures: Pictures) -> str:
    is_label = LABEL_WORDS[predictions.labels[predictions.truth[index]]]
    said = LABEL_WORDS[predictions.labels[predictions.predicted[index]]]
    sure = f"{predictions.confidence[index]:.0%}"
    data = pictures.of(predictions.paths[index], tuple(float(value) for value in predictions.boxes[index]))
    picture = (
        f'<img alt="face: {escape(is_label)}, called {escape(said)}" loading="lazy" width="{SIDE}" height="{SIDE}" '
        f'src="data:image/jpeg;base64,{base64.b64encode(data).decode("ascii")}">'
        if data
        else '<span class="gone">photo not found</span>'
    )
    name = escape(predictions.photos[index])
    return (
        f"<li>{picture}<p><b>{escape(is_label)}</b>, called <b>{escape(said)}</b> ({sure})"
        f'<br><span class="soft">{name}</span></p></li>'
    )
