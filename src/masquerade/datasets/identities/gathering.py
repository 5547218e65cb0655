"""Collects pairs line by line, each photo once; every trouble names file and line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from masquerade.datasets.identities.types import NO_FOLD, PairList
from masquerade.errors import DataMissing, LabelInvalid
from masquerade.files import absolute
from masquerade.image import PICTURE_SUFFIXES


def read_lines(file: Path) -> list[str]:
    """Read the lines of a text file.

    Raises:
        DataMissing: it is not there.
        LabelInvalid: it cannot be read, or is no UTF-8 text.
    """
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise DataMissing(f"{file} is not there") from error
    except (OSError, UnicodeError) as error:
        raise LabelInvalid(f"{file} cannot be read as text: {error}") from error


def filled(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Yield number, from 1, and text of each line that is not blank."""
    yield from ((number, line.strip()) for number, line in enumerate(lines, 1) if line.strip())


def wrong(file: Path, line: int, text: str, hint: str = "") -> LabelInvalid:
    """Give the error that names file and line."""
    return LabelInvalid(f"{file}:{line}: {text}", hint=hint)


def number_in(text: str, file: Path, line: int, what: str, least: int = 1) -> int:
    """Read a whole number.

    Raises:
        LabelInvalid: it is none, or below ``least``.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 9) or int(text) < least:
        raise wrong(file, line, f"{what}: expected a whole number from {least} on, got {text!r}")
    return int(text)


def numbered_photo(folder: Path, name: str, number: int) -> Path | None:
    """Find ``<name>/<name>_NNNN`` with any suffix of a picture; None where there is none."""
    if not is_plain(name):
        return None
    stem = folder / name / f"{name}_{number:04d}"
    return next((path for suffix in SUFFIXES if (path := stem.with_name(stem.name + suffix)).is_file()), None)


SUFFIXES = (".jpg", ".png", ".jpeg", *sorted(PICTURE_SUFFIXES - {".jpg", ".png", ".jpeg"}))


def is_plain(name: str) -> bool:
    """Tell whether a name stays in its folder."""
    return name not in {"", ".", ".."} and not set(name) & set("/\\\0")


@dataclass(slots=True)
class Gathering:
    """Pairs of one file."""

    file: Path
    _photos: dict[Path, int] = field(default_factory=dict)
    _subjects: list[str] = field(default_factory=list)
    _rows: dict[frozenset[int], tuple[int, int, bool, int]] = field(default_factory=dict)
    _again: list[int] = field(default_factory=list)

    def photo(self, path: Path, subject: str) -> int:
        """Take a photo; its index."""
        if path not in self._photos:
            self._photos[path] = len(self._photos)
            self._subjects.append(subject)
        return self._photos[path]

    @property
    def paths(self) -> tuple[Path, ...]:
        """The photos taken so far."""
        return tuple(self._photos)

    def add(self, a: int, b: int, same: bool, line: int, fold: int = NO_FOLD) -> None:
        """Take a pair; one that is there already, in whichever order, counts once, and the notes tell it.

        Raises:
            LabelInvalid: it is one photo twice.
        """
        if a == b:
            raise wrong(self.file, line, "a pair of one photo with itself")
        if frozenset((a, b)) in self._rows:
            self._again.append(line)
        else:
            self._rows[frozenset((a, b))] = (a, b, same, fold)

    def finish(
        self,
        name: str,
        root: Path,
        kinds: dict[Path, str] | None = None,
        notes: tuple[str, ...] = (),
        known: bool = True,
    ) -> PairList:
        """Give the list.

        Raises:
            DataMissing: there is no pair.
        """
        if not self._rows:
            raise DataMissing(f"{self.file} has no pair")
        first, second, same, folds = (np.array(column) for column in zip(*self._rows.values(), strict=True))
        if self._again:
            notes += (
                f"{len(self._again)} pairs stand in {self.file.name} twice, the first on line {self._again[0]}; "
                "each counts once.",
            )
        return PairList(
            name=name,
            root=absolute(root),
            photos=tuple(self._photos),
            subjects=np.array(self._subjects, np.str_),
            kinds=None if kinds is None else np.array([kinds[path] for path in self._photos], np.str_),
            first=first.astype(np.intp),
            second=second.astype(np.intp),
            same=same.astype(np.bool_),
            folds=folds.astype(np.int64),
            notes=notes,
            known=known,
        )
