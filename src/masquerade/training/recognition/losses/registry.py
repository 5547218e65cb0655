"""The losses by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from masquerade.errors import StudyInvalid
from masquerade.training.recognition.losses.adaptive import AdaFace, CurricularFace
from masquerade.training.recognition.losses.added import ArcFace, CosFace, SubCenter
from masquerade.training.recognition.losses.base import Loss
from masquerade.training.recognition.losses.multiplied import LSoftmax, SphereFace
from masquerade.training.recognition.losses.softmax import Center, NormFace, Softmax
from masquerade.training.recognition.losses.triplet import Triplet


@dataclass(frozen=True, slots=True)
class LossSpec:
    """One loss.

    Attributes:
        name: in the registry.
        make: the class; its parameters after classes and dimensions are the loss's options.
        source: author and year of the paper.
        proxies: whether it has a proxy a class; one without needs several photos of a person in each batch.
    """

    name: str
    make: Callable[..., Loss]
    source: str
    proxies: bool = True

    def options(self) -> dict[str, Any]:
        """Names of the options with their published defaults."""
        parameters = inspect.signature(self.make).parameters.values()
        return {one.name: one.default for one in parameters if one.default is not inspect.Parameter.empty}


LOSSES = {
    spec.name: spec
    for spec in (
        LossSpec("softmax", Softmax, "linear layer and cross-entropy"),
        LossSpec("normface", NormFace, "Wang 2017"),
        LossSpec("l-softmax", LSoftmax, "Liu 2016"),
        LossSpec("sphereface", SphereFace, "Liu 2017"),
        LossSpec("cosface", CosFace, "Wang 2018"),
        LossSpec("arcface", ArcFace, "Deng 2019"),
        LossSpec("subcenter", SubCenter, "Deng 2020"),
        LossSpec("adaface", AdaFace, "Kim 2022"),
        LossSpec("curricular", CurricularFace, "Huang 2020"),
        LossSpec("triplet", Triplet, "Schroff 2015", proxies=False),
        LossSpec("center", Center, "Wen 2016"),
    )
}
RANGES: dict[str, tuple[float, float]] = {
    "scale": (1e-3, 1e4),
    "margin": (0.0, 8.0),
    "centres": (1, 100),
    "rate": (0.0, 1.0),
    "base": (0.0, 1e9),
    "gamma": (0.0, 1e3),
    "minimum": (0.0, 1e9),
    "concentration": (0.0, 100.0),
    "share": (0.0, 100.0),
}


def build_loss(name: str, classes: int, dimensions: int, **options: float) -> Loss:
    """Make a loss.

    Args:
        name: one of ``LOSSES``.
        classes: how many identities, 2 or more.
        dimensions: of the embeddings.
        options: in place of the published ones, by the names that ``LossSpec.options`` gives: scale, margin (radians
            in ``arcface``, ``subcenter``, ``curricular``; a whole factor in ``l-softmax`` and ``sphereface``), ...

    Raises:
        StudyInvalid: no loss is called so, it has no such option, or a value is out of range.
    """
    given = checked_options(name, options)
    if classes < 2 or dimensions < 1:
        raise StudyInvalid(f"{name}: expected 2 classes and 1 dimension or more, got {classes} and {dimensions}")
    spec = LOSSES[name]
    return spec.make(classes, dimensions, **given) if spec.proxies else spec.make(**given)


def checked_options(name: str, options: Mapping[str, float]) -> dict[str, float]:
    """Give the options of a loss as it takes them.

    Raises:
        StudyInvalid: no loss is called so, it has no such option, or a value is out of range.
    """
    spec = LOSSES.get(name)
    if spec is None:
        raise StudyInvalid(f"no loss is called {name!r}", hint=f"known: {', '.join(LOSSES)}")
    published = spec.options()
    given: dict[str, float] = {}
    for option, value in options.items():
        if option not in published:
            raise StudyInvalid(f"{name} has no option {option!r}", hint=f"it has: {', '.join(published) or 'none'}")
        _check(name, option, value, published[option])
        given[option] = type(published[option])(value)
    return given


def _check(name: str, option: str, value: float, default: float) -> None:
    low, high = RANGES[option]
    whole = isinstance(default, int)
    if whole:
        low = max(low, 1)
    if not low <= value <= high or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise StudyInvalid(f"{name}: {option} {value}: expected {kind} from {low:g} to {high:g}")
