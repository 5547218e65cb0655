"""Whether a mask is worn, and how."""

from masquerade.wearing.classifier import classify_crops, read_wearing
from masquerade.wearing.types import LABELS, PARTS, Wearing

__all__ = ["LABELS", "PARTS", "Wearing", "classify_crops", "read_wearing"]
