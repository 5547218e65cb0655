"""What the packaged model says of things that are no masks, and of masks that are hard to see.

    MASQUERADE_DATA=... python -m benchmarks.hard_negatives --photos 300 --sheets /tmp/sheets

Rendered, on the surest face of photos of lfw, on which nothing is trained: each thing of ``masks.occluders``, and masks
with a clear window or in the colour of the skin. The picture is searched again like any other. Real: every bare photo
of lfw as it is (beards, microphones, hands, side views are among them), and the held-out bare faces of ilc2021 and
mask-kinds. Failures go onto contact sheets.
"""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.common import show, write
from benchmarks.photos import SHEETS, Pixels, face_rng, options_of, photos_of, seen, tile_of, write_sheet
from benchmarks.rendered_wearing import MIN_SIDE, SHOWN, Tile, said_of
from masquerade.datasets.types import LabelledPhoto
from masquerade.datasets.wearing_sets import read_held_out, read_ilc2021, read_mask_kinds
from masquerade.evaluation.detection import match
from masquerade.faces import Faces, find_faces
from masquerade.geometry import opencv
from masquerade.image import read_image
from masquerade.masks import Choice, apply, draw
from masquerade.masks.occluders import OCCLUDERS, apply_occluders, draw_occluders
from masquerade.wearing import read_wearing
from masquerade.wearing.types import LABELS

TEST_SET, TURNED = "lfw", 35
ASKED = ("hand", "cup", "scarf")
"""Things of which at most one in fifty may be called with_mask."""
Change = Callable[[np.random.Generator, Pixels, Faces], Pixels | None]


def _thing(kind: str) -> Change:
    def change(rng: np.random.Generator, image: Pixels, face: Faces) -> Pixels:
        return apply_occluders(image, face, draw_occluders(rng, face, (kind,))).image  # type: ignore[arg-type]

    return change


def _mask(choice: Choice, after: Callable[[np.random.Generator, Pixels], Pixels] | None = None) -> Change:
    def change(rng: np.random.Generator, image: Pixels, face: Faces) -> Pixels | None:
        plan = draw(rng, face, choice)
        if not plan.masks:
            return None
        masked = apply(image, face, plan).image
        return masked if after is None else after(rng, masked)

    return change


def blurred(rng: np.random.Generator, image: Pixels) -> Pixels:
    """As if out of focus or moving."""
    return np.asarray(opencv().GaussianBlur(image, (0, 0), rng.uniform(1.5, 3)), np.uint8)


def dark(rng: np.random.Generator, image: Pixels) -> Pixels:
    """As in low light: an eighth to a quarter of it, with the noise that the camera then makes."""
    values = image * rng.uniform(0.12, 0.25) + rng.normal(0, 4, image.shape)
    return np.clip(values, 0, 255).astype(np.uint8)


def _bare(after: Callable[[np.random.Generator, Pixels], Pixels]) -> Change:
    return lambda rng, image, _: after(rng, image)


PAPER = Choice(kinds=("surgical", "cloth"))
CASES: dict[str, tuple[str, Change]] = {
    **{kind: ("without_mask", _thing(kind)) for kind in OCCLUDERS},
    "bare, blurred": ("without_mask", _bare(blurred)),
    "bare, dark": ("without_mask", _bare(dark)),
    "mask with a window": ("with_mask", _mask(Choice(kinds=PAPER.kinds, patterns=("window",)))),
    "skin-tone mask": ("with_mask", _mask(Choice(kinds=PAPER.kinds, colours=("skin",)))),
    "mask, blurred": ("with_mask", _mask(PAPER, blurred)),
    "mask, dark": ("with_mask", _mask(PAPER, dark)),
}


def rendered(options: Namespace, failures: dict[str, list[Tile]]) -> dict[str, Counter[str]]:
    """What is said of every case on the surest face of each photo."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in CASES}
    for path, image, faces in seen(TEST_SET, photos_of(TEST_SET, options.photos)):
        face = faces.surest
        if not len(face) or face.heights[0] < MIN_SIDE:
            continue
        for name, (truth, change) in CASES.items():
            picture = change(face_rng(options.seed, name, path), image, face)
            if picture is None:
                continue
            said, _ = said_of(picture, face.boxes[0])
            counts[name][said] += 1
            if said not in (truth, "missed") and len(failures["rendered"]) < SHOWN:
                failures["rendered"].append((tile_of(picture, face.boxes[0]), f"{name}\n{said}"))
    return counts


class Real:
    """Counts what is said of bare faces in real photos, and keeps the failures."""

    def __init__(self, failures: list[Tile]) -> None:
        """Start with nothing counted."""
        self.counts: dict[str, Counter[str]] = {}
        self.failures = failures

    def add(self, name: str, path: Path, image: Pixels, face: Faces) -> None:
        """Count one face, or none found."""
        said = read_wearing(image, face).labels[0] if len(face) else "missed"
        self.counts.setdefault(name, Counter())[said] += 1
        if said not in ("without_mask", "missed") and len(self.failures) < SHOWN:
            self.failures.append((tile_of(image, face.boxes[0]), f"{path.stem[:22]}\n{said}"))

    def add_test_set(self, count: int) -> None:
        """Count the surest faces of so many photos of lfw."""
        for path, image, faces in seen(TEST_SET, photos_of(TEST_SET, count)):
            face = faces.surest
            self.add(TEST_SET, path, image, face)
            if len(face) and face.pose is not None and abs(face.pose[0, 0]) > TURNED:
                self.add(f"{TEST_SET}, turned by {TURNED} degrees and more", path, image, face)

    def add_held_out(self, photo: LabelledPhoto) -> None:
        """Count the faces of a labelled photo that are labelled bare."""
        image = read_image(photo.path)
        faces = find_faces(image)
        bare = LABELS.index("without_mask")
        if photo.boxes is None:
            chosen = [faces.surest] if bare in photo.labels else []
        else:
            partners = zip(match(photo.boxes, faces.boxes), photo.labels, strict=True)
            chosen = [faces[[int(partner)] if partner >= 0 else []] for partner, label in partners if label == bare]
        for face in chosen:
            self.add(f"{photo.source}, held out", photo.path, image, face)


def table(counts: dict[str, Counter[str]], truths: dict[str, str]) -> list[list[object]]:
    """Rows for ``show``: counts, and the share of found faces that is called with_mask, and what it is."""
    rows: list[list[object]] = []
    for name, said in counts.items():
        found = max(1, said.total() - said["missed"])
        right, masked = said[truths.get(name, "without_mask")], said["with_mask"]
        rows.append(
            [name, *(said[label] for label in (*LABELS, "missed")), f"{masked / found:.1%}", f"{right / found:.1%}"]
        )
    return rows


def main() -> None:
    """Run, print, write."""
    parser = options_of(__doc__, photos=300)
    parser.add_argument("--real", type=int, default=0, help="real photos of lfw; 0 for all (default %(default)s)")
    parser.add_argument("--held-out", type=int, default=0, help="held-out photos; 0 for all (default %(default)s)")
    parser.add_argument("--sheets", type=Path, default=SHEETS, help="folder of contact sheets (default %(default)s)")
    options = parser.parse_args()
    failures: dict[str, list[Tile]] = {"rendered": [], "real": []}
    drawn, real, held_out = rendered(options, failures), Real(failures["real"]), read_held_out()
    real.add_test_set(options.real)
    chosen = [photo for photo in read_ilc2021() + read_mask_kinds() if photo.key in held_out]
    for photo in chosen[: options.held_out or None]:
        real.add_held_out(photo)
    head = ["", *LABELS, "missed", "called with_mask", "right"]
    show("rendered on lfw", table(drawn, {name: truth for name, (truth, _) in CASES.items()}), head)
    together: Counter[str] = sum((drawn[name] for name in ASKED), Counter())
    found = together.total() - together["missed"]
    print(f"{', '.join(ASKED)}: {together['with_mask']} of {found} called with_mask, at most 2 % asked")
    show("real bare faces", table(real.counts, {}), head)
    for name, tiles in failures.items():
        write_sheet(options.sheets / f"hard_negatives_{name}.png", tiles)
    write(
        "hard_negatives",
        {"rendered": drawn, "real": real.counts, "photos": options.photos, "seed": options.seed},
        options.json,
    )


if __name__ == "__main__":
    main()
