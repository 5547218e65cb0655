"""The cut of each kind of mask, laid on the mean head: edges, depth, loops and straps.

Heights are in units of the mean face (nose tip 0.15, lips 0.5, chin 1.28), angles in degrees around the head
(nose wing 20, cheekbone 60, ear 93). All are symmetric; an edge is given by (angle, height) from the middle outwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from masquerade.masks.types import Kind, Worn

Edge = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Strap:
    """A band over the skin: (angle, height) of its ends on the right half; the left half mirrors it.

    Attributes:
        start: where it leaves the mask.
        end: where it goes out of sight.
        width: in units of the mean face.
        follows: whether its start moves with the mask when that is worn low.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    width: float


@dataclass(frozen=True, slots=True)
class Disc:
    """A round box on the mask: a filter or a valve.

    Attributes:
        angle, height: its centre on the mask.
        radius, depth: in units of the mean face.
        tip: by how many degrees it looks down.
        paired: whether both halves carry one.
    """

    angle: float
    height: float
    radius: float
    depth: float
    tip: float = 0.0
    paired: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """How a kind of mask is cut.

    Attributes:
        top, bottom: edges of the fabric.
        sides: half its angle at the top, in the middle and at the bottom.
        taut: 0 lies on the skin, 1 is drawn tight over nose, lips and chin.
        clearance: distance from the face everywhere.
        dome: how much further the middle stands out.
        beak: how much further the upright middle seam stands out.
        squeeze: which part of its height is left when it is worn below the nose, below the mouth, below the chin.
        straps, discs: what hangs on it.
    """

    top: Edge
    bottom: Edge
    sides: tuple[float, float, float]
    taut: float = 0.85
    clearance: float = 0.045
    dome: float = 0.0
    beak: float = 0.0
    squeeze: tuple[float, float, float] = (0.72, 0.5, 0.4)
    straps: tuple[Strap, ...] = ()
    discs: tuple[Disc, ...] = ()


EARS = (Strap((63, 0.06), (97, -0.42), 0.035), Strap((59, 0.9), (97, 0.1), 0.035))
HEAD = (Strap((55, 0.05), (100, -0.85), 0.06), Strap((55, 0.8), (100, 0.55), 0.06))
STIFF = (0.85, 0.7, 0.6)

SHAPES: dict[Kind, Shape] = {
    "surgical": Shape(
        top=((0, -0.3), (12, -0.23), (27, -0.08), (45, 0.0), (64, 0.02)),
        bottom=((0, 1.39), (20, 1.37), (35, 1.29), (50, 1.13), (62, 0.94)),
        sides=(66, 63, 61),
        straps=EARS,
    ),
    "cloth": Shape(
        top=((0, -0.33), (12, -0.22), (27, -0.02), (45, 0.08), (64, 0.14)),
        bottom=((0, 1.4), (20, 1.36), (35, 1.24), (50, 1.04), (64, 0.82)),
        sides=(66, 66, 62),
        beak=0.03,
        straps=(Strap((64, 0.2), (97, -0.38), 0.045), Strap((62, 0.76), (97, 0.12), 0.045)),
    ),
    "n95": Shape(
        top=((0, -0.42), (10, -0.34), (24, -0.08), (40, 0.16), (52, 0.42)),
        bottom=((0, 1.41), (14, 1.36), (28, 1.21), (42, 0.98), (52, 0.7)),
        sides=(50, 54, 44),
        taut=1.0,
        clearance=0.05,
        dome=0.16,
        squeeze=STIFF,
        straps=(Strap((48, 0.3), (100, -0.85), 0.06), Strap((46, 0.75), (100, 0.5), 0.06)),
    ),
    "kn95": Shape(
        top=((0, -0.4), (10, -0.3), (26, -0.06), (45, 0.1), (60, 0.24)),
        bottom=((0, 1.44), (15, 1.36), (30, 1.2), (45, 0.98), (60, 0.72)),
        sides=(62, 64, 60),
        taut=1.0,
        clearance=0.04,
        beak=0.16,
        squeeze=(0.8, 0.6, 0.5),
        straps=(Strap((60, 0.28), (97, -0.42), 0.035), Strap((60, 0.68), (97, 0.1), 0.035)),
    ),
    "ffp2": Shape(
        top=((0, -0.4), (10, -0.31), (26, -0.06), (45, 0.12), (60, 0.3)),
        bottom=((0, 1.42), (15, 1.37), (30, 1.22), (45, 1.0), (60, 0.68)),
        sides=(60, 63, 58),
        taut=1.0,
        clearance=0.04,
        dome=0.1,
        squeeze=(0.8, 0.6, 0.5),
        straps=(Strap((58, 0.32), (97, -0.42), 0.035), Strap((58, 0.64), (97, 0.1), 0.035)),
        discs=(Disc(22, 0.72, 0.17, 0.05),),
    ),
    "gas": Shape(
        top=((0, -0.5), (10, -0.4), (22, -0.1), (36, 0.1), (48, 0.3)),
        bottom=((0, 1.44), (14, 1.4), (28, 1.28), (40, 1.08), (48, 0.85)),
        sides=(44, 50, 42),
        taut=1.0,
        clearance=0.07,
        dome=0.14,
        squeeze=STIFF,
        straps=(Strap((46, 0.35), (100, -0.8), 0.09), Strap((44, 0.8), (100, 0.5), 0.09)),
        discs=(Disc(40, 0.62, 0.33, 0.26, 12, paired=True), Disc(0, 0.72, 0.2, 0.12)),
    ),
    "bandana": Shape(
        top=((0, -0.33), (12, -0.24), (27, -0.08), (50, -0.04), (75, -0.02), (98, 0.08)),
        bottom=((0, 2.05), (20, 1.85), (40, 1.6), (60, 1.3), (80, 0.95), (98, 0.55)),
        sides=(98, 98, 96),
        taut=0.95,
        squeeze=(0.75, 0.6, 0.55),
    ),
    "gaiter": Shape(
        top=((0, -0.33), (12, -0.24), (27, -0.06), (50, 0.04), (75, 0.14), (98, 0.32)),
        bottom=((0, 1.85), (40, 1.78), (98, 1.5)),
        sides=(98, 98, 98),
        taut=0.55,
        clearance=0.045,
        squeeze=(1.0, 1.0, 1.0),
    ),
}

TOP_EDGES: dict[Worn, tuple[float, float]] = {
    "nose_out": (0.33, 0.3),
    "mouth_and_nose_out": (0.85, 0.3),
    "chin_only": (1.03, 0.35),
}
"""Height of the upper edge in the middle, and how much of its own curve it keeps; worn correctly it is as cut."""
