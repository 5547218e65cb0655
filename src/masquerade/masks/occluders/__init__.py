"""Things over faces that are no medical masks: ``draw_occluders(rng, faces)``, then ``apply_occluders``."""

from masquerade.masks.occluders.applying import apply_occluders
from masquerade.masks.occluders.drawing import draw_occluders
from masquerade.masks.occluders.types import COVERED_PARTS, OCCLUDERS, VARIANTS, Occluded, OccluderPlan

__all__ = [
    "COVERED_PARTS",
    "OCCLUDERS",
    "VARIANTS",
    "Occluded",
    "OccluderPlan",
    "apply_occluders",
    "draw_occluders",
]
