"""Saving annotated pictures beside nothing that they could harm."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from masquerade.errors import DestinationUnusable
from masquerade.files import Originals, absolute, make_folder, refuse_existing, write_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WRITABLE = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
STAMP = "annotated by masquerade look"
"""Stands in the EXIF of every annotated picture: a picture with it may be written anew, any other file not."""
SOFTWARE_TAG = 0x0131
ENDS = 65536
"""Bytes at either end of a file where the stamp may stand: JPEG and PNG carry EXIF first, WebP last."""


class PictureUnsavable(DestinationUnusable):
    """One picture cannot be encoded; the place is fine, and others may be saved there."""


class Saver:
    """Writes annotated pictures into a folder that mirrors the photos' own."""

    def __init__(self, folder: Path, photos: list[Path]) -> None:
        """Take the folder to write to and all photos, whose common folder is left out of the names.

        Raises:
            DestinationUnusable: the folder is a file or cannot be made, or a picture would take the
                place of a photo or of a file that ``masquerade look`` has not written.
        """
        make_folder(folder)
        self._originals = Originals(photos)
        self._targets = _plan(folder, photos)
        for target in self._targets.values():
            self._check(target)

    def target(self, photo: Path) -> Path:
        """Where the annotated picture of a photo goes: the same name, or with .jpg added where it must be."""
        return self._targets[photo]

    def _check(self, target: Path) -> None:
        self._originals.refuse(target)
        try:
            foreign = target.is_file() and not _is_stamped(target)
        except OSError as error:
            raise DestinationUnusable(
                f"{target} cannot be read, to tell whether it may be replaced: {error.strerror or error}",
                hint="save into another folder",
            ) from error
        if foreign:
            raise DestinationUnusable(
                f"{target} is there already and was not written by masquerade", hint="save into another folder"
            )

    def write(self, photo: Path, annotated: NDArray[np.uint8]) -> None:
        """Write the annotated picture of a photo.

        Raises:
            PictureUnsavable: its format does not hold it.
            DestinationUnusable: it would take the place of another file, or cannot be written.
        """
        from PIL import Image

        target = self.target(photo)
        self._check(target)
        exif = Image.Exif()
        exif[SOFTWARE_TAG] = STAMP
        buffer = io.BytesIO()
        kind = WRITABLE[target.suffix.lower()]
        picture = Image.fromarray(annotated)
        try:
            picture.save(buffer, kind, quality=92, exif=exif)
        except (OSError, ValueError) as error:  # in memory, so it is the picture: a side too long for the format
            size = f"{picture.width} x {picture.height}"
            raise PictureUnsavable(f"{target} cannot be written: {size} pixels as {kind}: {error}") from error
        write_whole(target, buffer.getvalue())


def check_picture(target: Path, photos: list[Path]) -> None:
    """Do nothing if one picture can be written to ``target``, and nothing is lost by it.

    Raises:
        DestinationUnusable: its format is none that is written, it is one of the photos, or something is there.
    """
    if target.suffix.lower() not in WRITABLE:
        raise DestinationUnusable(f"{target}: expected one of {' '.join(WRITABLE)}")
    make_folder(target.parent)
    Originals(photos).refuse(target)
    refuse_existing(target)


def write_picture(target: Path, pixels: NDArray[np.uint8]) -> None:
    """Write one picture, whole or not at all.

    Raises:
        DestinationUnusable: it cannot be written.
    """
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, WRITABLE[target.suffix.lower()], quality=92)
    write_whole(target, buffer.getvalue())


def _is_stamped(file: Path) -> bool:
    """Tell whether a file is an annotated picture, from its ends alone."""
    with file.open("rb") as stream:
        start = stream.read(ENDS)
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - ENDS))
        return STAMP.encode() in start or STAMP.encode() in stream.read(ENDS)


def _plan(folder: Path, photos: list[Path]) -> dict[Path, Path]:
    """Choose a name below ``folder`` for each photo, all different."""
    paths = [absolute(photo) for photo in photos]
    base = os.path.commonpath([path.parent for path in paths])
    names = {photo: path.relative_to(base) for photo, path in zip(photos, paths, strict=True)}
    taken = {name for name in names.values() if name.suffix.lower() in WRITABLE}
    for photo, name in names.items():
        if name.suffix.lower() in WRITABLE:
            continue
        free = name
        while free in taken or free == name:
            free = free.with_name(f"{free.name}.jpg")
        names[photo] = free
        taken.add(free)
    return {photo: folder / name for photo, name in names.items()}
