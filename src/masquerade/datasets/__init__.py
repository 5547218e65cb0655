"""Data sets: labelled photos, readers, near-duplicates and splits."""

from masquerade.datasets.duplicates import group, hash_files
from masquerade.datasets.labelled_faces import LabelledFaces, labelled_faces
from masquerade.datasets.readers import read_folders, read_voc
from masquerade.datasets.reading import join_sets, read_set
from masquerade.datasets.splits import Split, split_photos
from masquerade.datasets.types import LABELS, DataSet, LabelledPhoto, Problem
from masquerade.datasets.wearing_sets import is_held_out

__all__ = [
    "LABELS",
    "DataSet",
    "LabelledFaces",
    "LabelledPhoto",
    "Problem",
    "Split",
    "group",
    "hash_files",
    "is_held_out",
    "join_sets",
    "labelled_faces",
    "read_folders",
    "read_set",
    "read_voc",
    "split_photos",
]
