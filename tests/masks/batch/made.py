"""Small photos, and jobs over them that take little time."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from PIL import Image

from masquerade.masks import Choice
from masquerade.masks.batch import Engine, Here, Recipe, Summary, new_job, run_job

CHOICE = Choice(kinds=("surgical", "n95"), worn=("correctly", "nose_out"))
"""Two kinds: each is painted once a process, which takes longer than all the rest."""


def recipe(**changes: Any) -> Recipe:
    return Recipe(**{"effort": "frame", "choice": CHOICE, **changes})


def run(source: Path, place: Path, engine: Engine | None = None, resume: bool = False, **changes: Any) -> Summary:
    return run_job(new_job(source, place, recipe(**changes)), engine or Here(), resume)


def small(photo: Path, target: Path, height: int = 160, **options: Any) -> Path:
    """Save a photo anew, this high, in the format that the name says."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(photo) as picture:
        width = round(picture.width * height / picture.height)
        picture.convert("RGB").resize((width, height)).save(target, **options)
    return target


def contents(top: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    found = {}
    for folder, _, files in os.walk(top):
        for name in files:
            path = Path(folder, name)
            found[path.relative_to(top).as_posix()] = path.read_bytes()
    return found


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def stamps(top: Path) -> dict[str, int]:
    """When each picture was written."""
    return {name: (top / name).stat().st_mtime_ns for name in contents(top) if name.startswith(("images/", "masks/"))}
