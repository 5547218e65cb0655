"""What a run of recognition trains, on whom and how: plain values, known before any photo is read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from masquerade.errors import StudyInvalid
from masquerade.files import absolute
from masquerade.training.recognition.names import BACKBONE_NAMES, LOSS_NAMES
from masquerade.training.study.plan import RANDOM, check_fields

IMAGENET = "imagenet"
"""In place of a weights file: start from ImageNet's weights."""
OPTIMISERS = ("sgd", "adamw")
SCHEDULES = ("constant", "cosine", "polynomial", "steps")
ADAMW_RATE = 1e-3
OWN_DIMENSIONS = {"sface": 128}
"""Dimensions of the backbones that have no others."""
IN_GROUPS = 4
"""Photos of a person in a batch of the triplet loss, which needs pairs in it."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained.

    Attributes:
        name: of the preset.
        optimiser: ``sgd`` or ``adamw``.
        rate: learning rate; the highest one where there is a schedule.
        epochs, batch: how often each photo is seen; photos a step, over all processes.
        dimensions: of a template.
        schedule: ``constant``; or after a linear warm-up ``cosine``, ``polynomial`` (to the power of 2) or ``steps``
            (a tenth after one half, three quarters and nine tenths).
        warmup: share of all steps that the warm-up takes.
        momentum: of ``sgd``.
        decay: weight decay.
        clip: largest norm of the gradient, or None.
        augment: whether faces are seen through random views.
        mask_probability: how often a mask is drawn on a face that can carry one.
        bf16: whether to compute in bfloat16 where the processor can.
        distance: by which nearest neighbours are found: ``cosine``, or report 2's ``euclidean`` of templates as they
            are.
    """

    name: str
    optimiser: str
    rate: float
    epochs: int
    batch: int
    dimensions: int
    schedule: str = "constant"
    warmup: float = 0.0
    momentum: float = 0.0
    decay: float = 0.0
    clip: float | None = None
    augment: bool = False
    mask_probability: float = 0.0
    bf16: bool = False
    distance: str = "cosine"


RECIPES = {
    "modern": Recipe(
        "modern",
        "sgd",
        rate=0.02,
        epochs=20,
        batch=64,
        dimensions=512,
        schedule="cosine",
        warmup=0.05,
        momentum=0.9,
        decay=5e-4,
        clip=5.0,
        augment=True,
        mask_probability=0.5,
        bf16=True,
    ),
    "report2": Recipe(
        "report2", "sgd", rate=1e-5, epochs=100, batch=32, dimensions=256, mask_probability=1.0, distance="euclidean"
    ),
}
"""``report2`` is what the notebook of report 2 runs: SGD without momentum or decay, rate 1e-5, batch 32, 112 pixels,
256 dimensions, 100 epochs, no augmentation, every face masked. Its text says otherwise: batch 100, 512 dimensions."""


@dataclass(frozen=True, slots=True)
class RecognitionPlan:
    """One run of recognition.

    Attributes:
        data: folders with a folder an identity; several are joined.
        backbone: name in ``names.BACKBONE_NAMES``.
        loss: name in ``names.LOSS_NAMES``.
        recipe: name in ``RECIPES``.
        mask_probability, optimiser, schedule, rate, epochs, batch, dimensions: in place of the recipe's own.
        loss_options: numbers that the loss takes, as ``(("margin", 0.4),)``; a mapping will do.
        dropout: of the head, or None for the backbone's own.
        weights: file to start from; ``imagenet``; ``none`` or None for random weights.
        per_identity: photos of each person in a batch; None draws photos without regard to persons, except with the
            triplet loss, which takes four of each.
        seed: of the split, the first weights and every draw.
        test_identities: share of the identities that is kept for the test.
        test_sets: sets, by folder or by name below ``data_root``: whoever is in them by name is not trained on, and
            the finished network is measured on them.
        drop_shared: leave out the identities that a test set has too, instead of refusing them.
        join_names: take folders of one name in several sets for one person.
        min_photos: photos that an identity must have.
        identities, photos: take only so many identities, and so many photos of each.
        watch: measure on the test part after every so manyth epoch, and the last.
    """

    data: tuple[Path, ...]
    backbone: str
    loss: str
    recipe: str = "modern"
    mask_probability: float | None = None
    optimiser: str | None = None
    schedule: str | None = None
    rate: float | None = None
    epochs: int | None = None
    batch: int | None = None
    dimensions: int | None = None
    loss_options: tuple[tuple[str, float], ...] = ()
    dropout: float | None = None
    weights: Path | None = None
    per_identity: int | None = None
    seed: int = 0
    test_identities: float = 0.1
    test_sets: tuple[Path, ...] = ()
    drop_shared: bool = False
    join_names: bool = False
    min_photos: int = 2
    identities: int | None = None
    photos: int | None = None
    watch: int = 1

    def __post_init__(self) -> None:
        """Check the values, and give paths from the root, so that a plan means the same from any folder."""
        given = [self.data] if isinstance(self.data, str | Path) else self.data
        tests = [self.test_sets] if isinstance(self.test_sets, str | Path) else self.test_sets
        options = self.loss_options.items() if isinstance(self.loss_options, Mapping) else self.loss_options
        changes: dict[str, Any] = {
            "data": tuple(absolute(path) for path in given),
            "test_sets": tuple(absolute(path) if Path(path).is_dir() else Path(path) for path in tests),
            "weights": _weights(self.weights),
            "loss_options": tuple(sorted((str(name), float(value)) for name, value in options)),
        }
        for name, value in changes.items():
            object.__setattr__(self, name, value)
        self._check()

    def _check(self) -> None:
        wrong = [
            f"{name} {getattr(self, name)!r}: expected {' or '.join(known)}"
            for name, known in (
                ("recipe", tuple(RECIPES)),
                ("backbone", BACKBONE_NAMES),
                ("loss", LOSS_NAMES),
                ("optimiser", OPTIMISERS),
                ("schedule", SCHEDULES),
            )
            if getattr(self, name) is not None and getattr(self, name) not in known
        ]
        wrong += [
            f"{name} {getattr(self, name)}: expected {expected}" for name, expected, good in self._ranges() if not good
        ]
        if not wrong and self.grouped and self.resolved().batch % self.grouped:
            wrong.append(f"batch {self.resolved().batch}: expected a multiple of {self.grouped} photos an identity")
        if wrong:
            raise StudyInvalid("; ".join(wrong))

    def _ranges(self) -> list[tuple[str, str, bool]]:
        """Name of each number, what is expected of it, and whether it is so."""
        number, chance = self.rate, self.mask_probability
        return [
            ("data", "one path or more", bool(self.data)),
            ("seed", "0 or more", self.seed >= 0),
            ("rate", "more than 0", number is None or 0 < number < math.inf),
            ("mask_probability", "0 to 1", chance is None or 0 <= chance <= 1),
            ("dropout", "0 to less than 1", self.dropout is None or 0 <= self.dropout < 1),
            ("test_identities", "0 to 0.9", 0 <= self.test_identities <= 0.9),
            *((name, f"{least} or more", _at_least(getattr(self, name), least)) for name, least in LEAST.items()),
        ]

    @property
    def random(self) -> bool:
        """Whether the run starts from random weights."""
        return self.weights is None or self.weights == Path(RANDOM)

    @property
    def grouped(self) -> int | None:
        """Photos of each person in a batch, or None where photos are drawn without regard to persons."""
        return self.per_identity or (IN_GROUPS if self.loss == "triplet" else None)

    def resolved(self) -> Recipe:
        """The recipe with the plan's own values in it."""
        names = ("mask_probability", "optimiser", "schedule", "rate", "epochs", "batch", "dimensions")
        own = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        if self.backbone in OWN_DIMENSIONS:
            own.setdefault("dimensions", OWN_DIMENSIONS[self.backbone])
        recipe = RECIPES[self.recipe]
        if own.get("optimiser", recipe.optimiser) != recipe.optimiser:
            own.setdefault("rate", ADAMW_RATE)
        return replace(recipe, **own)

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, for JSON."""
        return asdict(self) | {
            "data": [str(path) for path in self.data],
            "test_sets": [str(path) for path in self.test_sets],
            "weights": None if self.weights is None else str(self.weights),
            "loss_options": dict(self.loss_options),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RecognitionPlan:
        """Read what ``to_dict`` gave.

        Raises:
            StudyInvalid: a name is not known, one is missing, or a value is out of range.
        """
        check_fields(cls, values, {"data", "backbone", "loss"})
        taken = dict(values)
        for name in ("data", "test_sets"):
            taken[name] = tuple(Path(path) for path in taken.get(name, ()))
        return cls(**taken)


LEAST = {
    **{"epochs": 1, "batch": 2, "dimensions": 2, "per_identity": 2, "min_photos": 1},
    **{"identities": 4, "photos": 1, "watch": 1},
}
"""Least value of the whole numbers of a plan."""


def _at_least(value: int | None, least: int) -> bool:
    return value is None or value >= least


def _weights(given: Path | str | None) -> Path | None:
    if given is None or str(given) in {RANDOM, IMAGENET}:
        return None if given is None else Path(given)
    return absolute(given)
