"""The data sets of mask wearing under ``data_root``, and which part of them is held out."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from pathlib import Path

from masquerade.datasets.readers import read_folders, read_voc
from masquerade.datasets.types import LabelledPhoto
from masquerade.errors import DataMissing
from masquerade.settings import get_settings

HELD_OUT_SHARE = 0.25
HELD_OUT = Path(__file__).with_name("held_out.csv")
MASK_KINDS = {
    "Cloth_mask": "with_mask",
    "N-95_Mask": "with_mask",
    "Surgical_Mask": "with_mask",
    "No_Face_Mask": "without_mask",
    "Mask_worn_incorrectly": "incorrect",
}
TWO_CLASS = {"with_mask": "with_mask", "without_mask": "without_mask"}


def data_root() -> Path:
    """Return the folder of the data sets.

    Raises:
        DataMissing: the setting is not made, or leads nowhere.
    """
    root = get_settings().data_root
    if root is None or not root.is_dir():
        raise DataMissing(f"data_root is {root}", hint="set MASQUERADE_DATA to the folder of the data sets")
    return root


def read_ilc2021() -> list[LabelledPhoto]:
    """Read the web photos with several labelled faces each."""
    root = data_root() / "ilc2021"
    return read_voc(root / "images", root / "annotations", "ilc2021")


def read_mask_kinds() -> list[LabelledPhoto]:
    """Read the photos of single people by kind of mask; the face is yet to be found."""
    return read_folders(data_root() / "mask-kinds", MASK_KINDS, "mask-kinds")


def read_two_class() -> list[LabelledPhoto]:
    """Read the tight crops with and without mask."""
    return read_folders(data_root() / "two-class", TWO_CLASS, "two-class")


def read_rmfd() -> list[LabelledPhoto]:
    """Read the photos of people in masks."""
    return read_folders(data_root() / "masked-photos", {"rmfd": "with_mask"}, "rmfd")


def read_held_out() -> dict[str, int]:
    """Read the held-out photos of all sets, as the packaged model's training left them out.

    ``python -m masquerade.training.wearing_data --write-list`` writes it. Names of files, no pictures.

    Returns:
        Photo key to the number of its near-duplicate group.
    """
    with HELD_OUT.open(encoding="utf-8", newline="") as stream:
        return {row["photo"]: int(row["group"]) for row in csv.DictReader(stream)}


def write_held_out(held_out: Mapping[str, int]) -> None:
    """Write the list that ``read_held_out`` reads."""
    rows = "".join(f"{key},{group}\n" for key, group in sorted(held_out.items()))
    HELD_OUT.write_text(f"photo,group\n{rows}", encoding="utf-8")


def is_held_out(group_key: str, share: float = HELD_OUT_SHARE) -> bool:
    """Say whether a near-duplicate group belongs to the held-out part: by a hash of its key, so for good."""
    digest = hashlib.sha256(group_key.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < share
