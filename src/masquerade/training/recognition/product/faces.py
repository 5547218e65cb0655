"""Faces that the product's embedder learns from: aligned crops of CelebA, bare and with rendered masks.

Masks are drawn on the whole photo and the mesh is fitted again on the masked face, so that the crops are as much astray
as those of real masked faces. ``python -m masquerade.training.recognition.product.faces --out runs/identity-faces.npz``
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from masquerade.datasets.identities import read_identities
from masquerade.datasets.wearing_sets import data_root
from masquerade.evaluation.recognition.photos import choose_face
from masquerade.faces import Faces, align_faces, alignment, find_faces, fit_mesh, key_points
from masquerade.geometry import sample
from masquerade.image import read_image
from masquerade.masks import KINDS, Choice, apply, draw
from masquerade.masks.types import Worn
from masquerade.recognising import in_processes
from masquerade.settings import get_settings
from masquerade.training.arrays import load_arrays, save_arrays
from masquerade.training.recognition.sface import SIZE

SETS = ("celeba-wild", "celeba-aligned")
"""The people of both are one: a folder of the same name is the same person."""
VERSIONS = 8
"""Masked pictures of each face."""
SEED = 7
"""Of the training masks; figures are measured on masks of other seeds."""
NOSE_OUT = 0.15
"""Share of the masks below the nose."""
LOOSE = 0.02
"""Standard deviation of the sides of the box in which the mesh is fitted again, in lengths of the box."""
SET_ASIDE = 5
"""One in so many identities is never trained on."""


def set_aside(identity: str) -> bool:
    """Tell whether an identity of CelebA is kept for checks, calibration and figures."""
    digest = hashlib.blake2b(f"celeba/{identity}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % SET_ASIDE == 0


@dataclass(frozen=True, slots=True, eq=False)
class ProductFaces:
    """n bare faces, and m masked pictures of them.

    Attributes:
        bare: (n, 112, 112, 3) uint8 RGB, aligned.
        identities: (n,) str.
        masked: (m, 112, 112, 3) uint8 RGB, aligned by the mesh as fitted on the masked face.
        of: (m,) int64, which bare face each is.
    """

    bare: NDArray[np.uint8]
    identities: NDArray[np.str_]
    masked: NDArray[np.uint8]
    of: NDArray[np.int64]

    def digest(self) -> str:
        """What stands for the content of all arrays, 32 hexadecimal digits."""
        found = hashlib.blake2b(digest_size=16)
        for item in fields(self):
            values = np.ascontiguousarray(getattr(self, item.name))
            found.update(f"{item.name} {values.dtype} {values.shape} ".encode())
            found.update(values.data if values.dtype.kind != "U" else values.tobytes())
        return found.hexdigest()

    def save(self, path: Path) -> None:
        """Write all arrays to an ``.npz`` file, whole or not at all."""
        save_arrays(self, path)

    @classmethod
    def load(cls, path: Path) -> ProductFaces:
        """Read what ``save`` wrote."""
        return load_arrays(cls, path)


class Job(NamedTuple):
    """One photo to read: its place in the list, its file, its person, and how the face is looked for."""

    number: int
    path: Path
    identity: str
    effort: Literal["photo", "frame"]


class Row(NamedTuple):
    """What came of it."""

    identity: str
    bare: NDArray[np.uint8]
    masked: list[NDArray[np.uint8]]


def jobs() -> list[Job]:
    """All photos of the training identities."""
    found: list[Job] = []
    for name in SETS:
        people = read_identities(data_root() / name)
        # Aligned ones show little beside the face.
        effort: Literal["photo", "frame"] = "frame" if name == "celeba-aligned" else "photo"
        for path, owner in zip(people.photos, people.owners, strict=True):
            if not set_aside(people.names[owner]):
                found.append(Job(len(found), path, people.names[owner], effort))
    return found


def read_row(job: Job) -> Row | None:
    """Read one photo; None where it shows no face."""
    cv2.setNumThreads(1)
    image = read_image(job.path)
    faces = find_faces(image, job.effort)
    if not len(faces):
        return None
    face = choose_face(faces, "central")
    masked = [masked_crop(image, face, np.random.default_rng([SEED, job.number, turn])) for turn in range(VERSIONS)]
    return Row(job.identity, align_faces(image, face)[0], [crop for crop in masked if crop is not None])


def masked_crop(image: NDArray[np.uint8], face: Faces, rng: np.random.Generator) -> NDArray[np.uint8] | None:
    """Draw a mask by chance on a photo, fit the mesh again, and cut the face out; None where no mask can be drawn."""
    kind = KINDS[rng.integers(len(KINDS))]
    worn: Worn = "nose_out" if rng.random() < NOSE_OUT else "correctly"
    result = apply(image, face, draw(rng, face, Choice((kind,), (worn,))))
    if not result.masks:
        return None
    loose = face.boxes + rng.normal(0, LOOSE, 4) * face.heights[0]
    landmarks, _ = fit_mesh(result.image, loose.astype(np.float32), face.points)
    return sample(result.image, alignment(key_points(landmarks)[0]), (SIZE, SIZE))


def make_faces(photos: Sequence[Job]) -> ProductFaces:
    """Read photos and draw on their faces, on all cores that the settings allow."""
    rows: list[Row] = []
    with closing(in_processes(read_row, photos, get_settings().threads)) as found:
        for count, row in enumerate(found, 1):
            rows += [] if row is None else [row]
            if count % 500 == 0:
                sys.stdout.write(f"{count} of {len(photos)}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{len(photos) - len(rows)} of {len(photos)} photos show no face and are left out\n")
    return ProductFaces(
        bare=np.stack([row.bare for row in rows]),
        identities=np.array([row.identity for row in rows]),
        masked=np.stack([crop for row in rows for crop in row.masked]),
        of=np.repeat(np.arange(len(rows)), [len(row.masked) for row in rows]),
    )


def main() -> None:
    """Make and write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the .npz file (3 GB)")
    arguments = parser.parse_args()
    faces = make_faces(jobs())
    faces.save(arguments.out)
    sys.stdout.write(f"{len(faces.bare)} faces, {len(faces.masked)} masked\n")


if __name__ == "__main__":
    main()
