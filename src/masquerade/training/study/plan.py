"""What a run of the study trains, on what and how: plain values, known before any photo is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from masquerade.errors import StudyInvalid
from masquerade.files import absolute
from masquerade.wearing.types import LABELS

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ALIASES = {"resnet34": "report-resnet34"}
"""Short names of networks."""
RANDOM = "none"
"""In place of a weights file: start from random weights."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is trained.

    Attributes:
        name: of the preset.
        optimiser: ``sgd`` or ``adamw``.
        rate: learning rate; the highest one where there is a schedule.
        epochs, batch: how often each face is seen, or as many are drawn; faces a step.
        size: side of the input in pixels, or None for the network's own.
        schedule: ``constant``, or ``cosine`` after a linear warm-up.
        warmup: share of all steps that the warm-up takes.
        decay: weight decay.
        smoothing: of the labels in the loss.
        clip: largest norm of the gradient, or None.
        augment: whether faces are seen through random views.
        balance: 0 shows every face once an epoch; otherwise as many are drawn with replacement, each label's
            chance divided by its count to this power, so that 1 draws all labels alike.
        check: share of the training groups set aside to judge epochs by; 0 for none.
        patience: epochs without a better one on that part after which training stops early.
        bf16: whether to compute in bfloat16 where the processor can.
        watch_test: whether the test part is measured after every epoch, for curves; nothing is chosen by it.
    """

    name: str
    optimiser: str
    rate: float
    epochs: int
    batch: int
    size: int | None = None
    schedule: str = "constant"
    warmup: float = 0.0
    decay: float = 0.0
    smoothing: float = 0.0
    clip: float | None = None
    augment: bool = False
    balance: float = 0.0
    check: float = 0.0
    patience: int = 0
    bf16: bool = False
    watch_test: bool = True


RECIPES = {
    "report": Recipe("report", "sgd", rate=0.003, epochs=5, batch=10, size=224),
    "modern": Recipe(
        "modern",
        "adamw",
        rate=1e-3,
        epochs=20,
        batch=64,
        schedule="cosine",
        warmup=0.05,
        decay=0.02,
        smoothing=0.05,
        clip=5.0,
        augment=True,
        balance=0.5,
        check=0.1,
        patience=5,
        bf16=True,
        watch_test=False,
    ),
}
"""``report`` is the recipe of report 1's code: SGD without momentum, batch 10, 5 epochs, 224 pixels, plain views."""


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """One run of the study.

    Attributes:
        data: data sets, as ``datasets.read_set`` takes them; several are joined.
        model: name of a network in ``registry.NETWORKS``, or a short name of ``ALIASES``.
        classes: 3, or 2 without the faces labelled incorrect.
        recipe: name in ``RECIPES``.
        rate, epochs, batch, size: in place of the recipe's own.
        seed: of the split, the first weights and every draw.
        abridged: take only so many faces, in the labels' proportions.
        weights: file to start from, ``none`` for random weights; None for the network's own.
        faithful: give the network the outputs of report 1's code (10, or ImageNet's 1,000), of which the first count.
        layout, images, names, whole: of the data, as ``datasets.read_set`` takes them: layout, folder of the photos,
            class names with the label that each stands for, and whether each photo is a face and nothing else.
    """

    data: tuple[Path, ...]
    model: str
    classes: int = 3
    recipe: str = "report"
    rate: float | None = None
    epochs: int | None = None
    batch: int | None = None
    size: int | None = None
    seed: int = 0
    abridged: int | None = None
    weights: Path | None = None
    faithful: bool = False
    layout: str | None = None
    images: Path | None = None
    names: tuple[tuple[str, str], ...] = ()
    whole: bool = False

    def __post_init__(self) -> None:
        """Check the values, and give paths from the root, so that a plan means the same from any folder."""
        given = [self.data] if isinstance(self.data, str | Path) else self.data
        names = self.names.items() if isinstance(self.names, Mapping) else self.names
        weights = self.weights
        if weights is not None:
            weights = Path(RANDOM) if str(weights) == RANDOM else absolute(weights)
        changes: dict[str, Any] = {
            "data": tuple(absolute(path) for path in given),
            "model": ALIASES.get(self.model, self.model),
            "weights": weights,
            "images": None if self.images is None else absolute(self.images),
            "names": tuple(sorted((str(name), str(label)) for name, label in names)),
        }
        for name, value in changes.items():
            object.__setattr__(self, name, value)
        self._check()

    def _check(self) -> None:
        if self.recipe not in RECIPES:
            raise StudyInvalid(f"recipe {self.recipe!r}: expected {' or '.join(RECIPES)}")
        wrong = [
            f"{name} {getattr(self, name)}: expected {expected}"
            for name, expected, good in (
                ("data", "one path or more", bool(self.data)),
                ("classes", "2 or 3", self.classes in {2, 3}),
                ("seed", "0 or more", self.seed >= 0),
                ("rate", "more than 0", self.rate is None or 0 < self.rate < float("inf")),
                ("epochs", "1 or more", self.epochs is None or self.epochs >= 1),
                ("batch", "2 or more", self.batch is None or self.batch >= 2),
                ("size", "32 to 512 pixels", self.size is None or 32 <= self.size <= 512),
                ("abridged", "8 faces or more", self.abridged is None or self.abridged >= 8),
            )
            if not good
        ]
        if wrong:
            raise StudyInvalid("; ".join(wrong))

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that are told apart, in the order of the outputs."""
        return LABELS[: self.classes]

    @property
    def random(self) -> bool:
        """Whether random weights were asked for."""
        return self.weights == Path(RANDOM)

    def resolved(self) -> Recipe:
        """The recipe with the plan's own numbers in it."""
        own = {name: getattr(self, name) for name in ("rate", "epochs", "batch", "size")}
        return replace(RECIPES[self.recipe], **{name: value for name, value in own.items() if value is not None})

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, for JSON."""
        values = asdict(self)
        return values | {
            "data": [str(path) for path in self.data],
            "weights": None if self.weights is None else str(self.weights),
            "images": None if self.images is None else str(self.images),
            "names": dict(self.names),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> StudyPlan:
        """Read what ``to_dict`` gave.

        Raises:
            StudyInvalid: a name is not known, one is missing, or a value is out of range.
        """
        check_fields(cls, values, {"data", "model"})
        taken = dict(values)
        for name in ("weights", "images"):
            taken[name] = None if taken.get(name) is None else Path(taken[name])
        return cls(**taken | {"data": tuple(Path(path) for path in values["data"])})


def check_fields(kind: type[DataclassInstance], values: Mapping[str, Any], needed: set[str]) -> None:
    """Do nothing if values name fields of a plan, those among them that it needs.

    Raises:
        StudyInvalid: a name is not known, or one is missing.
    """
    unknown = set(values) - {field.name for field in fields(kind)}
    missing = needed - set(values)
    if unknown or missing:
        raise StudyInvalid(f"a plan's fields: unknown {sorted(unknown)}, missing {sorted(missing)}")


def differences(one: Mapping[str, Any], other: Mapping[str, Any], prefix: str = "") -> list[str]:
    """Say what differs between two nested dictionaries, as ``NAME is ONE, not OTHER``."""
    found = []
    for name in sorted({*one, *other}):
        here, there = one.get(name), other.get(name)
        if isinstance(here, Mapping) and isinstance(there, Mapping):
            found += differences(here, there, f"{prefix}{name}.")
        elif here != there:
            found.append(f"{prefix}{name} is {here}, not {there}")
    return found
