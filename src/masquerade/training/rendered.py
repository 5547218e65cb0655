"""Rendered examples: masks worn in every way, and things that are no masks, on bare faces; their labels are exact.

``python -m masquerade.training.rendered --cache runs/wearing-crops.npz --out runs/rendered`` makes them.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from masquerade.datasets import wearing_sets
from masquerade.datasets.types import LabelledPhoto
from masquerade.faces import Faces
from masquerade.faces.topology import CHIN
from masquerade.masks import Choice, apply, draw
from masquerade.masks.occluders import Occluded, apply_occluders, draw_occluders
from masquerade.masks.occluders.types import OccluderKind
from masquerade.masks.types import COVERING_OF, SKIN, VISIBLE, DrawnMask, Kind, PatternName, Worn
from masquerade.settings import get_settings
from masquerade.training.bare_faces import BareFaces, celeba_photos, find_bare_faces
from masquerade.training.examples import UNKNOWN, Examples
from masquerade.training.wearing_data import CACHE, CROP, MARGIN, load_crops, split_check
from masquerade.wearing.crops import face_crops
from masquerade.wearing.rule import BARE, MASK_KINDS, label_of_states, state_of
from masquerade.wearing.types import PARTS

WAYS: tuple[Worn, ...] = (
    *("correctly", "correctly", "correctly", "correctly", "nose_out", "nose_out", "nose_out"),
    *("mouth_and_nose_out", "mouth_and_nose_out", "chin_only", "chin_only"),
)
KINDS_DRAWN: tuple[Kind, ...] = (
    *("surgical", "surgical", "surgical", "surgical", "cloth", "cloth", "cloth"),
    *("n95", "kn95", "ffp2", "gas", "bandana", "gaiter"),
)
OCCLUDERS_DRAWN: tuple[OccluderKind, ...] = (
    *("hand", "hand", "hand", "cup", "cup", "scarf", "scarf", "phone", "microphone"),
    *("beard", "niqab", "face_shield"),
)
"""Each as often as it stands here."""
UNCOVERING = ("beard", "face_shield")
"""Things that leave the face bare."""
BEARDED, SHIELDED, WINDOWED, SKIN_TONED = 0.06, 0.03, 0.06, 0.06
"""Share of the masks over a beard, under a visor, with a clear window, and in the colour of the skin."""
WITH_WINDOW = ("surgical", "cloth")

ALIGNED = 6000
"""Faces of ``celeba-aligned``, which are small and alike."""
TIMES: dict[str, dict[str, int]] = {
    "masked": {"celeba-aligned": 2, "celeba-wild": 5, "ilc2021": 10, "mask-kinds": 8},
    "bare": {"celeba-aligned": 1, "celeba-wild": 1},
    "occluded": {"celeba-aligned": 1, "celeba-wild": 3, "ilc2021": 6, "mask-kinds": 6},
}
"""How often a face of each set is drawn on; bare faces of the labelled sets are among the real examples already."""

Row = tuple[NDArray[np.uint8], int, int, str]
"""Crop, state, kind, what was rendered."""
Render = Callable[[np.random.Generator, NDArray[np.uint8], Faces], Row | None]
"""Draws on one face; None where it cannot."""


_shared: dict[str, BareFaces] = {}
"""The faces that a worker draws on."""


def masked(rng: np.random.Generator, image: NDArray[np.uint8], face: Faces) -> Row | None:
    """Put a mask by chance onto a face, now and then over a beard or under a visor."""
    beard, shield = rng.random(2) < (BEARDED, SHIELDED)
    if beard:
        image = _over(rng, image, face, ("beard",)).image
    worn, kind = WAYS[rng.integers(len(WAYS))], KINDS_DRAWN[rng.integers(len(KINDS_DRAWN))]
    window, skin = rng.random(2) < (WINDOWED, SKIN_TONED)
    patterns: tuple[PatternName, ...] = ("window",) if window and kind in WITH_WINDOW else ()
    plan = draw(rng, face, Choice((kind,), (worn,), (SKIN,) if skin else (), patterns))
    result = apply(image, face, plan)
    if not result.masks:
        return None
    drawn, image = result.masks[0], result.image
    if shield:
        image = _over(rng, image, face, ("face_shield",)).image
    known = MASK_KINDS.index(COVERING_OF[kind])
    return _crop(rng, image, face), state_of(covered_parts(drawn), mask=True), known, "masked"


def occluded(rng: np.random.Generator, image: NDArray[np.uint8], face: Faces) -> Row | None:
    """Hold something over a face that is no mask."""
    kind = OCCLUDERS_DRAWN[rng.integers(len(OCCLUDERS_DRAWN))]
    result = _over(rng, image, face, (kind,))
    nose, mouth, chin = (bool(share > 0.5) for share in result.covered[0])
    state = BARE if kind in UNCOVERING else state_of((nose, mouth, chin), mask=False)
    return _crop(rng, result.image, face), state, UNKNOWN, "occluded"


def _over(rng: np.random.Generator, image: NDArray[np.uint8], face: Faces, kinds: tuple[OccluderKind, ...]) -> Occluded:
    return apply_occluders(image, face, draw_occluders(rng, face, kinds))


def covered_parts(drawn: DrawnMask) -> tuple[bool, bool, bool]:
    """Which of nose, mouth and chin a drawn mask covers: by its way, but the chin by what the mask reaches."""
    shown = VISIBLE[drawn.plan.worn]
    nose, mouth, chin = (part not in shown for part in PARTS)
    if drawn.plan.worn == "chin_only":
        chin = bool(drawn.covered[list(CHIN)].mean() > 0.5)
    return nose, mouth, chin


def bare(rng: np.random.Generator, image: NDArray[np.uint8], face: Faces) -> Row | None:
    """Leave a face as it is."""
    return _crop(rng, image, face), BARE, UNKNOWN, "bare"


def _crop(rng: np.random.Generator, image: NDArray[np.uint8], face: Faces) -> NDArray[np.uint8]:
    """Cut the stored crop, about a box that sits as loosely as a detector's."""
    box = face.boxes[0]
    sides = box[2:] - box[:2]
    shift = rng.uniform(-0.04, 0.04, 2) * sides
    grow = np.exp(rng.uniform(-0.06, 0.06))
    centre = (box[:2] + box[2:]) / 2 + shift
    loose = np.concatenate([centre - sides * grow / 2, centre + sides * grow / 2]).astype(np.float32)
    return face_crops(image, loose[None], CROP, MARGIN)[0]


RENDERS: dict[str, Render] = {"masked": masked, "bare": bare, "occluded": occluded}


def render(faces: BareFaces, names: Sequence[str], seed: int) -> Examples:
    """Draw on every face as often as ``TIMES`` says, on all cores that the settings allow.

    Args:
        faces: n bare faces.
        names: of ``RENDERS``: what to draw.
        seed: of every draw.
    """
    jobs = [
        (index, (seed, number, index, turn), RENDERS[name])
        for index in range(len(faces))
        for number, name in enumerate(names)
        for turn in range(TIMES[name].get(str(faces.sources[index]), 0))
    ]
    origins = faces.sources[[job[0] for job in jobs]]
    # Workers are started anew, since a fork of a process with threads can hang; they share the pictures by a file.
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "images.npy"
        np.save(place, faces.images)
        others = replace(faces, images=faces.images[:0])
        with get_context("spawn").Pool(get_settings().threads, _get_ready, (place, others)) as pool:
            drawn = list(pool.imap(_job, jobs, chunksize=32))
    done = np.array([row is not None for row in drawn])
    rows = [row for row in drawn if row is not None]
    states = np.array([row[1] for row in rows], np.int64)
    return Examples(
        images=np.stack([row[0] for row in rows]),
        labels=label_of_states()[states],
        states=states,
        kinds=np.array([row[2] for row in rows], np.int64),
        sources=np.array([row[3] for row in rows]),
        origins=origins[done],
    )


def _get_ready(place: Path, others: BareFaces) -> None:
    """Start a worker: one thread, the pictures from their file as they are asked for."""
    cv2.setNumThreads(1)
    _shared["faces"] = replace(others, images=np.load(place, mmap_mode="r"))


def _job(job: tuple[int, tuple[int, ...], Render]) -> Row | None:
    index, seed, kind = job
    faces = _shared["faces"]
    return kind(np.random.default_rng(seed), np.array(faces.images[index]), faces.face(index))


def training_photos(cache: Path) -> list[LabelledPhoto]:
    """Photos of bare faces to draw on: CelebA, and the labelled sets without what is held out or set aside."""
    crops = load_crops(cache)
    learnt = split_check(crops.where(~crops.held_out))[0]
    keys = set(crops.keys[np.unique(learnt.photos)].tolist())
    labelled = [photo for photo in wearing_sets.read_ilc2021() + wearing_sets.read_mask_kinds() if photo.key in keys]
    aligned = celeba_photos("celeba-aligned")
    random.Random(0).shuffle(aligned)  # noqa: S311 - no secret
    return celeba_photos("celeba-wild") + labelled + aligned[:ALIGNED]


def main() -> None:
    """Find bare faces, draw on them, and keep both in a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=CACHE, help="crops of real faces, which know the split")
    parser.add_argument("--out", type=Path, default=Path("runs/rendered"), help="folder (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    kept = arguments.out / "bare-faces.npz"
    if not kept.exists():
        find_bare_faces(training_photos(arguments.cache)).save(kept)
    faces = BareFaces.load(kept)
    for name, drawn in (("masked", ("masked", "bare")), ("occluded", ("occluded",))):
        examples = render(faces, drawn, arguments.seed)
        examples.save(arguments.out / f"{name}.npz")
        sys.stdout.write(f"{name}: {len(examples)} examples on {len(faces)} faces\n")


if __name__ == "__main__":
    main()
