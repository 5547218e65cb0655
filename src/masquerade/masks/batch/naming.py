"""Which photos a job takes, and where the files of each one go."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from masquerade.errors import DestinationUnusable
from masquerade.files import absolute
from masquerade.image import find_pictures
from masquerade.masks.batch.encoding import WRITABLE
from masquerade.masks.batch.types import Names

IMAGES, MASKS, ORIGINALS, LABELS = "images", "masks", "originals", "labels"
MANIFEST, FAILURES, JOURNAL = "manifest.jsonl", "failures.jsonl", ".progress.jsonl"
OURS = (IMAGES, MASKS, ORIGINALS, LABELS, MANIFEST, FAILURES, JOURNAL)
"""All that a job puts into its destination."""


def order(photo: str) -> bytes:
    """Key by which photos are sorted, the same on every system."""
    return os.fsencode(photo)


def source_root(source: Path) -> Path:
    """Give the folder that photos are named relative to: the source itself, or where it lies."""
    return absolute(source) if source.is_dir() else absolute(source).parent


def list_photos(source: Path, destination: Path) -> dict[str, Path]:
    """List the photos of a source: name relative to its folder, and path; sorted by name.

    What lies in the destination, where a link leads there, is left out.

    Raises:
        NoImages: the folder holds no picture.
    """
    root = source_root(source)
    place = destination.resolve()
    pictures = find_pictures(source)
    if source.is_dir():
        pictures = [path for path in pictures if place not in path.resolve().parents]
    found = {absolute(path).relative_to(root).as_posix(): path for path in pictures}
    return dict(sorted(found.items(), key=lambda item: order(item[0])))


def choose_names(photos: Iterable[str], taken: Iterable[Names] = ()) -> dict[str, Names]:
    """Choose where the files of each photo go, all different.

    A masked photo keeps its name, or has ``.png`` added to a suffix that is not written. Masks and
    labels take their own suffix in place of the photo's, or after it where two photos of a folder
    differ in nothing else.

    Args:
        photos: relative names.
        taken: names that are in use.
    """
    photos = list(photos)
    stems = Counter(str(PurePosixPath(photo).with_suffix("")) for photo in photos)
    used = {name for names in taken for name in (names.image, names.mask, names.labels)}
    kept = {f"{IMAGES}/{photo}" for photo in photos if _keeps(photo)}
    # A file cannot stand where another photo needs a folder of that name.
    folders = {str(folder) for photo in photos for folder in PurePosixPath(photo).parents}
    used |= {f"{top}/{folder}" for top in (IMAGES, MASKS, LABELS) for folder in folders}
    chosen = {}
    for photo in photos:
        image = f"{IMAGES}/{photo}"
        if not _keeps(photo):
            image = _free(f"{image}.png", ".png", used | kept if f"{image}.png" in kept else used)
        stem = str(PurePosixPath(photo).with_suffix(""))
        alone = stems[stem] == 1
        mask = _free(f"{MASKS}/{stem if alone else photo}.png", ".png", used)
        labels = _free(f"{LABELS}/{stem if alone else photo}.xml", ".xml", used)
        original = f"{ORIGINALS}/{image.partition('/')[2]}"
        used.update((image, mask, labels))
        chosen[photo] = Names(image, mask, original, labels)
    return chosen


def _keeps(photo: str) -> bool:
    return PurePosixPath(photo).suffix.lower() in WRITABLE


def _free(name: str, suffix: str, used: set[str]) -> str:
    while name in used:
        name += suffix
    return name


def names_in(entry: Mapping[str, Mapping[str, str]]) -> Names:
    """Give the names that a line of the manifest records."""
    image, mask = entry["image"]["path"], entry["mask"]["path"]
    below = image.partition("/")[2]
    labels = entry.get("labels", {}).get("path") or f"{LABELS}/{mask.partition('/')[2].removesuffix('.png')}.xml"
    return Names(image, mask, f"{ORIGINALS}/{below}", labels)


def refuse_overlap(source: Path, destination: Path) -> None:
    """Do nothing unless what is written would be read as a photo, or lie among the photos.

    Args:
        source: the folder of the photos.
        destination: the folder to write to.

    Raises:
        DestinationUnusable: it would.
    """
    try:
        top, below = source.resolve(), destination.resolve()
    except (OSError, RuntimeError) as error:  # a loop of links
        raise DestinationUnusable(f"{destination}: {error}") from error
    if below == top or (top in below.parents and not _hidden(below.relative_to(top))):
        raise DestinationUnusable(
            f"{destination} lies inside the source {source}: what is written there would be read as photos",
            hint="name a destination outside",
        )
    for name in OURS:
        part = (destination / name).resolve()
        if part == top or part in top.parents or (top in part.parents and below not in part.parents):
            raise DestinationUnusable(f"{destination / name} overlaps the source {source}", hint="name another place")


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
