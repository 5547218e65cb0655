"""A folder an identity, as CelebA, VGGFace2 and LFW have it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from masquerade.datasets.identities.types import IdentitySet
from masquerade.errors import DataMissing
from masquerade.files import absolute
from masquerade.image import PICTURE_SUFFIXES


def read_identities(root: Path, name: str | None = None) -> IdentitySet:
    """Read the folders of a folder: each is an identity, the pictures in it and below are its photos.

    Hidden files and folders count for nothing. An identity without a photo is told in ``empty``.

    Args:
        root: the folder.
        name: of the set; that of its folder when None.

    Raises:
        DataMissing: it is no folder, or holds no identity with a photo.
    """
    root = absolute(root)
    if not root.is_dir():
        raise DataMissing(f"{root} is no folder", hint="expected a folder with a folder for each identity")
    names: list[str] = []
    photos: list[Path] = []
    owners: list[int] = []
    empty: list[str] = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")):
        found = sorted(_pictures(folder))
        if not found:
            empty.append(folder.name)
            continue
        owners += [len(names)] * len(found)
        names.append(folder.name)
        photos += found
    if not names:
        told = f", {len(empty)} of its folders are empty" if empty else ""
        raise DataMissing(f"{root} holds no identity with a photo{told}", hint="expected a folder for each identity")
    return IdentitySet(name or root.name, root, tuple(names), tuple(photos), np.array(owners, np.intp), tuple(empty))


def _pictures(folder: Path) -> list[Path]:
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            Path(place, name)
            for name in files
            if not name.startswith(".") and Path(name).suffix.lower() in PICTURE_SUFFIXES
        ]
    return found
