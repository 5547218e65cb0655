"""Which photos a model may be judged by: those that it was not trained on, as far as that is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from masquerade.datasets.splits import Split
from masquerade.datasets.types import LabelledPhoto
from masquerade.datasets.wearing_sets import read_held_out
from masquerade.models.registry import Model

SPLIT = "split.csv"
TEST = "test"


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is known of a model's training.

    Attributes:
        where: which list says so; empty when nothing is known.
        sources: names of the sets that it was trained on.
        test: keys of their photos that were kept out of training.
    """

    where: str
    sources: frozenset[str]
    test: frozenset[str]

    def saw(self, photo: LabelledPhoto) -> bool:
        """Tell whether a photo is of a set that the model was trained on, and not of its test part."""
        return photo.source in self.sources and photo.key not in self.test

    def of_other_sets(self, photos: Iterable[LabelledPhoto]) -> list[str]:
        """Names of the sets of these photos that the model was not trained on."""
        return sorted({photo.source for photo in photos} - self.sources)


def learnt_by(model: Model) -> Learnt:
    """Say what a model was trained on: by the list of the package, or by the ``split.csv`` beside its file.

    Raises:
        LabelInvalid: the split cannot be used.
    """
    if model.bundled:
        return _of("the packaged list of held-out photos", read_held_out(), read_held_out())
    split = model.path.parent / SPLIT
    if not split.is_file():
        return Learnt("", frozenset(), frozenset())
    parts = Split.load(split).parts
    return _of(str(split), parts, (key for key, part in parts.items() if part == TEST))


def run_model(run: Path) -> Path:
    """Give the ONNX file of a run folder of the study; it need not be there."""
    return run / "model.onnx"


def _of(where: str, known: Iterable[str], test: Iterable[str]) -> Learnt:
    return Learnt(where, frozenset(key.partition("/")[0] for key in known), frozenset(test))
