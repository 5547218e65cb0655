"""A folder a class: every photo in it and below carries its label. MaskedFace-Net's names of files tell it, too."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from masquerade.datasets.layouts.base import Found, Layout, Problems, Row, Sheet, Source

NUMBERED = re.compile(r"\d+_(Mask(?:_(?:Nose|Mouth|Chin))*)$", re.IGNORECASE)
"""MaskedFace-Net: a number, then what the mask covers."""


def recognises(source: Source) -> bool:
    """Say whether a folder with photos bears the name of a class, or photos that of MaskedFace-Net."""
    return source.path.is_dir() and any(_class_of(photo, source) is not None for photo in source.all_pictures)


def read(source: Source, problems: Problems) -> Found:
    """Take every photo; those of folders that are no class are counted by a problem each folder."""
    found = Found(files=1)
    unknown: Counter[Path] = Counter()
    for photo in source.all_pictures:
        name = _class_of(photo, source)
        if name is None:
            unknown[photo.parent] += 1
        else:
            found.sheets.append(Sheet(photo, None, photo.name, photo, (Row(None, name, None),)))
    for folder, count in unknown.items():
        text = f"unknown class {folder.name!r}, {count} photos left out"
        problems.say(folder, None, "unknown_label", text, count)
    filled = {folder for photo in source.all_pictures for folder in photo.parents}
    for folder in sorted(path for path in _top(source).rglob("*") if path.is_dir() and path not in filled):
        if source.names.meaning(folder.name, things=False) is not None:
            problems.say(folder, None, "class_empty", f"class {folder.name!r} has no photo")
    return found


def _class_of(photo: Path, source: Source) -> str | None:
    """The innermost folder that is a class; else the end of the file's name; None where neither tells."""
    for name in reversed(photo.relative_to(_top(source)).parts[:-1]):
        if source.names.meaning(name, things=False) is not None:
            return name
    numbered = NUMBERED.match(photo.stem)
    return numbered[1] if numbered else None


def _top(source: Source) -> Path:
    return source.images or source.root


LAYOUT = Layout("folders", "a folder a class, named as with_mask or without_mask", recognises, read, whole_photos=True)
