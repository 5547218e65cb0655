"""One CSV file, a row a face: name, x1, x2, y1, y2, classname. Published with a header that lies."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from masquerade.datasets.layouts.base import Found, Layout, Problems, Row, Sheet, Source, number, text_of
from masquerade.errors import LabelInvalid

COLUMNS = {"name", "x1", "x2", "y1", "y2", "classname"}
CORNERS = ("x1", "y1", "x2", "y2")
Corners = tuple[float, ...]


def recognises(source: Source) -> bool:
    """Say whether there is a CSV file with the header."""
    return bool(_files(source))


def read(source: Source, problems: Problems) -> Found:
    """Read the one CSV file.

    Raises:
        LabelInvalid: there is none, or several, or it is broken as a whole.
    """
    files = _files(source)
    if len(files) != 1:
        named = ", ".join(str(file) for file in files) or "none"
        raise LabelInvalid(f"{source.path}: expected one CSV file with columns {_said(COLUMNS)}; found {named}")
    file, found = files[0], Found(files=1)
    try:
        header, lines = _rows(text_of(file))
    except (ValueError, csv.Error) as error:
        raise LabelInvalid(f"{file}: {error}") from error
    good = []
    for line, cells in lines:
        if len(cells) == len(header):
            good.append((line, cells))
        else:
            problems.say(file, line, "row_broken", f"{len(cells)} values, expected {len(header)}", 1)
    order = _order(file, header, [cells for _, cells in good], found.notes)
    rows: dict[str, list[Row]] = {}
    for line, cells in good:
        corners = tuple(number(cells[column]) for column in order)
        row = Row(line, cells[header.index("classname")].strip(), corners)
        rows.setdefault(cells[header.index("name")].strip(), []).append(row)
    for name, faces in rows.items():
        found.sheets.append(Sheet(file, faces[0].line, name, source.photo_named(name, file), tuple(faces)))
    return found


def _files(source: Source) -> list[Path]:
    files = [file for file in source.files(".csv") if source.path in (file.parent, file)]
    return [file for file in files if set(_header(file)) >= COLUMNS]


def _header(file: Path) -> list[str]:
    try:
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            return [cell.strip() for cell in next(csv.reader([stream.readline(4096)]), [])]
    except (OSError, ValueError, csv.Error):
        return []


def _rows(text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [cell.strip() for cell in next(reader)]
    rows, line = [], reader.line_num + 1
    for cells in reader:
        if cells:
            rows.append((line, cells))
        line = reader.line_num + 1
    return header, rows


def _order(file: Path, header: list[str], rows: list[list[str]], notes: list[str]) -> list[int]:
    """Columns of x1, y1, x2, y2: as the header names them, or as they stand when more boxes are valid that way."""
    named = [header.index(name) for name in CORNERS]
    standing = sorted(named)
    if named == standing:
        return named
    right, other = (sum(_valid(cells, order) for cells in rows) for order in (named, standing))
    if right >= other:
        return named
    written = ", ".join(header[column] for column in standing)
    notes.append(
        f"{file.name}: the header says {written}, the values are {', '.join(CORNERS)}: "
        f"{other:,} of {len(rows):,} boxes are valid that way, {right:,} as named"
    )
    return standing


def _valid(cells: list[str], order: list[int]) -> bool:
    x1, y1, x2, y2 = (number(cells[column]) for column in order)
    return x1 < x2 and y1 < y2


def _said(names: set[str]) -> str:
    return ", ".join(sorted(names))


LAYOUT = Layout("wobot-csv", "a CSV file with the columns name, x1, x2, y1, y2, classname", recognises, read)
