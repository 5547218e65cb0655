"""Faces masked among faces found on celeba-wild and lfw, and faces that the detector finds again under their masks.

    MASQUERADE_DATA=... python -m benchmarks.mask_coverage

The detector at times gives two boxes of one face: one gets the mask, the other is no further face. Boxes of a low
score are mostly hands and patterns; the surest of a photo is nearly always the person that it shows.
A face counts as found again when a box of the detector overlaps its own by IoU >= 0.3, among the faces of 48 px and
more that the detector found in the bare photo with the same effort. Each photo is masked twice: correctly, and
in one of the other ways. Beside it stands the recall on the labelled masked faces of ilc2021, all of its photos.
"""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import show, write
from benchmarks.photos import BARE, SHEETS, face_rng, faces_of, options_of, photos_of, seen, tile_of, write_sheet
from masquerade.datasets.types import LABELS
from masquerade.datasets.wearing_sets import read_ilc2021
from masquerade.evaluation.detection import DetectionCount, match
from masquerade.faces import Faces, Search, detect_faces
from masquerade.faces.finder import Effort
from masquerade.geometry import box_area, box_intersection
from masquerade.image import read_image
from masquerade.masks import KINDS, WORN, Choice, DrawnMask, Masked, Plan, apply, draw

EFFORTS: tuple[Effort, ...] = ("photo", "frame")
MIN_SIDE = 48
SHARED = 0.4
SCORES = (0.3, 0.5, 0.7, 0.8, 0.9)
"""Least scores of the detector by which faces are told apart: boxes below about 0.8 are often no faces."""
Fates = dict[str, Counter[str]]
Boxes = dict[Effort, NDArray[np.float32]]
Counts = dict[tuple[str, str, str, bool], list[int]]
"""By effort, kind, worn, and whether the face has two boxes: found before, and found again."""


def reasons(faces: Faces, plan: Plan, masked: Masked, counts: dict[str, Counter[str]]) -> None:
    """Count what became of the faces: by the least score of the detector, and of the surest of each photo."""
    fate = {skip.face: skip.code for skip in plan.skipped}
    fate |= {mask.face: "outside the picture" for mask in plan.masks}
    fate |= {mask.plan.face: "masked" for mask in masked.masks if (mask.alpha >= 128).any()}
    if fate.keys() != set(range(len(faces))):
        raise AssertionError(f"{len(fate)} fates of {len(faces)} faces")
    surest = int(np.argmax(faces.scores)) if len(faces) else -1
    for index, code in fate.items():
        for least in SCORES:
            if faces.scores[index] >= least:
                counts.setdefault(f"score >= {least}", Counter())[code] += 1
        if index == surest:
            counts.setdefault("surest of its photo", Counter())[code] += 1


def doubled(boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether another box lies on ``SHARED`` or more of a box, or the other way round: (n,) of boxes (n, 4)."""
    area = box_area(boxes)
    shared = box_intersection(boxes, boxes) / np.maximum(np.minimum(area[:, None], area[None]), 1e-6)
    np.fill_diagonal(shared, 0)
    return np.asarray(shared.max(axis=1, initial=0) >= SHARED, np.bool_)


def count_again(before: Boxes, after: Boxes, masked: Masked, counts: Counts) -> list[DrawnMask]:
    """Count the masked faces that were found before, and those of them that are found again; give those lost."""
    twice = doubled(before["photo"])
    masks = [mask for mask in masked.masks if (mask.box[2:] - mask.box[:2]).max() >= MIN_SIDE]
    lost = []
    own = np.array([mask.box for mask in masks], np.float32).reshape(-1, 4)
    for effort in EFFORTS:
        known, again = match(own, before[effort]) >= 0, match(own, after[effort]) >= 0
        for index in np.flatnonzero(known):
            plan = masks[index].plan
            count = counts.setdefault((effort, plan.kind, plan.worn, bool(twice[plan.face])), [0, 0])
            count[0] += 1
            count[1] += int(again[index])
            if not again[index] and effort == "photo":
                lost.append(masks[index])
    return lost


def real_recall() -> dict[str, list[int]]:
    """Labelled faces in masks worn correctly on ilc2021, and those that were found, by effort."""
    label = LABELS.index("with_mask")
    counts = {effort: DetectionCount(min_side=MIN_SIDE) for effort in EFFORTS}
    for photo in read_ilc2021():
        image = read_image(photo.path)
        found = {
            "photo": faces_of("ilc2021", photo.path, image).boxes,
            "frame": detect_faces(image, "frame", Search()).boxes,
        }
        for effort, count in counts.items():
            count.add(photo.boxes_or_raise(), photo.labels, found[effort])
    return {effort: [int(count.labelled[label]), int(count.hit[label])] for effort, count in counts.items()}


def share(counts: list[int]) -> str:
    """Two counts as a share."""
    return f"{counts[1]}/{counts[0]} = {counts[1] / max(1, counts[0]):.1%}"


def total(counts: Counts, effort: str, worn: str, kind: str | None = None, twice: bool = False) -> list[int]:
    """Sum of the counts of a way to wear a mask, of one kind or of all."""
    chosen = [
        value
        for (way, which, how, more), value in counts.items()
        if way == effort and kind in (None, which) and worn == how and more == twice
    ]
    return [sum(value[part] for value in chosen) for part in (0, 1)]


def run(name: str, options: Namespace, counts: Counts, lost: list[tuple[NDArray[np.uint8], str]]) -> Fates:
    """Mask the photos of a set; search the first ``again`` of them once more."""
    fates: Fates = {}
    choices = (Choice(worn=("correctly",)), Choice(worn=WORN[1:]))
    for index, (path, image, faces) in enumerate(seen(name, photos_of(name, options.photos))):
        searched = not options.again or index < options.again
        before: Boxes = {"photo": faces.boxes}
        if searched:
            before["frame"] = detect_faces(image, "frame", Search()).boxes
        for turn, choice in enumerate(choices[: 2 if searched else 1]):
            plan = draw(face_rng(options.seed + turn, name, path), faces, choice)
            masked = apply(image, faces, plan)
            if turn == 0:
                reasons(faces, plan, masked, fates)
            if searched:
                after = {effort: detect_faces(masked.image, effort, Search()).boxes for effort in EFFORTS}
                for mask in count_again(before, after, masked, counts):
                    score = f"score {faces.scores[mask.plan.face]:.2f}"
                    lost.append((tile_of(masked.image, mask.box), f"{mask.plan.kind} {mask.plan.worn}\n{score}"))
    return fates


def main() -> None:
    """Run, print, write."""
    parser = options_of(__doc__)
    parser.add_argument("--again", type=int, default=0, help="photos of each set that are searched again; 0 for all")
    parser.add_argument("--sheets", type=Path, default=SHEETS, help="folder of contact sheets (default %(default)s)")
    options = parser.parse_args()
    counts: Counts = {}
    lost: list[tuple[NDArray[np.uint8], str]] = []
    fates = {name: run(name, options, counts, lost) for name in BARE}
    codes = sorted({code for part in fates.values() for counter in part.values() for code in counter} - {"masked"})
    rows: list[list[object]] = []
    for name, part in fates.items():
        for which, counter in part.items():
            number = counter.total() - counter["face_doubled"]  # the same face once more
            rows.append([name, which, share([number, counter["masked"]]), *(counter[code] for code in codes)])
    show("faces masked among faces found (goal 99 %)", rows, ["set", "faces", "masked", *codes])
    write_sheet(options.sheets / "mask_coverage_lost.png", lost[:120])
    real = real_recall()
    rows = [["real masks, ilc2021", "correctly", *(share(real[effort]) for effort in EFFORTS)]]
    for kind in (None, *KINDS):
        for worn in WORN:
            parts = [total(counts, effort, worn, kind) for effort in EFFORTS]
            rows.append([kind or "all kinds", worn, *(share(value) for value in parts)])
    parts = [np.sum([total(counts, effort, worn, twice=True) for worn in WORN], axis=0).tolist() for effort in EFFORTS]
    rows.append(["two boxes on a face", "any", *(share(value) for value in parts)])
    show(
        f"found again under the mask, of faces >= {MIN_SIDE} px that were found before",
        rows,
        ["kind", "worn", *EFFORTS],
    )
    write(
        "mask_coverage",
        {
            "photos": options.photos,
            "seed": options.seed,
            "faces": fates,
            "real": real,
            "again": {"/".join(map(str, key)): value for key, value in sorted(counts.items())},
        },
        options.json,
    )


if __name__ == "__main__":
    main()
