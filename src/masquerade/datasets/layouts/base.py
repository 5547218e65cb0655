"""What a layout is, and what its reader is given and gives."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from masquerade.datasets.names import Names
from masquerade.datasets.types import Problem
from masquerade.errors import DataMissing, LabelInvalid, NoImages
from masquerade.image import PICTURE_SUFFIXES, find_pictures

LABEL_SUFFIXES = frozenset({".xml", ".json", ".csv", ".txt", ".yaml", ".yml", ".names"})
PHOTO_FOLDERS = ("images", "JPEGImages")
LISTS_OF_CLASSES = frozenset({".yaml", ".yml", ".txt", ".names"})


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled face, as the file writes it.

    Attributes:
        line: where, from 1.
        name: of the class.
        corners: x0, y0, x1, y1, not yet checked; None where the photo as a whole carries the label.
    """

    line: int | None
    name: str
    corners: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one photo.

    Attributes:
        file: that holds them.
        line: where the photo is named.
        name: of the photo, as written.
        photo: the picture, or None when there is none.
        rows: its faces.
        size: width and height as the file states them.
        in_shares: whether corners are shares of the picture's sides instead of pixels.
    """

    file: Path
    line: int | None
    name: str
    photo: Path | None
    rows: tuple[Row, ...]
    size: tuple[int, int] | None = None
    in_shares: bool = False


@dataclass(slots=True)
class Found:
    """All that a reader found.

    Attributes:
        sheets: one a photo.
        classes: names of classes that a file declares, and where: file, line, name.
        notes: what was decided.
        files: label files that could be read.
    """

    sheets: list[Sheet] = field(default_factory=list)
    classes: list[tuple[Path, int | None, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: int = 0


class Problems(list[Problem]):
    """Problems in the order in which they were met."""

    def __init__(self, strict: bool = False) -> None:
        """Raise the first one when ``strict``."""
        super().__init__()
        self._strict = strict

    def say(self, file: Path, line: int | None, code: str, text: str, rows: int = 0) -> None:
        """Add one.

        Raises:
            LabelInvalid: in strict mode.
        """
        problem = Problem(file, line, code, text, rows)
        if self._strict:
            raise LabelInvalid(str(problem))
        self.append(problem)


class Source:
    """The files of one set: labels and pictures.

    Attributes:
        path: as named: a folder or a label file.
        images: folder of the photos, where one was named.
        names: names of classes that are known.
    """

    def __init__(self, path: Path, images: Path | None, names: Names) -> None:
        """List nothing yet.

        Raises:
            DataMissing: ``path`` or ``images`` leads nowhere.
        """
        if not (path.is_dir() or path.is_file()):
            raise DataMissing(f"{path} is not there", hint="name a folder or a label file")
        if path.suffix.lower() in LISTS_OF_CLASSES and path.is_file():  # the labels stand around it
            path = path.parent
        if images is not None and not images.is_dir():
            raise DataMissing(f"expected folder {images}", hint="name the folder of the photos")
        self.path, self.images, self.names = path, images, names

    @property
    def root(self) -> Path:
        """The folder of the set."""
        if self.path.is_dir():
            return self.path
        folder = self.path.parent
        return folder.parent if folder.name.lower() == "annotations" else folder

    @cached_property
    def photo_folder(self) -> Path:
        """The folder in which photos are looked for: ``images`` where there is one with photos, else the root."""
        if self.images is not None:
            return self.images
        for folder in (self.root / name for name in PHOTO_FOLDERS):
            if any(folder in path.parents for path in self.all_pictures):
                return folder
        return self.root

    @cached_property
    def _files(self) -> list[Path]:
        return _below(self.path, LABEL_SUFFIXES) if self.path.is_dir() else [self.path]

    def files(self, *suffixes: str) -> list[Path]:
        """List the label files with one of these lower-case suffixes, sorted."""
        return [file for file in self._files if file.suffix.lower() in suffixes]

    @cached_property
    def all_pictures(self) -> list[Path]:
        """All pictures of the set, sorted; next to a label file that was named, only those beside it and in images."""
        if self.images is not None:
            return _below(self.images, PICTURE_SUFFIXES)
        if self.path.is_dir():
            return _below(self.root, PICTURE_SUFFIXES)
        folders = [folder for name in PHOTO_FOLDERS if (folder := self.root / name).is_dir()]
        beside = [path for path in self.path.parent.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES]
        return sorted({*beside, *(path for folder in folders for path in _below(folder, PICTURE_SUFFIXES))})

    @cached_property
    def pictures(self) -> list[Path]:
        """Those in the folder of photos."""
        folder = self.photo_folder
        return [path for path in self.all_pictures if folder in path.parents]

    @cached_property
    def _by_name(self) -> dict[str, list[Path]]:
        return _table(self.pictures, lambda path: path.name)

    @cached_property
    def _by_stem(self) -> dict[str, list[Path]]:
        return _table(self.pictures, lambda path: path.stem)

    def photo_named(self, name: str, file: Path) -> Path | None:
        """Find the picture that a label file names; the nearest to the file where several bear the name."""
        parts = PurePosixPath(name.replace("\\", "/")).parts
        found = self._by_name.get(parts[-1], []) if parts else []
        return self._nearest([path for path in found if path.parts[-len(parts) :] == parts] or found, file)

    def photo_beside(self, file: Path) -> Path | None:
        """Find the picture that has the same name as a label file but for the suffix."""
        return self._nearest(self._by_stem.get(file.stem, []), file)

    def _nearest(self, found: list[Path], file: Path) -> Path | None:
        if len(found) < 2:
            return found[0] if found else None
        near = set(file.parent.parts)
        shared = [len(near & set(path.parent.parts)) for path in found]
        best = max(shared)
        return found[shared.index(best)] if shared.count(best) == 1 else None

    def place(self, photo: Path) -> str:
        """Give the path of a photo below the root, or below the folder of photos where that lies elsewhere."""
        folder = self.root if photo.is_relative_to(self.root) else self.photo_folder.parent
        return photo.relative_to(folder).as_posix()


@dataclass(frozen=True, slots=True)
class Layout:
    """A way in which data sets lie on disk.

    Attributes:
        name: by which it is asked for.
        looks: what it looks like, in one line.
        recognises: says whether files look like it.
        read: reads them all.
        whole_photos: whether a label is that of the whole photo.
    """

    name: str
    looks: str
    recognises: Callable[[Source], bool]
    read: Callable[[Source, Problems], Found]
    whole_photos: bool = False


def number(value: object) -> float:
    """Give a number that was written in a file; nan for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return math.nan
    try:
        return float(value)
    except (ValueError, OverflowError):
        return math.nan


def text_of(file: Path) -> str:
    """Read a text file.

    Raises:
        ValueError: it is no UTF-8 or cannot be read; the message says why.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error


def _below(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    try:
        return find_pictures(folder, suffixes)
    except NoImages:
        return []


def _table(paths: Iterable[Path], name: Callable[[Path], str]) -> dict[str, list[Path]]:
    table = defaultdict(list)
    for path in paths:
        table[name(path)].append(path)
    return dict(table)
