"""Masks drawn on faces: ``plan = draw(rng, faces)``, then ``apply(image, faces, plan)``."""

from masquerade.masks.applying import apply
from masquerade.masks.crops import mask_crop, mask_crops, masked_crop, masked_crops
from masquerade.masks.drawing import PALETTES, Choice, draw
from masquerade.masks.rendering import Effects
from masquerade.masks.types import (
    KINDS,
    LABEL_OF,
    PATTERNS,
    VISIBLE,
    WORN,
    DrawnMask,
    Masked,
    MaskPlan,
    Nudge,
    Pattern,
    Plan,
    Skipped,
)

__all__ = [
    "KINDS",
    "LABEL_OF",
    "PALETTES",
    "PATTERNS",
    "VISIBLE",
    "WORN",
    "Choice",
    "DrawnMask",
    "Effects",
    "MaskPlan",
    "Masked",
    "Nudge",
    "Pattern",
    "Plan",
    "Skipped",
    "apply",
    "draw",
    "mask_crop",
    "mask_crops",
    "masked_crop",
    "masked_crops",
]
