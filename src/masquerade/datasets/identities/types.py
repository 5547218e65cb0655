"""Identities with their photos, and lists of pairs of photos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.intp]

BARE = "none"
"""The kind of mask on a face without one."""
NO_FOLD = -1


@dataclass(frozen=True, slots=True, eq=False)
class IdentitySet:
    """People and their photos.

    Attributes:
        name: of the set.
        root: its folder.
        names: of the identities, sorted.
        photos: all files, those of an identity together.
        owners: (p,) intp, for each photo the index of its identity.
        empty: identities without a photo; they are no part of ``names``.
    """

    name: str
    root: Path
    names: tuple[str, ...]
    photos: tuple[Path, ...]
    owners: Ints
    empty: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that each photo has an owner and each identity a photo."""
        if self.owners.shape != (len(self.photos),):
            raise ValueError(f"owners: expected {len(self.photos)} indices, got shape {self.owners.shape}")
        if not np.array_equal(np.unique(self.owners), np.arange(len(self.names))):
            raise ValueError(f"owners: expected each of 0 to {len(self.names) - 1}")

    def counts(self) -> Ints:
        """Count the photos of each identity."""
        return np.bincount(self.owners, minlength=len(self.names))


@dataclass(frozen=True, slots=True, eq=False)
class PairList:
    """Photos and the pairs of them that are compared: p photos, n pairs.

    Attributes:
        name: of the protocol and its set, as ``lfw``.
        root: its folder.
        photos: each file once.
        subjects: (p,) str, who is on each photo.
        kinds: (p,) str, the kind of mask that the labels tell of each photo, ``none`` for a bare face; None where the
            set has no such labels.
        first, second: (n,) intp, the photos of each pair; the second is the probe.
        same: (n,) bool, whether both show one person.
        folds: (n,) int, the protocol's fold of each pair, -1 for none.
        notes: what was decided or left out while reading, a sentence each.
        known: whether photos of different subjects show different people; else only the pairs tell.
    """

    name: str
    root: Path
    photos: tuple[Path, ...]
    subjects: NDArray[np.str_]
    kinds: NDArray[np.str_] | None
    first: Ints
    second: Ints
    same: NDArray[np.bool_]
    folds: NDArray[np.int64]
    notes: tuple[str, ...] = ()
    known: bool = True

    def __post_init__(self) -> None:
        """Check that the arrays fit together, and that ``same`` says what the subjects say."""
        photos, pairs = (len(self.photos),), (len(self.same),)
        for name, shape in (("subjects", photos), ("first", pairs), ("second", pairs), ("folds", pairs)):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name}: expected shape {shape}, got {getattr(self, name).shape}")
        if self.kinds is not None and self.kinds.shape != photos:
            raise ValueError(f"kinds: expected shape {photos}, got {self.kinds.shape}")
        if not np.array_equal(self.subjects[self.first] == self.subjects[self.second], self.same):
            raise ValueError("same: contradicts the subjects")

    def __len__(self) -> int:
        """Count the pairs."""
        return len(self.same)

    def __getitem__(self, index: Any) -> PairList:
        """Give some of the pairs, by indices or a boolean mask, and the photos that they need."""
        first, second = self.first[index], self.second[index]
        used, places = np.unique(np.concatenate([first, second]), return_inverse=True)
        return PairList(
            name=self.name,
            root=self.root,
            photos=tuple(self.photos[photo] for photo in used),
            subjects=self.subjects[used],
            kinds=None if self.kinds is None else self.kinds[used],
            first=places[: len(first)],
            second=places[len(first) :],
            same=self.same[index],
            folds=self.folds[index],
            notes=self.notes,
            known=self.known,
        )

    def place(self, photo: int) -> str:
        """The name of a photo below the root, with ``/``; its whole path where it lies elsewhere."""
        path = self.photos[photo]
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()
