"""Writing results: whole files or none, and never over an original."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from masquerade.errors import DestinationUnusable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from masquerade.looking import Seen

WRITABLE = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}


def write_whole(target: Path, content: bytes) -> None:
    """Write a file under a passing name and put it into place, so that no half file is ever left.

    Raises:
        DestinationUnusable: the folder cannot be made, or the file not written.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise DestinationUnusable(
            f"{target} cannot be written: {error.strerror or error}", hint="name a folder that is writable and has room"
        ) from error


class Saver:
    """Writes annotated pictures into a folder that mirrors the photos' own."""

    def __init__(self, folder: Path, photos: list[Path]) -> None:
        """Take the folder to write to and all photos, whose common folder is left out of the names."""
        if folder.exists() and not folder.is_dir():
            raise DestinationUnusable(f"{folder} is a file", hint="name a folder for the annotated pictures")
        self.folder = folder
        self.base = Path(os.path.commonpath([path.absolute().parent for path in photos]))

    def target(self, photo: Path) -> Path:
        """Where the annotated picture of a photo goes: the same name, or with .jpg added where it must be."""
        relative = photo.absolute().relative_to(self.base)
        name = relative.name if relative.suffix.lower() in WRITABLE else f"{relative.name}.jpg"
        return self.folder / relative.with_name(name)

    def write(self, photo: Path, image: NDArray[np.uint8], seen: Seen) -> None:
        """Write one annotated picture.

        Raises:
            DestinationUnusable: it would take the place of a photo, or cannot be written.
        """
        from PIL import Image

        from masquerade.looking.annotate import annotate

        target = self.target(photo)
        if target.exists() and photo.exists() and target.samefile(photo):
            raise DestinationUnusable(f"{target} is the photo itself", hint="save into another folder")
        buffer = io.BytesIO()
        Image.fromarray(annotate(image, seen)).save(buffer, WRITABLE[target.suffix.lower()], quality=92)
        write_whole(target, buffer.getvalue())
