"""From what a user names, files, folders and patterns, to a list of picture files."""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from masquerade.errors import NoImages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".heic", ".heif", ".hif"}
)
MAGIC = re.compile(r"[*?\[]")


def find_pictures(
    named: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], suffixes: frozenset[str] = PICTURE_SUFFIXES
) -> list[Path]:
    """List the pictures that are meant, in the order named, each once.

    A folder gives all picture files in it and below, sorted, without hidden ones. A pattern is
    something with ``*``, ``?`` or ``[`` that does not itself exist; it gives the picture files that
    it matches, sorted; ``**`` stands for any number of folders. Anything else is taken as it is,
    whatever its suffix and whether it exists: reading it tells. So is a folder that may not be
    looked into. Folders behind symbolic links are visited once.

    Args:
        named: one or several files, folders or patterns.
        suffixes: lower-case suffixes that make a file in a folder a picture.

    Raises:
        NoImages: nothing was named, or a folder or pattern holds no picture.
    """
    items = [named] if isinstance(named, str | os.PathLike) else list(named)
    if not items:
        raise NoImages("no files were named", hint="name files, folders or patterns")
    found: dict[str, Path] = {}
    for item in items:
        for path in _expand(os.fsdecode(item), suffixes):
            found.setdefault(os.path.abspath(path), path)  # noqa: PTH100 - Path.absolute keeps ".."
    return list(found.values())


def _expand(text: str, suffixes: frozenset[str]) -> list[Path]:
    if not text:
        raise NoImages("an empty path was named", hint="use . for the working folder")
    path = Path(text)
    if path.is_dir():
        files, what = _walk(path), "the folder"
    elif MAGIC.search(text) and not os.path.lexists(text):
        files, what = _match(text), "the pattern"
    else:
        return [path]
    # A folder among the files is one that may not be looked into.
    pictures = sorted(file for file in files if file.suffix.lower() in suffixes or file.is_dir())
    if not pictures:
        raise NoImages(f"{what} {text} gives no picture", hint=f"expected {' '.join(sorted(suffixes))}")
    return pictures


def _walk(top: Path) -> Iterator[Path]:
    """Yield the files below ``top`` that are not hidden, and the folders that cannot be read."""
    refused: list[str] = []
    visited: set[tuple[int, int]] = set()
    for folder, folders, files in os.walk(top, followlinks=True, onerror=lambda e: refused.append(str(e.filename))):
        place = _identity(folder)
        if place in visited:
            folders.clear()
            continue
        visited.add(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in files if not name.startswith("."))
    yield from map(Path, refused)


def _identity(folder: str) -> tuple[int, int]:
    try:
        status = os.stat(folder)  # noqa: PTH116 - a string comes from os.walk
    except OSError:  # gone since it was listed
        return (0, 0)
    return status.st_dev, status.st_ino


def _match(pattern: str) -> Iterator[Path]:
    """Yield the files that a pattern matches, and the folders below its ``**`` that cannot be read."""
    parts = Path(pattern).parts
    if "**" not in parts:
        yield from (path for path in map(Path, glob.iglob(pattern)) if not path.is_dir())  # noqa: PTH207 - no dotfiles
        return
    # The ** of glob goes round in loops of symbolic links.
    fixed = next(index for index, part in enumerate(parts) if MAGIC.search(part))
    top = Path(*parts[:fixed])
    for path in _walk(top):
        if _fits(path.relative_to(top).parts, parts[fixed:]) or path.is_dir():
            yield path


def _fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Whether the parts of a path fit those of a pattern."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return _fits(parts, pattern[1:]) or (bool(parts) and _fits(parts[1:], pattern))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])
