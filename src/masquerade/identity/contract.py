"""What an embedding network takes and gives, as its card says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import ModelCardInvalid, ModelContractBroken
from masquerade.faces.align import Rest, arcface_template
from masquerade.models.card import ModelCard

TASK = "face-identity"
COLOURS = ("rgb", "bgr")
ARCFACE = "arcface"


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """How a network wants its faces, and what it gives. Its input is ``(pixels - mean) * scale``, float32 NCHW.

    Attributes:
        size: side of the crops in pixels.
        colour: order of the channels, ``rgb`` or ``bgr``.
        mean, scale: (3,) float32, one for each channel in that order.
        template: (5, 2) float64: where the key points lie in the crop, in pixels.
        rest_on: points on which the alignment rests, see ``faces.alignment``.
        dimensions: of a template.
        pixels: name of the input.
        output: name of the output with the templates.
        masked_output: name of the output for faces whose mouth is covered; the same one where the network has but one.
        batch: crops that one call takes; None for any number.
    """

    size: int
    colour: str
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    template: NDArray[np.float64]
    rest_on: Rest
    dimensions: int
    pixels: str
    output: str
    masked_output: str
    batch: int | None

    @classmethod
    def of(cls, card: ModelCard) -> Contract:
        """Read it from a card.

        Raises:
            ModelContractBroken: the task is another, or a parameter and the tensors of the card disagree.
            ModelCardInvalid: a parameter is missing or of the wrong kind; the message names it.
        """
        if card.task != TASK:
            raise ModelContractBroken(f"{card.name}: expected a model of the task {TASK}, got one of {card.task}")
        if not card.inputs or not card.outputs:
            raise ModelCardInvalid(f"{card.name}: inputs, outputs: expected one of each at least")
        fields = _Fields(card)
        size, dimensions = fields.whole("size"), fields.whole("dimensions")
        first = card.inputs[0].shape[0] if card.inputs[0].shape else None
        contract = cls(
            size=size,
            colour=fields.word("colour", COLOURS),
            mean=fields.channels("mean"),
            scale=fields.channels("scale"),
            template=fields.template(size),
            rest_on=cast(Rest, fields.word("rest_on", get_args(Rest), "five")),
            dimensions=dimensions,
            pixels=card.inputs[0].name,
            output=card.outputs[0].name,
            masked_output=fields.word(
                "masked_output", tuple(tensor.name for tensor in card.outputs), card.outputs[0].name
            ),
            batch=first if isinstance(first, int) and first > 0 else None,
        )
        _check_shape(card, "size", card.inputs[0].shape, (None, 3, size, size))
        for tensor in card.outputs:
            if tensor.name in {contract.output, contract.masked_output}:
                _check_shape(card, "dimensions", tensor.shape, (None, dimensions))
        return contract


@dataclass(frozen=True, slots=True)
class _Fields:
    """The parameters of a card, each checked as it is read."""

    card: ModelCard

    def _wrong(self, name: str, expected: str) -> ModelCardInvalid:
        found = repr(self.card.parameters[name]) if name in self.card.parameters else "nothing"
        return ModelCardInvalid(
            f"{self.card.name}: parameters.{name}: expected {expected}, got {found}",
            hint="docs/recognition.md lists the parameters of an embedder",
        )

    def whole(self, name: str) -> int:
        value = self.card.parameters.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self._wrong(name, "a whole number from 1 on")
        return value

    def word(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        value = self.card.parameters.get(name, default)
        if value not in allowed:
            raise self._wrong(name, f"one of {', '.join(allowed)}")
        return str(value)

    def channels(self, name: str) -> NDArray[np.float32]:
        value = self.card.parameters.get(name)
        values = value if isinstance(value, list) else [value] * 3
        if len(values) != 3 or not all(map(_is_number, values)) or (name == "scale" and 0 in values):
            raise self._wrong(name, "a number or three, one a channel" + (", none of them 0" * (name == "scale")))
        return np.array(values, np.float32)

    def template(self, size: int) -> NDArray[np.float64]:
        value = self.card.parameters.get("template")
        if value == ARCFACE:
            return arcface_template(size)
        points = value if isinstance(value, list) else []
        pairs = all(isinstance(point, list) and len(point) == 2 and all(map(_is_number, point)) for point in points)
        if len(points) != 5 or not pairs or len({tuple(point) for point in points}) < 5:
            raise self._wrong("template", f"{ARCFACE!r} or five different points [x, y] in pixels of the crop")
        return np.array(points, np.float64)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _check_shape(card: ModelCard, parameter: str, shape: tuple[int | str, ...], wanted: tuple[int | None, ...]) -> None:
    """Compare a tensor's shape with what a parameter says; free sizes fit all."""
    same = len(shape) == len(wanted) and all(
        isinstance(ours, str) or theirs is None or ours == theirs for ours, theirs in zip(shape, wanted, strict=True)
    )
    if not same:
        expected = ["batch" if side is None else side for side in wanted]
        raise ModelContractBroken(
            f"{card.name}: parameters.{parameter}: asks for a tensor of {expected}, the card names {list(shape)}"
        )
