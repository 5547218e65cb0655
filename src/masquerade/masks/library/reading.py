"""A library that was built before: its entries, as surfaces and textures that can be drawn."""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import LibraryInvalid
from masquerade.faces.topology import vertex_normals
from masquerade.geometry import opencv
from masquerade.masks.library.building import INDEX
from masquerade.masks.library.matching import Poses, match
from masquerade.masks.library.types import VERSION, Entry
from masquerade.masks.sheets import Sheet
from masquerade.masks.types import Kind, MaskPlan, rgb

MAX_BYTES = 512 * 2**20
"""Of ``library.json``: some 50,000 entries."""
PNG = b"\x89PNG\r\n\x1a\n"
REMEMBERED = 256
"""Entries whose textures stay in memory."""


@dataclass(frozen=True, eq=False)
class Library:
    """Masks cut out of photos.

    Attributes:
        folder: where its pictures lie.
        id: the first 16 digits of the SHA-256 of ``library.json``.
        entries: in the order of the file.
    """

    folder: Path
    id: str
    entries: tuple[Entry, ...]

    def __len__(self) -> int:
        """Count the entries."""
        return len(self.entries)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is worked out anew in another process."""
        return {"folder": self.folder, "id": self.id, "entries": self.entries}

    @cached_property
    def _by_id(self) -> dict[str, Entry]:
        return {entry.id: entry for entry in self.entries}

    @cached_property
    def _poses(self) -> Poses:
        return Poses.of(self.entries)

    @cached_property
    def _sheets(self) -> dict[tuple[str, bool], tuple[Sheet, NDArray[np.uint8]]]:
        return {}

    def entry(self, entry_id: str) -> Entry:
        """The entry of that name.

        Raises:
            LibraryInvalid: there is none.
        """
        try:
            return self._by_id[entry_id]
        except KeyError:
            raise LibraryInvalid(f"{self.folder}: no entry {entry_id!r}, of {len(self)}") from None

    def match(self, rng: np.random.Generator, pose: NDArray[Any], kinds: tuple[Kind, ...]) -> tuple[str, bool] | None:
        """Draw an entry that suits a face: see ``matching.match``.

        Args:
            rng: source of chance; one number is taken.
            pose: (3,) yaw, pitch and roll of the face in degrees.
            kinds: which kinds of mask.

        Returns:
            The entry's id and whether it is mirrored; None when the library has nothing for that pose and those kinds.
        """
        found = match(self._poses, rng, pose, kinds)
        return None if found is None else (self.entries[found[0]].id, found[1])

    def adapt(self, plan: MaskPlan, entry_id: str, mirrored: bool) -> MaskPlan:
        """The same plan with a mask of this library, which is worn as it was in its photo: correctly."""
        return replace(plan, entry=entry_id, mirrored=mirrored, kind=self.entry(entry_id).kind, worn="correctly")

    def sheet(self, entry_id: str, mirrored: bool) -> tuple[Sheet, NDArray[np.uint8]]:
        """A mask as surface and texture.

        Returns:
            The surface, and (h, w, 4) uint8 RGBA with colours times alpha. Both are shared: do not change them.

        Raises:
            LibraryInvalid: no such entry, or its picture is missing, damaged or another one.
        """
        key = (entry_id, bool(mirrored))
        if key not in self._sheets:
            entry = self.entry(entry_id)
            texture = read_texture(self.folder / entry.png, entry.sha256, entry.size)
            while len(self._sheets) >= 2 * REMEMBERED:
                self._sheets.pop(next(iter(self._sheets)))
            self._sheets[key] = _sheet(entry, mirrored), texture
        return self._sheets[key]

    def skin_colour(self, entry_id: str) -> tuple[int, int, int]:
        """Colour of the bare skin above the mask in its photo, in 0 to 255."""
        return rgb(self.entry(entry_id).skin_colour)


def load_library(path: str | PathLike[str]) -> Library:
    """Read a library; its pictures are read and checked when they are drawn.

    Args:
        path: its folder, or its ``library.json``.

    Raises:
        LibraryInvalid: there is none, it is damaged, or of another version.
    """
    file = Path(path)
    file = file / INDEX if file.is_dir() else file
    try:
        if file.stat().st_size > MAX_BYTES:
            raise LibraryInvalid(f"{file}: {file.stat().st_size} bytes, expected at most {MAX_BYTES}")
        content = file.read_bytes()
    except OSError as error:
        hint = "make one with masquerade library build"
        raise LibraryInvalid(f"{file}: {error.strerror or error}", hint=hint) from error
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise LibraryInvalid(f"{file}: no JSON: {error}") from error
    if not isinstance(values, dict) or "version" not in values:
        raise LibraryInvalid(f"{file}: no library, expected version and entries")
    if values["version"] != VERSION:
        hint = "build it again from the photos"
        raise LibraryInvalid(f"{file}: expected version {VERSION}, found {values['version']!r}", hint=hint)
    found = values.get("entries")
    if not isinstance(found, list) or not found:
        raise LibraryInvalid(f"{file}: expected a list of entries, found {type(found).__name__} without any")
    entries = tuple(Entry.from_dict(value) for value in found)
    if len({entry.id for entry in entries}) < len(entries):
        raise LibraryInvalid(f"{file}: two entries have the same id")
    return Library(file.parent, hashlib.sha256(content).hexdigest()[:16], entries)


def _sheet(entry: Entry, mirrored: bool) -> Sheet:
    vertices = np.array(entry.vertices, np.float64)
    triangles = np.array(entry.triangles, np.int32)
    outline = np.arange(entry.outline, dtype=np.int32)
    if mirrored:
        vertices[:, 0] *= -1
        triangles, outline = triangles[:, ::-1].copy(), outline[::-1].copy()
    return Sheet(
        vertices=vertices,
        normals=vertex_normals(vertices, triangles),
        # Pixel centres: the first lies half a pixel within the texture.
        uv=(np.array(entry.points, np.float64) + 0.5) / np.array(entry.size),
        triangles=triangles,
        outline=outline,
    )


@lru_cache(maxsize=REMEMBERED)
def read_texture(path: Path, sha256: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Read an entry's picture: (h, w, 4) uint8 RGBA with colours times alpha, read-only.

    Raises:
        LibraryInvalid: it is missing, damaged, of another size, or not the one that the library names.
    """
    straight = read_straight(path, sha256, size)
    alpha = straight[..., 3:].astype(np.uint16)
    colours = (straight[..., :3] * alpha + 127) // 255
    result = np.concatenate([colours, alpha], axis=2).astype(np.uint8)
    result.flags.writeable = False
    return result


def read_straight(path: Path, sha256: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The same with colours as they are stored."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise LibraryInvalid(f"{path}: {error.strerror or error}", hint="build the library again") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise LibraryInvalid(
            f"{path}: expected SHA-256 {sha256}, found {found}", hint="the picture was changed; build the library again"
        )
    # The header first: what is decoded is never larger than the library says.
    if content[:8] != PNG or content[16:24] != struct.pack(">II", *size):
        raise LibraryInvalid(f"{path}: expected a PNG of {size[0]} x {size[1]} pixels with alpha")
    cv2 = opencv()
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.shape != (size[1], size[0], 4) or image.dtype != np.uint8:
        shape = None if image is None else image.shape
        raise LibraryInvalid(f"{path}: expected a PNG of {size[0]} x {size[1]} pixels with alpha, found {shape}")
    return np.ascontiguousarray(cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA), np.uint8)
