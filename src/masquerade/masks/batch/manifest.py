"""The manifest of a finished job: a header line, then a line a masked photo; and the list of failures beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masquerade.errors import ManifestInvalid
from masquerade.masks.batch.journal import line_of
from masquerade.masks.batch.types import MANIFEST_VERSION, Recipe

FIELDS = ("photo", "source", "size", "image", "mask", "faces", "plan")
"""What each line has at the least."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the first line of a manifest says.

    Attributes:
        source: folder of the photos.
        recipe: what was drawn.
    """

    source: str
    recipe: Recipe

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return {"manifest": MANIFEST_VERSION, "source": self.source, "job": self.recipe.to_dict()}

    @classmethod
    def from_dict(cls, values: Any, where: str) -> Header:
        """Read what ``to_dict`` gave.

        Raises:
            ManifestInvalid: another version, or no header.
        """
        if not isinstance(values, dict) or "manifest" not in values:
            raise ManifestInvalid(f"{where}: the first line is no header of a manifest")
        if values["manifest"] != MANIFEST_VERSION:
            raise ManifestInvalid(
                f"{where}: version {values['manifest']!r}, expected {MANIFEST_VERSION}",
                hint="use the version of masquerade that wrote it",
            )
        if not isinstance(values.get("source"), str):
            raise ManifestInvalid(f"{where}: the header names no source")
        return cls(values["source"], Recipe.from_dict(values.get("job")))


def read_header(path: Path) -> Header:
    """Read the first line of a manifest.

    Raises:
        ManifestInvalid: it is missing, unreadable, of another version, or none.
    """
    for value in read_lines(path):
        return Header.from_dict(value, str(path))
    raise ManifestInvalid(f"{path}: empty, expected a manifest")


def read_entries(path: Path) -> Iterator[dict[str, Any]]:
    """Give the lines of a manifest after the header.

    Raises:
        ManifestInvalid: a line is broken or lacks a field; the message counts it.
    """
    lines = read_lines(path)
    next(lines, None)
    for number, entry in enumerate(lines, start=2):
        missing = [name for name in FIELDS if not isinstance(entry, dict) or name not in entry]
        if missing:
            raise ManifestInvalid(f"{path}, line {number}: lacks {', '.join(missing)}")
        yield entry


def read_lines(path: Path) -> Iterator[Any]:
    """Give the values of a file of JSON lines.

    Raises:
        ManifestInvalid: the file cannot be read, or a line is no JSON; the message counts it.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise ManifestInvalid(f"{path}, line {number}: {error}") from error
    except OSError as error:
        raise ManifestInvalid(f"{path}: {error.strerror or error}", hint="name a manifest.jsonl") from error


def manifest_lines(header: Header, records: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Give the lines of ``manifest.jsonl`` from those of the journal, sorted by photo."""
    yield line_of(header.to_dict())
    for record in records:
        if record["entry"] is not None:
            yield line_of(record["entry"])


def failure_lines(records: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Give the lines of ``failures.jsonl`` from those of the journal, sorted by photo."""
    for record in records:
        for line in record["failures"]:
            yield line_of(line)


def records_of(manifest: Path, failures: Path) -> Iterator[dict[str, Any]]:
    """Give the journal's lines again, from the two files of a finished job."""
    listed: dict[str, list[Any]] = {}
    if failures.exists():
        for line in read_lines(failures):
            if not isinstance(line, dict) or not isinstance(line.get("photo"), str):
                raise ManifestInvalid(f"{failures}: a line names no photo")
            listed.setdefault(line["photo"], []).append(line)
    for entry in read_entries(manifest):
        yield {"photo": entry["photo"], "entry": entry, "failures": listed.pop(entry["photo"], [])}
    for photo, lines in listed.items():
        yield {"photo": photo, "entry": None, "failures": lines}
