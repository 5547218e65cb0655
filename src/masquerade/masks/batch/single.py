"""One photo to one picture, without a folder of results."""

from __future__ import annotations

from pathlib import Path

from masquerade.errors import DestinationUnusable
from masquerade.files import Originals, refuse_existing, write_whole
from masquerade.image import Limits
from masquerade.masks.batch.encoding import WRITABLE
from masquerade.masks.batch.job import completed
from masquerade.masks.batch.photo import mask_file
from masquerade.masks.batch.types import Done, Names, Recipe, Task


def mask_one(source: Path, target: Path, recipe: Recipe) -> Done:
    """Mask one photo and write the picture, where at least one mask was drawn.

    Args:
        source: the photo.
        target: the picture to write; its suffix names the format.
        recipe: what is drawn.

    Raises:
        DestinationUnusable: the target is there already, is in a format that is not written, or cannot be written.
    """
    if target.suffix.lower() not in WRITABLE:
        raise DestinationUnusable(f"{target}: expected one of {' '.join(WRITABLE)}")
    Originals([source]).refuse(target)
    refuse_existing(target)
    names = Names(target.name, "mask.png", target.name, "labels.xml")
    done = mask_file(completed(recipe), Task(source.name, source, names, Limits.from_settings()))
    if done.entry is not None:
        write_whole(target, done.files[target.name])
    return done
