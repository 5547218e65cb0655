"""Words of the room: what may lie over a face, the plan of one such thing, the picture with them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import PlanInvalid
from masquerade.masks.types import NUMBER, rgb

OccluderKind = Literal["hand", "cup", "phone", "scarf", "microphone", "beard", "niqab", "face_shield"]
OCCLUDERS: tuple[OccluderKind, ...] = get_args(OccluderKind)

VARIANTS: dict[OccluderKind, tuple[str, ...]] = {
    "hand": ("flat", "two_hands", "fist", "pinch", "rest"),
    "cup": ("mug", "paper", "glass", "bottle", "can"),
    "phone": ("upright", "level", "cheek"),
    "scarf": ("plain", "striped", "checked"),
    "microphone": ("mesh", "foam", "broadcast"),
    "beard": ("full", "goatee", "moustache", "stubble"),
    "niqab": ("niqab", "half", "wrapped"),
    "face_shield": ("foam", "clip", "glasses"),
}
"""The forms that each thing takes."""

COVERED_PARTS = ("nose", "mouth", "chin")
"""Order of the columns of ``Occluded.covered``."""

OCCLUDER_VERSION = 1
CHANCES = 16
"""Numbers that form a thing: poses of fingers, sizes, folds."""


@dataclass(frozen=True, slots=True)
class OccluderPlan:
    """One thing over one face; everything that was drawn by chance.

    Attributes:
        face: index of the face.
        kind: one of ``OCCLUDERS``.
        variant: one of ``VARIANTS`` of the kind.
        colour, accent: ``#rrggbb``, its own colour and that of stripes, sleeves and lids; hands take the face's skin.
        right, down: shift in units of the mean face (its width is 2.2).
        turn: degrees, clockwise as the viewer sees it.
        size: factor of its size.
        light: factor of its brightness beside what the light on the face asks for.
        mirrored: whether it comes from the left of the picture.
        chances: ``CHANCES`` numbers in 0 to 1 that form it.
        seed: of the noise.
    """

    face: int
    kind: OccluderKind
    variant: str
    colour: str = "#ffffff"
    accent: str = "#202020"
    right: float = 0.0
    down: float = 0.0
    turn: float = 0.0
    size: float = 1.0
    light: float = 1.0
    mirrored: bool = False
    chances: tuple[float, ...] = (0.5,) * CHANCES
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the words and the ranges."""
        if not isinstance(self.kind, str) or self.kind not in OCCLUDERS:
            raise PlanInvalid(f"kind: expected one of {', '.join(OCCLUDERS)}, got {self.kind!r}")
        if not isinstance(self.variant, str) or self.variant not in VARIANTS[self.kind]:
            raise PlanInvalid(f"variant: expected one of {', '.join(VARIANTS[self.kind])}, got {self.variant!r}")
        rgb(self.colour)
        rgb(self.accent)
        if not isinstance(self.mirrored, bool):
            raise PlanInvalid(f"mirrored: expected true or false, got {self.mirrored!r}")
        self._check_numbers()

    def _check_numbers(self) -> None:
        for name, number in (("face", self.face), ("seed", self.seed)):
            if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**63:
                raise PlanInvalid(f"{name}: expected a whole number from 0 on, below 2^63, got {number!r}")
        for name, amount, low, high in (
            ("right", self.right, -4, 4),
            ("down", self.down, -4, 4),
            ("turn", self.turn, -360, 360),
            ("size", self.size, 0.1, 4),
            ("light", self.light, 0, 4),
        ):
            if not _within(amount, low, high):
                raise PlanInvalid(f"{name}: expected {low} to {high}, got {amount!r}")
        if not isinstance(self.chances, tuple) or len(self.chances) != CHANCES:
            raise PlanInvalid(f"chances: expected {CHANCES} numbers, got {self.chances!r}")
        if not all(_within(chance, 0, 1) for chance in self.chances):
            raise PlanInvalid(f"chances: expected numbers in 0 to 1, got {self.chances!r}")

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for JSON; floats survive the way there and back."""
        return {"version": OCCLUDER_VERSION, **asdict(self), "chances": list(self.chances)}

    @classmethod
    def from_dict(cls, values: Any) -> OccluderPlan:
        """Read what ``to_dict`` gave.

        Raises:
            PlanInvalid: another version, a missing or unknown field, a value out of range.
        """
        try:
            if values["version"] != OCCLUDER_VERSION:
                raise PlanInvalid(f"version: expected {OCCLUDER_VERSION}, got {values['version']!r}")
            parts = {name: value for name, value in values.items() if name != "version"}
            return cls(**{**parts, "chances": tuple(parts["chances"])})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            known = ", ".join(item.name for item in fields(cls))
            raise PlanInvalid(f"no plan of this version: {error!r}", hint=f"a plan has the fields {known}") from error


def _within(amount: Any, low: float, high: float) -> bool:
    return isinstance(amount, NUMBER) and not isinstance(amount, bool) and low <= amount <= high


@dataclass(frozen=True, slots=True, eq=False)
class Occluded:
    """A picture with things over its faces.

    Attributes:
        image: (height, width, 3) uint8 RGB.
        coverage: (height, width) uint8: how much of each pixel is hidden. A clear visor hides nothing.
        covered: (n, 3) float32 in 0 to 1: how much of nose, mouth and chin of each face is hidden.
    """

    image: NDArray[np.uint8]
    coverage: NDArray[np.uint8]
    covered: NDArray[np.float32]
