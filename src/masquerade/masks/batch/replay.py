"""Make a job again from its manifest: the recorded plans instead of new ones, and the hashes compared."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from masquerade.errors import LibraryInvalid, ManifestInvalid
from masquerade.files import absolute
from masquerade.image import Limits
from masquerade.masks.batch import naming
from masquerade.masks.batch.encoding import WRITABLE
from masquerade.masks.batch.job import Job, completed
from masquerade.masks.batch.manifest import Header, read_entries, read_header
from masquerade.masks.batch.types import Task

COMPARED = ("source", "image", "mask", "labels")
"""What must have the recorded hash; a bare original is what the source is."""


def replay_job(manifest: Path, destination: Path, source: Path | None = None, library: Path | None = None) -> Job:
    """Prepare to make again what a manifest records.

    Args:
        manifest: the ``manifest.jsonl`` of a finished job.
        destination: folder to write to, another one than the first job's.
        source: folder of the photos, where it is not the recorded one.
        library: path of the library of masks, where it is not the recorded one.

    Raises:
        ManifestInvalid: it is missing, damaged, of another version, or leads out of the folders.
        DestinationUnusable: the destination lies among the photos.
        LibraryInvalid: the library is not the one that the manifest names.
    """
    header = read_header(manifest)
    root = absolute(Path(header.source) if source is None else source)
    if root.is_dir():
        naming.refuse_overlap(root, destination)
    limits = Limits.from_settings()
    tasks = {}
    for entry in read_entries(manifest):
        photo = _below(entry["photo"], manifest)
        tasks[photo] = _task(photo, entry, root, limits, manifest)
    recipe = header.recipe
    recipe = completed(recipe if library is None else replace(recipe, library=str(library)))
    if recipe.library_id != header.recipe.library_id:
        raise LibraryInvalid(f"{recipe.library} is not the library that {manifest} names", hint="name that one")
    return Job(Header(str(root), recipe), tasks, destination, hashlib.sha256(manifest.read_bytes()).hexdigest())


def _task(photo: str, entry: dict[str, Any], root: Path, limits: Limits, manifest: Path) -> Task:
    try:
        names = naming.names_in(entry)
        expected: dict[str, str] = {
            kind: entry[kind]["sha256"] for kind in ("source", "image", "mask", "labels") if kind in entry
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise ManifestInvalid(f"{manifest}: {photo}: {error!r}") from error
    for name, folder in (
        (names.image, naming.IMAGES),
        (names.mask, naming.MASKS),
        (names.original, naming.ORIGINALS),
        (names.labels, naming.LABELS),
    ):
        if not _below(name, manifest).startswith(f"{folder}/"):
            raise ManifestInvalid(f"{manifest}: {photo}: expected {name!r} below {folder}/")
    for name in (names.image, names.mask):
        if PurePosixPath(name).suffix.lower() not in WRITABLE:
            raise ManifestInvalid(f"{manifest}: {photo}: {name!r} is in no format that is written")
    return Task(photo, root / photo, names, limits, entry["plan"], expected)


def _below(name: Any, manifest: Path) -> str:
    """Refuse a name that leads anywhere but below a folder: a manifest may come from a stranger."""
    path = PurePosixPath(name) if isinstance(name, str) else None
    if path is None or path.is_absolute() or ".." in path.parts or "\0" in name or not path.parts:
        raise ManifestInvalid(f"{manifest}: {name!r} is no path below a folder")
    return str(path)
