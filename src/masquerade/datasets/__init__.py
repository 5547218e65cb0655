"""Data sets: labelled photos, readers, near-duplicates and splits."""

from masquerade.datasets.duplicates import group, hash_files
from masquerade.datasets.readers import read_folders, read_voc
from masquerade.datasets.types import LABELS, LabelledPhoto
from masquerade.datasets.wearing_sets import is_held_out

__all__ = ["LABELS", "LabelledPhoto", "group", "hash_files", "is_held_out", "read_folders", "read_voc"]
