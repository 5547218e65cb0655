"""Build a library from photos of people who wear masks.

What is cut out of photos of others is theirs: the library may be used where the photos may, and is not to be shared.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from masquerade.errors import DestinationUnusable, ImageError, ImageUnreadable, LibraryInvalid
from masquerade.faces import Pose, find_faces
from masquerade.files import sha256_of, unusable
from masquerade.image import read_image
from masquerade.masks.library.photo import Cut, Unusable, cut_mask
from masquerade.masks.library.types import VERSION, Entry, Refused, Source, hexadecimal
from masquerade.masks.types import KINDS, Kind

INDEX, FAILURES, PICTURES = "library.json", "failures.jsonl", "masks"
DEFAULT_KIND: Kind = "surgical"
MIN_FACE = 48.0
"""Smallest face, in pixels of its box's longer side."""


@dataclass(frozen=True, slots=True)
class Built:
    """What came of the photos.

    Attributes:
        folder: the library.
        entries: its masks.
        refused: photos and faces that gave none, and why; all are in ``failures.jsonl``.
    """

    folder: Path
    entries: tuple[Entry, ...]
    refused: tuple[Refused, ...]


def build_library(
    photos: Sequence[Path],
    folder: Path,
    kind: Kind | None = None,
    min_face: float = MIN_FACE,
    done: Callable[[Path], None] | None = None,
) -> Built:
    """Cut the masks out of photos and store them.

    The folder comes into being as a whole, when all photos are done, or not at all.

    Args:
        photos: files; of each every face that is large enough counts.
        folder: new, empty, or a library that was built before, which is replaced.
        kind: of all masks; by default the name of the photo's folder where that is a kind, else surgical.
        min_face: smallest face, in pixels of its box's longer side.
        done: called after each photo.

    Raises:
        DestinationUnusable: the folder holds something else, or cannot be written.
        LibraryInvalid: none of the photos gave a mask.
    """
    refuse_other(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(mkdtemp(prefix=f".{folder.name}-", suffix=".partial", dir=folder.parent))
    except OSError as error:
        raise unusable(folder, error) from error
    try:
        entries, refused = _cut_all(photos, making, kind, min_face, done)
        lines = "".join(json.dumps(_plain(one)) + "\n" for one in refused)
        (making / FAILURES).write_text(lines, encoding="utf-8")
        content = {"version": VERSION, "entries": [entry.to_dict() for entry in entries]}
        (making / INDEX).write_text(_json(content), encoding="utf-8")
        making.chmod(0o755)
        _put(making, folder)
    except OSError as error:
        raise unusable(folder, error) from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return Built(folder, tuple(entries), tuple(refused))


def refuse_other(folder: Path) -> None:
    """Do nothing when a library may be written there.

    Raises:
        DestinationUnusable: it is a file, or holds anything but a library.
    """
    try:
        names = {path.name for path in folder.iterdir()} if folder.exists() else set()
        pictures = [path.suffix for path in (folder / PICTURES).iterdir()] if PICTURES in names else []
    except OSError as error:
        raise unusable(folder, error) from error
    if names - {INDEX, FAILURES, PICTURES} or (names and INDEX not in names) or set(pictures) - {".png"}:
        raise DestinationUnusable(f"{folder} holds something else than a library", hint="name a new folder")


def _cut_all(
    photos: Sequence[Path], making: Path, kind: Kind | None, min_face: float, done: Callable[[Path], None] | None
) -> tuple[list[Entry], list[Refused]]:
    (making / PICTURES).mkdir()
    entries: list[Entry] = []
    refused: list[Refused] = []
    seen: dict[str, Path] = {}
    for photo in photos:
        try:
            image, digest = read_image(photo), _digest(photo)
            if digest in seen:
                raise Unusable("duplicate", f"the same file as {seen[digest]}")
            seen[digest] = photo
            masks, others = _masks_of(image, photo, min_face)
            refused += others
            for face, cut, pose in masks:
                name, source = _name(photo, digest, face), Source(photo.name, digest)
                entries.append(_store(cut, pose, name, making, source, kind or _kind_of(photo)))
        except ImageError as error:
            refused.append(Refused(str(photo), error.code, str(error)))
        except Unusable as error:
            refused.append(Refused(str(photo), error.code, error.message))
        if done is not None:
            done(photo)
    if not entries:
        why = f"; the first: {refused[0].photo}: {refused[0].message} [{refused[0].code}]" if refused else ""
        raise LibraryInvalid(
            f"none of {len(photos)} photos gave a mask{why}", hint="take photos in which masks are worn over the nose"
        )
    return entries, refused


def _masks_of(
    image: NDArray[np.uint8], photo: Path, min_face: float
) -> tuple[list[tuple[int, Cut, Pose]], list[Refused]]:
    """The masks in a photo, and the faces without."""
    faces = find_faces(image)
    if not len(faces):
        raise Unusable("no_face", "no face was found")
    large = np.flatnonzero(faces.heights >= min_face)
    if not len(large):
        raise Unusable("face_too_small", f"{faces.heights[0]:.0f} pixels, expected at least {min_face:g}")
    found, refused = [], []
    for index in large.tolist():
        try:
            cut = cut_mask(image, faces, index)
        except Unusable as error:
            refused.append(Refused(str(photo), error.code, error.message, index))
            continue
        yaw, pitch, roll = (round(float(value), 2) for value in np.asarray(faces.pose)[index])
        found.append((index, cut, Pose(yaw, pitch, roll)))
    return found, refused


def _kind_of(photo: Path) -> Kind:
    """The name of the photo's folder where that is a kind of mask."""
    folder = photo.absolute().parent.name.lower()
    return next((known for known in KINDS if known == folder), DEFAULT_KIND)


def _store(cut: Cut, pose: Pose, name: str, making: Path, source: Source, kind: Kind) -> Entry:
    stream = io.BytesIO()
    Image.fromarray(cut.texture).save(stream, "PNG")
    content = stream.getvalue()
    png = f"{PICTURES}/{name}.png"
    (making / png).write_bytes(content)
    return Entry(
        id=name,
        kind=kind,
        pose=pose,
        points=tuple(map(tuple, np.round(cut.points, 2).tolist())),
        vertices=tuple(map(tuple, np.round(cut.vertices, 5).tolist())),
        triangles=tuple((a, b, c) for a, b, c in cut.triangles.tolist()),
        outline=cut.outline,
        mean_colour=hexadecimal(cut.mean),
        skin_colour=hexadecimal(cut.skin),
        png=png,
        sha256=hashlib.sha256(content).hexdigest(),
        size=(cut.texture.shape[1], cut.texture.shape[0]),
        source=source,
    )


def _name(photo: Path, digest: str, face: int) -> str:
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", photo.stem)[:40].strip("-") or "photo"
    return f"{stem}-{digest[:8]}" + (f"-{face}" if face else "")


def _digest(photo: Path) -> str:
    try:
        return sha256_of(photo)
    except OSError as error:
        raise ImageUnreadable(f"{photo}: {error.strerror or error}") from error


def _plain(refused: Refused) -> dict[str, object]:
    return {name: value for name, value in asdict(refused).items() if value is not None}


def _json(content: dict[str, object]) -> str:
    """JSON with one entry a line."""
    entries = content["entries"]
    assert isinstance(entries, list)  # noqa: S101
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    return f'{{"version": {content["version"]}, "entries": [\n{lines}\n]}}\n'


def _put(making: Path, folder: Path) -> None:
    """Put the finished folder into its place; a library there before goes only when the new one stands."""
    old = making.with_name(f"{making.name}.old")
    if folder.exists():
        folder.rename(old)
    try:
        making.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    with suppress(OSError):
        shutil.rmtree(old)
