"""Small sets of identities; the photos are empty files, as readers do not decode them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def touch(root: Path, *names: str) -> None:
    """Make empty photos, and their folders."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def photo(person: str, number: int, suffix: str = ".jpg") -> str:
    """The name of a photo as LFW and MFR2 have it."""
    return f"{person}/{person}_{number:04d}{suffix}"


def write_lines(file: Path, lines: Sequence[str]) -> Path:
    """Write a text file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def made_folders(root: Path, counts: Mapping[str, int]) -> Path:
    """A folder an identity, with so many photos."""
    for name, count in counts.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        touch(root, *(f"{name}/{number}.jpg" for number in range(count)))
    return root
