"""Comparisons of two photos each: what was scored, and what is true."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Words = NDArray[np.str_]

FAILED = -np.inf
"""Score of a trial of which a photo gave no template."""
UNKNOWN = "unknown"
"""Kind of mask where nothing tells whether there is one."""


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """n trials; each compares photo a with photo b.

    Attributes:
        scores: (n,) float64, higher is more alike; -inf where a photo gave no template.
        same: (n,) bool, genuine (one person) or impostor (two).
        subjects_a, subjects_b: (n,) str, who is on the photos.
        masked_a, masked_b: (n,) bool, whether the faces wear a mask; False where nothing tells.
        unknown_a, unknown_b: (n,) bool, where nothing tells: there is no label, and the photo gave no face to look at.
        kind: (n,) str, the kind of mask; ``none`` where both faces are bare; has ``UNKNOWN`` where nothing tells.
        fold: (n,) int, the protocol's fold, -1 for none.
        failed: (n,) bool, failure to enrol: a photo gave no template.
        photos_a, photos_b: (n,) str, the photos' names.
    """

    scores: Floats
    same: Bools
    subjects_a: Words
    subjects_b: Words
    masked_a: Bools
    masked_b: Bools
    unknown_a: Bools
    unknown_b: Bools
    kind: Words
    fold: NDArray[np.int64]
    failed: Bools
    photos_a: Words
    photos_b: Words

    def __post_init__(self) -> None:
        """Check shapes and scores."""
        for field in fields(self):
            if getattr(self, field.name).shape != self.same.shape or self.same.ndim != 1:
                raise ValueError(
                    f"{field.name}: expected shape {self.same.shape}, got {getattr(self, field.name).shape}"
                )
        if not np.array_equal(np.isneginf(self.scores), self.failed) or np.isnan(self.scores).any():
            raise ValueError("scores: expected -inf where a trial failed, and numbers elsewhere")
        if (~self.told & ~self.failed).any() or (self.masked_a & self.unknown_a | self.masked_b & self.unknown_b).any():
            raise ValueError("unknown: expected of photos that failed, and not with masked")
        if not np.array_equal(self.subjects_a == self.subjects_b, self.same):
            raise ValueError("same: contradicts the subjects")

    @classmethod
    def of(cls, scores: Any, same: Any, **others: Any) -> Trials:
        """Make trials from scores and truth alone, or with some of the rest.

        Subjects that are not given are two of their own for each impostor trial, one for each genuine one.
        """
        scores, same = np.asarray(scores, np.float64), np.asarray(same, np.bool_)
        count = len(same)
        own = np.array([f"{index}a" for index in range(count)], np.str_)
        values: dict[str, Any] = {
            "subjects_a": own,
            "subjects_b": np.where(same, own, np.char.replace(own, "a", "b")) if count else own,
            "masked_a": np.zeros(count, np.bool_),
            "masked_b": np.zeros(count, np.bool_),
            "unknown_a": np.zeros(count, np.bool_),
            "unknown_b": np.zeros(count, np.bool_),
            "kind": np.full(count, "none"),
            "fold": np.full(count, -1, np.int64),
            "photos_a": np.full(count, ""),
            "photos_b": np.full(count, ""),
        }
        values |= {name: np.asarray(value) for name, value in others.items()}
        return cls(scores=scores, same=same, failed=np.isneginf(scores), **values)

    @classmethod
    def joined(cls, parts: list[Trials]) -> Trials:
        """Join trials, one or more, in the order given."""
        return cls(
            **{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)}
        )

    def __len__(self) -> int:
        """Count the trials."""
        return len(self.same)

    def __getitem__(self, index: Any) -> Trials:
        """Give some of the trials: a slice, indices or a boolean mask."""
        return Trials(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    @property
    def told(self) -> Bools:
        """Whether it is known of both faces if they wear a mask, (n,)."""
        return ~(self.unknown_a | self.unknown_b)

    def within(self, cell: str) -> Bools:
        """Which trials are of one of ``CELLS``, (n,); one with a face of which nothing is known may be of several."""
        first, second = (word == "masked" for word in cell.split("-"))
        return np.asarray(
            ((self.masked_a == first) | self.unknown_a) & ((self.masked_b == second) | self.unknown_b), np.bool_
        )

    @property
    def impostors(self) -> int:
        """Impostor trials that were compared; failures apart."""
        return int((~self.same & ~self.failed).sum())


CELLS = ("bare-bare", "bare-masked", "masked-bare", "masked-masked")
"""Which face is masked, of the first and the second photo."""
