"""Pairs of photos in a file of the user's own: ``photo_a,photo_b,same[,fold]``."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from masquerade.datasets.identities.gathering import Gathering, number_in, read_lines, wrong
from masquerade.datasets.identities.types import NO_FOLD, PairList
from masquerade.errors import DataMissing
from masquerade.files import absolute

COLUMNS = ("photo_a", "photo_b", "same", "fold")
SUBJECTS = ("subject_a", "subject_b")
TRUE, FALSE = {"1", "true", "yes", "same"}, {"0", "false", "no", "different", "-1"}


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    a: Path
    b: Path
    same: bool
    fold: int
    subjects: tuple[str, str] | None


def read_pairs(file: Path, root: Path | None = None) -> PairList:
    """Read pairs from a CSV file, or from a text file with blanks or tabs between the words.

    Columns are ``photo_a``, ``photo_b``, ``same`` (1 or 0, yes or no, true or false) and, where there are folds,
    ``fold`` (a number). With a line of names they may stand in any order, and ``subject_a`` and ``subject_b`` may
    tell who is who. Without these, photos that pairs of one person join are one subject.

    Args:
        file: of the pairs.
        root: folder that the photos' paths start from; that of the file when None.

    Raises:
        DataMissing: the file is not there, or has no pair.
        LabelInvalid: a line is not of that form, names an absent photo, or contradicts others.
    """
    file = absolute(file)
    base = file.parent if root is None else absolute(root)
    if not base.is_dir():
        raise DataMissing(f"{base} is no folder", hint="--root names the folder that the photos' paths start from")
    rows = list(_rows(file, base))
    told = {row.subjects is not None for row in rows}
    if len(told) > 1:  # columns are there, or not: cells are empty
        line = next(row.line for row in rows if row.subjects is None)
        raise wrong(file, line, "subject_a or subject_b is empty, other lines have them")
    owners = _told(file, rows) if told == {True} else _joined(file, rows)
    gathering = Gathering(file)
    for row in rows:
        a, b = (gathering.photo(path, owners[path]) for path in (row.a, row.b))
        gathering.add(a, b, row.same, row.line, row.fold)
    note = () if told == {True} else ("Photos that pairs of one person join are taken for one subject.",)
    return gathering.finish("pairs", base, notes=note, known=told == {True})


def _rows(file: Path, base: Path) -> Iterator[_Row]:
    lines = read_lines(file)
    table = [(number, row) for number, row in _cells(file, lines) if any(cell for cell in row)]
    if not table:
        return
    names: Sequence[str] = COLUMNS
    first = [cell.casefold() for cell in table[0][1]]
    if set(COLUMNS[:3]) <= set(first):
        names, table = first, table[1:]
    for line, row in table:
        if len(row) > len(names) or len(row) < 3:
            raise wrong(file, line, f"expected {', '.join(COLUMNS[:3])}[, fold], got {len(row)} cells")
        yield _row(file, base, line, dict(zip(names, row, strict=False)))


def _cells(file: Path, lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    mark = next((sign for sign in ",;\t" if lines and sign in lines[0]), None)
    if mark is None:
        yield from ((number, line.split()) for number, line in enumerate(lines, 1))
        return
    reader = csv.reader(lines, delimiter=mark, strict=True)
    try:
        for row in reader:
            yield reader.line_num, [cell.strip() for cell in row]
    except csv.Error as error:
        raise wrong(file, reader.line_num, str(error)) from error


def _row(file: Path, base: Path, line: int, cells: dict[str, str]) -> _Row:
    word = cells.get("same", "").casefold()
    if word not in TRUE | FALSE:
        raise wrong(file, line, f"same: expected 1 or 0, got {cells.get('same', '')!r}")
    paths = []
    for name in ("photo_a", "photo_b"):
        text = cells.get(name, "")
        path = absolute(base / text)
        if not text or not _is_file(path):
            raise wrong(file, line, f"{name}: no photo {text!r} in {base}", "--root names another folder")
        paths.append(path)
    fold = number_in(cells["fold"], file, line, "fold", 0) if cells.get("fold") else NO_FOLD
    subjects = (cells.get(SUBJECTS[0], ""), cells.get(SUBJECTS[1], ""))
    return _Row(line, paths[0], paths[1], word in TRUE, fold, subjects if all(subjects) else None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no possible name
        return False


def _told(file: Path, rows: list[_Row]) -> dict[Path, str]:
    owners: dict[Path, str] = {}
    for row in rows:
        subjects = row.subjects or ("", "")
        for path, subject in zip((row.a, row.b), subjects, strict=True):
            if owners.setdefault(path, subject) != subject:
                raise wrong(file, row.line, f"{path} shows {subject}, but {owners[path]} before")
        if (subjects[0] == subjects[1]) != row.same:
            raise wrong(file, row.line, f"same contradicts {subjects[0]} and {subjects[1]}")
    return owners


def _joined(file: Path, rows: list[_Row]) -> dict[Path, str]:
    """Name each photo after the first of those that pairs of one person join it with."""
    above: dict[Path, Path] = {}

    def top(path: Path) -> Path:
        while above.setdefault(path, path) != path:
            above[path] = above[above[path]]
            path = above[path]
        return path

    for row in rows:
        a, b = top(row.a), top(row.b)
        if row.same:
            above[b] = a
    for row in rows:
        if not row.same and top(row.a) == top(row.b):
            raise wrong(file, row.line, "a pair of different people, but other pairs make them one person")
    return {path: top(path).as_posix() for row in rows for path in (row.a, row.b)}
