"""What the wearing network learns from: crops with all that is known of each, real and rendered ones alike."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.names import kind_of
from masquerade.training.arrays import load_arrays, save_arrays
from masquerade.training.wearing_data import SOURCES, Crops
from masquerade.wearing.rule import BARE, MASK_KINDS, STATES, label_of_states, state_of
from masquerade.wearing.types import LABELS

UNKNOWN = -1


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """n crops and what is known of them.

    Attributes:
        images: (n, 144, 144, 3) uint8 RGB, as in ``Crops``.
        labels: (n,) index into ``LABELS``.
        states: (n,) state by ``wearing.rule``, -1 where only the label is known.
        kinds: (n,) index into ``MASK_KINDS``, -1 where unknown or no mask.
        sources: (n,) name of the set, or of what was rendered.
        origins: (n,) name of the set whose photo it is.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    states: NDArray[np.int64]
    kinds: NDArray[np.int64]
    sources: NDArray[np.str_]
    origins: NDArray[np.str_]

    def __len__(self) -> int:
        """Count the crops."""
        return len(self.labels)

    def where(self, chosen: NDArray[np.bool_]) -> Examples:
        """Return the crops that a mask (n,) chooses."""
        return Examples(**{name: getattr(self, name)[chosen] for name in self.__dataclass_fields__})

    @classmethod
    def joined(cls, parts: list[Examples]) -> Examples:
        """Put several together."""
        names = cls.__dataclass_fields__
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})

    def save(self, path: Path) -> None:
        """Write all arrays to an ``.npz`` file, whole or not at all."""
        save_arrays(self, path)

    @classmethod
    def load(cls, path: Path) -> Examples:
        """Read what ``save`` wrote."""
        return load_arrays(cls, path)


def real_examples(crops: Crops) -> Examples:
    """What is known of real crops: the label, the parts where they were labelled by eye, the kind by its folder."""
    folders = [kind_of(key.split("/")[1]) for key in crops.keys.tolist()]
    kinds = [UNKNOWN if kind is None else MASK_KINDS.index(kind) for kind in folders]
    rows = zip(crops.labels.tolist(), crops.visible, strict=True)
    return Examples(
        images=crops.images,
        labels=crops.labels,
        states=np.array([_state(label, visible) for label, visible in rows], np.int64),
        kinds=np.array(kinds, np.int64)[crops.photos],
        sources=np.array(list(SOURCES))[crops.sources],
        origins=np.array(list(SOURCES))[crops.sources],
    )


def _state(label: int, visible: NDArray[np.float32]) -> int:
    if LABELS[label] == "without_mask":
        return BARE
    if np.isnan(visible).any():
        return UNKNOWN
    nose, mouth, chin = (bool(part < 0.5) for part in visible)
    state = state_of((nose, mouth, chin), mask=True)
    # Some masks are worn wrongly although all is covered (loose, upside down): only the label is known.
    return state if label_of_states()[state] == label else UNKNOWN


def allowed_states(labels: NDArray[np.int64], states: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which states (n, 16) agree with what is known of each example."""
    by_label = label_of_states()[None] == labels[:, None]
    exact = np.arange(STATES)[None] == states[:, None]
    return np.asarray(np.where((states == UNKNOWN)[:, None], by_label, exact), np.bool_)
