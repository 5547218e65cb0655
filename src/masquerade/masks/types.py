"""Words of the room: kinds of mask, ways to wear them, patterns; the plan of what is drawn on whom; what was drawn."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import PlanInvalid

Kind = Literal["surgical", "n95", "kn95", "ffp2", "cloth", "gas", "bandana", "gaiter"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Worn = Literal["correctly", "nose_out", "mouth_and_nose_out", "chin_only"]
WORN: tuple[Worn, ...] = get_args(Worn)

PatternName = Literal["plain", "stripes", "dots", "checks", "floral", "window", "texture"]
PATTERNS: tuple[PatternName, ...] = get_args(PatternName)

LABEL_OF: dict[Worn, str] = {
    "correctly": "with_mask",
    "nose_out": "incorrect",
    "mouth_and_nose_out": "incorrect",
    "chin_only": "incorrect",
}
"""The wearing label that each way to wear a mask stands for."""
COVERING_OF: dict[Kind, str] = {
    "surgical": "surgical",
    "n95": "respirator",
    "kn95": "respirator",
    "ffp2": "respirator",
    "cloth": "cloth",
    "gas": "gas",
    "bandana": "cloth",
    "gaiter": "cloth",
}
"""The kind of covering, in the words of ``wearing``, that each kind of mask is."""
VISIBLE: dict[Worn, tuple[str, ...]] = {
    "correctly": (),
    "nose_out": ("nose",),
    "mouth_and_nose_out": ("nose", "mouth"),
    "chin_only": ("nose", "mouth"),
}
"""The parts of the face that each way leaves to see."""

PLAN_VERSION = 1
NUMBER = (int, float)
COLOUR = re.compile("#[0-9a-fA-F]{6}")
SKIN = "skin"
"""The colour of a mask that is dyed as the face's own skin looks."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is printed on the fabric.

    Attributes:
        name: one of ``PATTERNS``; ``window`` is a clear part before the mouth.
        colour: the print's colour, ``#rrggbb``, or that of a window's seam; a texture file has its own.
        scale: size of the motif, 1 for about a tenth of the mask's width.
        angle: degrees by which it is turned.
        texture: path of the texture file, for ``texture`` alone.
    """

    name: PatternName = "plain"
    colour: str = "#ffffff"
    scale: float = 1.0
    angle: float = 0.0
    texture: str | None = None


@dataclass(frozen=True, slots=True)
class Nudge:
    """How a mask sits a little differently from the cut, in units of the mean face (its width is 2.2).

    Attributes:
        right, down: shift.
        turn: degrees, clockwise as the viewer sees it.
        width, height: factors of its size.
    """

    right: float = 0.0
    down: float = 0.0
    turn: float = 0.0
    width: float = 1.0
    height: float = 1.0


@dataclass(frozen=True, slots=True)
class MaskPlan:
    """One mask on one face; everything that was drawn by chance.

    Attributes:
        face: index of the face.
        kind, worn: what, and how.
        colour: colour of the fabric, ``#rrggbb``, or ``skin`` for that of the face.
        pattern: what is printed on it.
        intensity: 0 leaves the kind's own fabric, 1 gives it the colour and the pattern in full.
        nudge: how it sits.
        light: factor of its brightness beside what the light on the face asks for.
        seed: of the noise.
        entry: name of the library's mask that is drawn instead of one of the built-in ones.
        mirrored: whether that mask is mirrored.
    """

    face: int
    kind: Kind
    worn: Worn = "correctly"
    colour: str = "#ffffff"
    pattern: Pattern = field(default_factory=Pattern)
    intensity: float = 1.0
    nudge: Nudge = field(default_factory=Nudge)
    light: float = 1.0
    seed: int = 0
    entry: str | None = None
    mirrored: bool = False

    def __post_init__(self) -> None:
        """Check the words and the ranges."""
        for name, value, allowed in (
            ("kind", self.kind, KINDS),
            ("worn", self.worn, WORN),
            ("pattern", self.pattern.name, PATTERNS),
        ):
            if value not in allowed:
                raise PlanInvalid(f"{name}: expected one of {', '.join(allowed)}, got {value!r}")
        check_colour(self.colour)
        rgb(self.pattern.colour)
        self._check_numbers()
        if self.pattern.name == "texture" and not self.pattern.texture:
            raise PlanInvalid("pattern: texture needs the path of a picture")
        if not isinstance(self.pattern.texture, str | None):
            raise PlanInvalid(f"texture: expected a path, got {self.pattern.texture!r}")

    def _check_numbers(self) -> None:
        for name, number in (("face", self.face), ("seed", self.seed)):
            if not isinstance(number, int) or not 0 <= number < 2**63:
                raise PlanInvalid(f"{name}: expected a whole number from 0 on, below 2^63, got {number!r}")
        nudge = self.nudge
        for name, amount, low, high in (
            ("intensity", self.intensity, 0, 1),
            ("light", self.light, 0, 4),
            ("scale", self.pattern.scale, 0, 100),
            ("angle", self.pattern.angle, -360, 360),
            ("right", nudge.right, -4, 4),
            ("down", nudge.down, -4, 4),
            ("turn", nudge.turn, -360, 360),
            ("width", nudge.width, 0.1, 4),
            ("height", nudge.height, 0.1, 4),
        ):
            if not isinstance(amount, NUMBER) or not low <= amount <= high:
                raise PlanInvalid(f"{name}: expected {low} to {high}, got {amount!r}")

    @property
    def label(self) -> str:
        """The wearing label of the face afterwards."""
        return LABEL_OF[self.worn]

    @property
    def visible(self) -> tuple[str, ...]:
        """The parts of the face that it leaves to see."""
        return VISIBLE[self.worn]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A face that gets no mask.

    Attributes:
        face: index of the face.
        code: ``face_too_small``, ``pose_too_far``, ``face_doubtful``, ``face_doubled`` or ``no_entry``.
        reason: what was expected and what was there.
    """

    face: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is drawn on the faces of one picture; ``to_dict`` and ``from_dict`` carry it through JSON.

    Attributes:
        masks: at most one a face.
        skipped: the faces without one, and why.
    """

    masks: tuple[MaskPlan, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for JSON; floats survive the way there and back."""
        return {
            "version": PLAN_VERSION,
            "masks": [asdict(mask) for mask in self.masks],
            "skipped": [asdict(skip) for skip in self.skipped],
        }

    @classmethod
    def from_dict(cls, values: Any) -> Plan:
        """Read what ``to_dict`` gave.

        Raises:
            PlanInvalid: another version, a missing or unknown field, a value out of range.
        """
        try:
            if values["version"] != PLAN_VERSION:
                raise PlanInvalid(f"version: expected {PLAN_VERSION}, got {values['version']!r}")
            masks = []
            for mask in values["masks"]:
                parts = {**mask, "pattern": Pattern(**mask["pattern"]), "nudge": Nudge(**mask["nudge"])}
                masks.append(MaskPlan(**parts))
            skipped = tuple(Skipped(**skip) for skip in values["skipped"])
            if not all(isinstance(skip.face, int) and isinstance(skip.code, str) for skip in skipped):
                raise PlanInvalid("skipped: expected numbers of faces, and codes")
            return cls(tuple(masks), skipped)
        except (KeyError, TypeError, ValueError) as error:
            known = ", ".join(item.name for item in fields(MaskPlan))
            raise PlanInvalid(f"no plan of this version: {error!r}", hint=f"a mask has the fields {known}") from error


@dataclass(frozen=True, slots=True, eq=False)
class DrawnMask:
    """One mask as it came out.

    Attributes:
        plan: what was drawn.
        box: (4,) float32 xyxy in pixels: the face's box.
        alpha: (h, w) uint8, how much of each pixel it covers, of the part of the picture that starts at ``corner``.
        corner: x and y of that part.
        covered: (468,) bool: the landmarks under it.
    """

    plan: MaskPlan
    box: NDArray[np.float32]
    alpha: NDArray[np.uint8]
    corner: tuple[int, int]
    covered: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """A picture with masks.

    Attributes:
        image: (height, width, 3) uint8 RGB.
        masks: in the order in which they were drawn: the farthest face first.
    """

    image: NDArray[np.uint8]
    masks: tuple[DrawnMask, ...]

    @property
    def alpha(self) -> NDArray[np.uint8]:
        """How much of each pixel any mask covers: (height, width) uint8."""
        whole = np.zeros(self.image.shape[:2], np.uint8)
        for mask in self.masks:
            x, y = mask.corner
            height, width = mask.alpha.shape
            part = whole[y : y + height, x : x + width]
            np.maximum(part, mask.alpha, out=part)
        return whole

    @property
    def binary(self) -> NDArray[np.bool_]:
        """The pixels of which a mask covers at least half: (height, width) bool."""
        return np.asarray(self.alpha >= 128, np.bool_)


def check_colour(colour: str) -> None:
    """Check the colour of a fabric: ``#rrggbb`` or ``skin``.

    Raises:
        PlanInvalid: it is neither.
    """
    if colour != SKIN:
        rgb(colour)


def rgb(colour: str) -> tuple[int, int, int]:
    """Read ``#rrggbb``.

    Raises:
        PlanInvalid: it is none.
    """
    if not isinstance(colour, str) or not COLOUR.fullmatch(colour):
        raise PlanInvalid(f"colour: expected #rrggbb, got {colour!r}")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
